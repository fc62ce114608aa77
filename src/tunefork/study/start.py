"""``start_from``: continue from a PEFT adapter, or from an earlier study's run."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from tunefork.errors import ModelNotFoundError, StoreError, UnsupportedModelError
from tunefork.models import NOTHING, Trust, load_adapter, load_backbone, quietly
from tunefork.study.timings import cache_folder

HEADS = ("classifier.weight", "score.weight", "out_proj.weight")
"""How the last linear of a head is called in the files of adapters."""


def starting_model(start: Path, model: str, revision: str | None, trust: Trust = NOTHING) -> Path:
    """A transformers folder with the weights that training starts from.

    An earlier whole model is used as it is. An adapter is merged into its base model; the result is kept in the cache,
    by the content of the adapter.

    Args:
        start: a run's folder, or any folder with a PEFT adapter or a transformers model.
        model: the base model of an adapter.
        revision: of the base model.
        trust: what of the base model's files may do more than hold numbers.

    Raises:
        ModelNotFoundError: the folder holds neither.
    """
    if (start / "adapter_config.json").is_file():
        return _merged(start, model, revision, trust)
    if (start / "config.json").is_file():
        return start
    raise ModelNotFoundError(
        "There is nothing to start from",
        where=f"start_from: {start}",
        found="neither adapter_config.json nor config.json" if start.is_dir() else "no such folder",
        fix="Name a run's folder, a PEFT adapter or a transformers model.",
    )


def keep_beside(model: Path, study: Path) -> Path:
    """Copy the starting model into the study's folder: adapters trained on it are worth nothing without it.

    Raises:
        StoreError: the study was begun from other weights.
    """
    target = study / "start"
    if not target.exists():
        staged = study / "start.tmp"
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(model, staged)
        staged.rename(target)
    elif _content(target) != _content(model):
        raise StoreError(
            "The weights to start from have changed since the study began",
            where=str(model),
            fix="Choose another folder with -o.",
        )
    return target.resolve()


def starting_labels(start: Path) -> tuple[str, ...]:
    """The classes of the model that training starts from, where it tells them."""
    facts = start / "tunefork.json"
    return tuple(json.loads(facts.read_text(encoding="utf-8"))["labels"]) if facts.is_file() else ()


def _content(folder: Path) -> list[tuple[str, str]]:
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def _merged(adapter: Path, model: str, revision: str | None, trust: Trust) -> Path:
    weights = adapter / "adapter_model.safetensors"
    if not weights.is_file():
        raise ModelNotFoundError(
            "The adapter has no weights", where=str(adapter), found=f"no {weights.name}", fix="Save it as safetensors."
        )
    state = hashlib.sha256(weights.read_bytes() + (adapter / "adapter_config.json").read_bytes())
    state.update(f"{model}@{revision}".encode())
    target = cache_folder() / "start" / state.hexdigest()[:16]
    if (target / "config.json").is_file():
        return target
    labels = starting_labels(adapter) or _classes(weights)
    backbone = load_backbone(model, labels, revision, any_head=True, trust=trust)
    staged = target.with_suffix(".tmp")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        with quietly():
            merged = load_adapter(backbone.copy(), adapter).merge_and_unload()
            merged.save_pretrained(str(staged))
    except (RuntimeError, AttributeError, ValueError, KeyError, TypeError) as error:
        raise UnsupportedModelError(
            "The adapter cannot be merged into the model",
            where=f"start_from: {adapter}, model: {model}",
            found=str(error).splitlines()[0][:200],
            fix="Name the model that the adapter was trained on; prefix and prompt methods cannot be merged.",
        ) from error
    backbone.reader.save_pretrained(str(staged))
    staged.rename(target)
    return target


def _classes(weights: Path) -> list[str]:
    """Names for the classes of an adapter from elsewhere: its head says how many they were."""
    from safetensors import safe_open

    with safe_open(weights, "pt") as file:
        keys = [key for key in file.keys() if key.endswith(HEADS)]  # noqa: SIM118 - it is no dictionary
        heads = [file.get_slice(key).get_shape()[0] for key in keys]
    return [str(number) for number in range(heads[-1] if heads else 2)]

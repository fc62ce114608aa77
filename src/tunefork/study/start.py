"""``start_from``: continue from a PEFT adapter, or from an earlier study's run."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from tunefork.errors import ModelNotFoundError
from tunefork.models import load_backbone, load_tokenizer, quietly
from tunefork.study.timings import cache_folder

HEADS = ("classifier.weight", "score.weight", "out_proj.weight")
"""How the last linear of a head is called in the files of adapters."""


def starting_model(start: Path, model: str, revision: str | None) -> Path:
    """A transformers folder with the weights that training starts from.

    An earlier whole model is used as it is. An adapter is merged into its base model; the result is kept in the cache,
    by the content of the adapter.

    Args:
        start: a run's folder, or any folder with a PEFT adapter or a transformers model.
        model: the base model of an adapter.
        revision: of the base model.

    Raises:
        ModelNotFoundError: the folder holds neither.
    """
    if (start / "adapter_config.json").is_file():
        return _merged(start, model, revision)
    if (start / "config.json").is_file():
        return start
    raise ModelNotFoundError(
        "There is nothing to start from",
        where=f"start_from: {start}",
        found="neither adapter_config.json nor config.json" if start.is_dir() else "no such folder",
        fix="Name a run's folder, a PEFT adapter or a transformers model.",
    )


def keep_beside(model: Path, study: Path) -> Path:
    """Copy the starting model into the study's folder: adapters trained on it are worth nothing without it."""
    target = study / "start"
    if not target.exists():
        shutil.copytree(model, target)
    return target.resolve()


def _merged(adapter: Path, model: str, revision: str | None) -> Path:
    from peft import PeftModel
    from safetensors import safe_open

    weights = adapter / "adapter_model.safetensors"
    if not weights.is_file():
        raise ModelNotFoundError("The adapter has no weights", where=str(adapter), found=f"no {weights.name}")
    state = hashlib.sha256(weights.read_bytes() + (adapter / "adapter_config.json").read_bytes() + model.encode())
    target = cache_folder() / "start" / state.hexdigest()[:16]
    if (target / "config.json").is_file():
        return target
    facts = adapter / "tunefork.json"
    if facts.is_file():
        labels = json.loads(facts.read_text(encoding="utf-8"))["labels"]
    else:  # an adapter from elsewhere: its head says how many classes it had
        with safe_open(weights, "pt") as file:
            keys = [key for key in file.keys() if key.endswith(HEADS)]  # noqa: SIM118 - it is no dictionary
            heads = [file.get_slice(key).get_shape()[0] for key in keys]
        labels = [str(number) for number in range(heads[-1] if heads else 2)]
    backbone = load_backbone(model, labels, revision)
    with quietly():
        merged = PeftModel.from_pretrained(backbone.copy(), str(adapter)).merge_and_unload()
        staged = target.with_suffix(".tmp")
        shutil.rmtree(staged, ignore_errors=True)
        merged.save_pretrained(str(staged))
        load_tokenizer(model, revision).save_pretrained(str(staged))
    staged.rename(target)
    return target

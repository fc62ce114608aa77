"""Saved runs as transformers and PEFT load them, and rows as they take them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tunefork.data import EncodedSplit, ImageSplit, TokenSplit
from tunefork.engine.batches import collate
from tunefork.engine.pictures import picture_inputs
from tunefork.models import Backbone, load_adapter, load_backbone, load_config, of_own_code, quietly, task_of


def model_inputs(split: EncodedSplit, rows: np.ndarray, pad_id: int, device: torch.device) -> dict[str, Any]:
    """What transformers' own forward takes for some rows [n] of a split."""
    if isinstance(split, ImageSplit):
        return dict(picture_inputs(split, rows, device))
    assert isinstance(split, TokenSplit)
    return dict(collate(split, [rows], pad_id, device)[0])


def load_artefact(folder: Path, backbone: Backbone | None = None) -> Any:
    """The saved model as transformers or PEFT load it, in fp32 and eval mode, on the CPU.

    For an adapter the base model comes from ``backbone`` where given, else from the name that the adapter records.
    """
    import transformers

    if not (folder / "adapter_config.json").is_file():
        if backbone is not None and of_own_code(backbone.model):  # which is trusted, being loaded already
            with quietly():
                known = type(backbone.model.config).from_pretrained(str(folder))
                model = type(backbone.model).from_pretrained(str(folder), config=known, dtype=torch.float32)
            return model.eval()
        config = load_config(str(folder))
        with quietly():
            auto = (
                transformers.AutoModelForSequenceClassification
                if task_of(config) == "text-classification"
                else transformers.AutoModelForImageClassification
            )
            model = auto.from_pretrained(str(folder), dtype=torch.float32, use_safetensors=True)
        return model.eval()
    return load_adapter(load_base(folder).model if backbone is None else backbone.copy(), folder)


def load_base(folder: Path) -> Backbone:
    """The model that a saved run was trained from, with a head for the run's labels."""
    facts = json.loads((folder / "tunefork.json").read_text(encoding="utf-8"))
    name, saved_along = base_name(folder, facts["model"])
    problem = facts.get("problem", "single_label")
    return load_backbone(
        name, facts["labels"], facts["revision"], facts.get("image_size"), problem, any_head=saved_along
    )


def base_name(folder: Path, model: str) -> tuple[str, bool]:
    """By which a saved run's base model is loaded, and whether it was saved along with the run."""
    own = folder / model
    return (str(own), True) if own.is_dir() else (model, False)

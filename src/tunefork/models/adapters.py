"""PEFT adapters from disk, also those that call modules as earlier versions of transformers did.

transformers 5 renamed the linears of ViT and its kin: ``encoder.layer.0.attention.attention.query`` is now
``layers.0.attention.q_proj``. It knows how to read old checkpoints; PEFT does not apply that to the names an adapter
is meant for, and finds nothing to adapt.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tunefork.models.library import quietly

PREFIX = "base_model.model."
WEIGHTS = "adapter_model.safetensors"


def load_adapter(model: Any, folder: Path) -> Any:
    """A PEFT model of a base model and the adapter in a folder, in eval mode.

    Args:
        model: transformers' own; it is changed.
        folder: with adapter_config.json and adapter_model.safetensors.
    """
    from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    with quietly():
        if not (folder / WEIGHTS).is_file():
            return PeftModel.from_pretrained(model, str(folder)).eval()
        tensors = load_file(folder / WEIGHTS)
        renamed = {name: _modern(name, model) for name in tensors}
        if all(name == new for name, new in renamed.items()):
            return PeftModel.from_pretrained(model, str(folder)).eval()
        config = copy.deepcopy(PeftConfig.from_pretrained(str(folder)))
        config.target_modules = sorted({_module(new) for name, new in renamed.items() if ".lora_" in name})
        found = get_peft_model(model, config)
        set_peft_model_state_dict(found, {new: tensors[name] for name, new in renamed.items()})
    return found.eval().requires_grad_(False)


def _modern(name: str, model: Any) -> str:
    """A tensor's name as this version of transformers would have it."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    module, lora, rest = name.removeprefix(PREFIX).partition(".lora_")
    if not lora:
        return name
    renamings = [each for each in get_model_conversion_mapping(model) if isinstance(each, WeightRenaming)]
    new, _ = rename_source_key(f"{module}.weight", renamings, [])
    return f"{PREFIX}{new.removesuffix('.weight')}{lora}{rest}"


def _module(name: str) -> str:
    return name.removeprefix(PREFIX).partition(".lora_")[0]

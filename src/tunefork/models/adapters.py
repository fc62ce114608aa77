"""PEFT adapters from disk, also those that call modules as earlier versions of transformers did.

transformers 5 renamed the linears of ViT and its kin: ``encoder.layer.0.attention.attention.query`` is now
``layers.0.attention.q_proj``. It knows how to read old checkpoints; PEFT does not apply that to the names an adapter
is meant for, and finds nothing to adapt.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tunefork.errors import WeightsError
from tunefork.models.library import quietly

PREFIX = "base_model.model."
WEIGHTS = "adapter_model.safetensors"


def load_adapter(model: Any, folder: Path) -> Any:
    """A PEFT model of a base model and the adapter in a folder, in eval mode.

    Args:
        model: transformers' own; it is changed.
        folder: with adapter_config.json and adapter_model.safetensors.

    Raises:
        WeightsError: an adapter by old names of which not everything has a new one.
    """
    from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    with quietly():
        if not (folder / WEIGHTS).is_file():
            return PeftModel.from_pretrained(model, str(folder)).eval()
        tensors = load_file(folder / WEIGHTS)
        modules = {_module(name) for name in tensors}
        known = {name for name, _ in model.named_modules()}
        renamed = {name: name if name in known else _modern(name, model) for name in modules}
        if all(name == new for name, new in renamed.items()):
            return PeftModel.from_pretrained(model, str(folder)).eval()
        config = copy.deepcopy(PeftConfig.from_pretrained(str(folder)))
        config.target_modules = sorted({renamed[_module(name)] for name in tensors if ".lora_" in name})
        for patterns in ("rank_pattern", "alpha_pattern"):
            own = getattr(config, patterns, None) or {}
            setattr(config, patterns, {_modern(name, model): value for name, value in own.items()})
        found = get_peft_model(model, config)
        state = {
            f"{PREFIX}{renamed[_module(name)]}{name.removeprefix(PREFIX).removeprefix(_module(name))}": tensor
            for name, tensor in tensors.items()
        }
        left = set_peft_model_state_dict(found, state).unexpected_keys
    if left:
        raise WeightsError(
            f"The adapter has {len(left)} tensors for which this model has no place",
            where=str(folder),
            found=", ".join(sorted(left)[:3]),
            fix="Save it again with the versions of transformers and PEFT that trained it, merged into its model.",
        )
    return found.eval().requires_grad_(False)


def _module(name: str) -> str:
    """The module that a tensor of an adapter belongs to."""
    plain = name.removeprefix(PREFIX)
    if ".lora_" in plain or ".base_layer." in plain:
        return plain.partition(".lora_")[0].partition(".base_layer.")[0]
    return plain.rpartition(".")[0]


def _modern(module: str, model: Any) -> str:
    """A module's name as this version of transformers has it."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    renamings = [each for each in get_model_conversion_mapping(model) if isinstance(each, WeightRenaming)]
    new, _ = rename_source_key(f"{module}.weight", renamings, [])
    return str(new).removesuffix(".weight")

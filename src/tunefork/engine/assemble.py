"""From a pretrained model and K runs to one model that trains them all.

The backbone's own modules stay transformers' code. Adapted linears become ``LoRABank``; the head's linears and norms
become banks of K weights. A lone run may also train parameters where they stand (full, last layers, biases, PEFT's own
methods): those are *direct*, and a group with direct parameters has K = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from tunefork.config import LoRAStrategy, PeftStrategy, RunConfig
from tunefork.engine.banks import LinearBank, LoRABank, NormBank
from tunefork.engine.group_model import GroupModel
from tunefork.engine.initialise import initial_weights
from tunefork.engine.precision import Precision
from tunefork.engine.randomness import Draws, RunDropout
from tunefork.engine.slots import Slot
from tunefork.errors import UnsupportedModelError
from tunefork.models import Backbone, is_linear, weight_in_out
from tunefork.strategies import Selection, install_peft


def assemble(
    backbone: Backbone, runs: Sequence[RunConfig], selections: Sequence[Selection], precision: Precision
) -> GroupModel:
    """One model for a group of runs, freshly initialised, on its device and in its precision.

    Raises:
        UnsupportedModelError: the runs cannot share one pass.
    """
    _check_fusible(backbone, runs, selections)
    model = backbone.copy()
    prefix = backbone.model.base_model_prefix
    whole = runs[0].training.backbone_dropout == "as_pretrained"
    quiet = [] if whole else list(model.get_submodule(prefix).modules())
    draws = Draws([run.seed for run in runs])
    _install_dropout(model, prefix, len(runs), draws)
    weights = [initial_weights(backbone, selection, run) for run, selection in zip(runs, selections)]
    if isinstance(runs[0].strategy, PeftStrategy):
        with torch.no_grad():
            for name, tensor in weights[0].items():
                model.get_parameter(name).copy_(tensor)
        torch.manual_seed(runs[0].seed)  # PEFT initialises from torch's own stream
        model = install_peft(runs[0].strategy, backbone.anatomy, model)
        slots = _peft_slots(model)
    else:
        slots = [Slot(name, "backbone", model.get_parameter(name), "direct") for name in selections[0].backbone]
        slots += _install_adapters(model, runs, selections, draws, precision)
        for path in backbone.anatomy.head:
            slots += _install_head(model, path, len(runs), precision)
    _settle(model, slots, precision)
    group = GroupModel(model, slots, draws, precision, quiet)
    if not isinstance(runs[0].strategy, PeftStrategy):
        for run, tensors in enumerate(weights):
            group.load(run, tensors)
    group.train(False)
    return group


def _check_fusible(backbone: Backbone, runs: Sequence[RunConfig], selections: Sequence[Selection]) -> None:
    if len(runs) == 1:
        return
    if backbone.anatomy.shared_positions:
        raise UnsupportedModelError(
            f"{backbone.anatomy.family}'s linears also see positions, once for all rows: runs cannot share a pass",
            fix="Train them one after another.",
        )
    for run, selection in zip(runs, selections):
        reason = (
            "trains the backbone's own parameters"
            if selection.backbone
            else "is a method that PEFT installs"
            if isinstance(run.strategy, PeftStrategy)
            else "keeps the backbone's own dropout"
            if run.training.backbone_dropout == "as_pretrained"
            else ""
        )
        if reason:
            raise UnsupportedModelError(
                f"The run {run.strategy.label()} {reason} and cannot share a pass with others", fix="Train it alone."
            )


def _install_dropout(model: nn.Module, prefix: str, runs: int, draws: Draws) -> None:
    """The head's dropout, which is whatever lies outside the backbone, draws from each run's own stream."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Dropout) and not f"{name}.".startswith(f"{prefix}."):
            _replace(model, name, RunDropout([module.p] * runs, draws, name))


def _install_adapters(
    model: nn.Module, runs: Sequence[RunConfig], selections: Sequence[Selection], draws: Draws, precision: Precision
) -> list[Slot]:
    slots: list[Slot] = []
    by_module = [{adapter.module: adapter for adapter in selection.adapters} for selection in selections]
    for name in dict.fromkeys(module for adapters in by_module for module in adapters):
        linear = model.get_submodule(name)
        inputs, outputs = weight_in_out(linear).shape
        ranks = tuple(adapters[name].rank if name in adapters else 0 for adapters in by_module)
        strategies = [run.strategy for run in runs]
        scales = [each.scale if isinstance(each, LoRAStrategy) else 0.0 for each in strategies]
        rates = [each.dropout if isinstance(each, LoRAStrategy) else 0.0 for each in strategies]
        bank = LoRABank(linear, inputs, outputs, ranks, scales, precision.master)
        bank.dropout = RunDropout(rates, draws, name) if any(rates) else None
        _replace(model, name, bank)
        slots.append(Slot(f"{name}.lora_A", "adapter", bank.A, "lora_A", ranks))
        slots.append(Slot(f"{name}.lora_B", "adapter", bank.B, "lora_B", ranks))
    return slots


def _install_head(model: nn.Module, path: str, runs: int, precision: Precision) -> list[Slot]:
    """Banks in place of the head's linears and norms; other modules with weights stay, for a lone run."""
    slots: list[Slot] = []
    for name, module in list(model.get_submodule(path).named_modules(prefix=path)):
        own = dict(module.named_parameters(recurse=False))
        if not own:
            continue
        bias = own.get("bias") is not None
        bank: LinearBank | NormBank
        if is_linear(module):
            inputs, outputs = weight_in_out(module).shape
            bank = LinearBank(inputs, outputs, runs, bias, precision.master)
        elif isinstance(module, nn.LayerNorm) and "weight" in own:
            bank = NormBank(module.normalized_shape[-1], runs, bias, module.eps, precision.master)
        elif runs == 1:
            slots += [Slot(f"{name}.{key}", "head", parameter, "direct") for key, parameter in own.items()]
            continue
        else:
            raise UnsupportedModelError(
                f"The head's {type(module).__name__} has no bank, so this model's runs cannot share a pass",
                where=name,
                fix="Train its runs one after another.",
            )
        _replace(model, name, bank)
        slots.append(Slot(f"{name}.weight", "head", bank.weight, "matrix" if is_linear(module) else "vector"))
        if bank.bias is not None:
            slots.append(Slot(f"{name}.bias", "head", bank.bias, "vector"))
    return slots


def _peft_slots(model: Any) -> list[Slot]:
    return [
        Slot(name, "head" if ".modules_to_save." in name else "adapter", parameter, "direct")
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    ]


def _settle(model: Any, slots: Sequence[Slot], precision: Precision) -> None:
    """Freeze what does not train, cast it once, and move everything to its device.

    Modules are cast whole: a norm whose bias trains keeps its weight in the master precision too, as kernels want both
    alike. Buffers stay as they are, since rotary frequencies lose their meaning in bf16.
    """
    trainable = {id(slot.parameter) for slot in slots}
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        frozen = not any(id(parameter) in trainable for parameter in own)
        for parameter in own:
            parameter.requires_grad_(id(parameter) in trainable)
            parameter.data = parameter.data.to(precision.compute if frozen else precision.master)
    model.to(precision.device)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if base._supports_attention_backend or base._supports_sdpa:
        base.set_attn_implementation(precision.attention)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, module)

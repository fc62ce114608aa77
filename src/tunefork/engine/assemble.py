"""From a pretrained model and K runs to one model that trains them all.

The backbone's own modules stay transformers' code. Adapted linears become ``LoRABank``; the head's linears and norms
become banks of K weights. A lone run may also train parameters where they stand (full, last layers, biases, PEFT's own
methods): those are *direct*, and a group with direct parameters has K = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import nn

from tunefork.config import LoRAStrategy, PeftStrategy, RunConfig
from tunefork.engine.allocator import keep_memory
from tunefork.engine.arena import Arena
from tunefork.engine.attention import NAME as PACKED_ATTENTION
from tunefork.engine.attention import install as install_attention
from tunefork.engine.augment import Augment
from tunefork.engine.banks import Bank, LinearBank, LoRABank, NormBank
from tunefork.engine.checkpointing import Checkpointing
from tunefork.engine.group_model import GroupModel
from tunefork.engine.initialise import initial_weights
from tunefork.engine.members import Members
from tunefork.engine.precision import Precision
from tunefork.engine.prefix_cache import PrefixCache
from tunefork.engine.randomness import Draws, RunDropout, StreamDropout
from tunefork.engine.rows import sparse_embedding
from tunefork.engine.slots import Part, Slot, bank_slots, direct_slot
from tunefork.engine.stages import install_embeddings, install_stages
from tunefork.errors import UnsupportedModelError
from tunefork.models import Backbone, is_linear, weight_in_out
from tunefork.strategies import Selection, alone_because, frozen_depth, install_peft


def assemble(
    backbone: Backbone,
    runs: Sequence[RunConfig],
    selections: Sequence[Selection],
    precision: Precision,
    cache: PrefixCache | None = None,
) -> GroupModel:
    """One model for a group of runs, freshly initialised, on its device and in its precision.

    Args:
        backbone: what is fine-tuned.
        runs: the group's configurations.
        selections: what each of them trains.
        precision: where and in what the group computes.
        cache: keeps the frozen prefix's output, where the runs have one.

    Raises:
        UnsupportedModelError: the runs cannot share one pass.
    """
    _check_fusible(backbone, runs, selections)
    if precision.device.type == "cpu":
        keep_memory()
    model = backbone.copy()
    prefix = backbone.model.base_model_prefix
    whole = runs[0].training.backbone_dropout == "as_pretrained"
    quiet = [] if whole else list(model.get_submodule(prefix).modules())
    members = Members(len(runs))
    draws = Draws([run.seed for run in runs], members)
    _install_dropout(model, prefix, whole, draws)
    weights = [initial_weights(backbone, selection, run) for run, selection in zip(runs, selections)]
    peft = isinstance(runs[0].strategy, PeftStrategy)
    packs = backbone.anatomy.packs and not peft
    arena = Arena(len(runs), precision.master, precision.compute)
    banks: list[tuple[str, Part, Bank]] = []
    if isinstance(runs[0].strategy, PeftStrategy):
        with torch.no_grad():
            for name, tensor in weights[0].items():
                model.get_parameter(name).copy_(tensor)
        torch.manual_seed(runs[0].seed)  # PEFT initialises from torch's own stream
        model = install_peft(runs[0].strategy, backbone.anatomy, model)
        direct = _peft_slots(model)
    else:
        direct = [direct_slot(model, name, "backbone") for name in selections[0].backbone]
        banks += install_adapters(model, runs, selections, draws, arena)
        for path in backbone.anatomy.head:
            own, left = _install_head(model, path, members, arena)
            banks += own
            direct += left
    slots = _settle(model, _with_sparse(model, direct, precision, mixed=peft), precision, mixed=peft)
    arena.settle(precision.device)
    for name, part, bank in banks:
        bank.settle()
        slots += bank_slots(name, part, bank)
    choose_attention(model, precision, packs)
    base = model.get_base_model() if peft else model
    checkpointing = Checkpointing(base, backbone.anatomy, backbone.anatomy.hidden)
    embeddings = None
    if packs:
        install_stages(model, backbone.anatomy)
        if backbone.images is not None:
            embeddings = install_embeddings(model, backbone.anatomy)
    depth = 0 if whole else min(frozen_depth(backbone.anatomy, selection) for selection in selections)
    group = GroupModel(
        model,
        backbone.anatomy,
        slots,
        arena,
        draws,
        precision,
        quiet,
        packs=packs,
        depth=depth,
        cache=cache,
        checkpointing=checkpointing,
        embeddings=embeddings,
        augment=_augmentation(backbone, runs[0]),
    )
    if not peft:
        for run, tensors in enumerate(weights):
            group.load(run, tensors)
    group.train(False)
    return group


def _augmentation(backbone: Backbone, run: RunConfig) -> Augment | None:
    names, images = run.training.augment, backbone.images
    if not names:
        return None
    if images is None:
        raise UnsupportedModelError(
            "augment changes images, and this model reads texts",
            where=f"training.augment: {'+'.join(names)}",
            fix="Take it out.",
        )
    return Augment(names, (images.height, images.width))


def has_banks(backbone: Backbone) -> bool:
    """Whether every part of the head can train for several runs at once."""
    modules = [module for path in backbone.anatomy.head for module in backbone.model.get_submodule(path).modules()]
    owners = [module for module in modules if any(True for _ in module.parameters(recurse=False))]
    return all(is_linear(module) or isinstance(module, nn.LayerNorm) for module in owners)


def _check_fusible(backbone: Backbone, runs: Sequence[RunConfig], selections: Sequence[Selection]) -> None:
    if len(runs) == 1:
        return
    for run, selection in zip(runs, selections):
        if reason := alone_because(run, selection, backbone.anatomy):
            raise UnsupportedModelError(
                f"The run {run.strategy.label()} {reason} and cannot share a pass with others", fix="Train it alone."
            )


def _install_dropout(model: nn.Module, prefix: str, whole: bool, draws: Draws) -> None:
    """The head's dropout draws from each run's own stream; a backbone's that stays on, in a lone run, from torch's.

    Blocks call one dropout several times, and checkpointing calls it again: torch's stream gives other numbers to the
    former and the same to the latter. A backbone whose dropout is off keeps its modules: some read their rates.
    """
    for name, module in list(model.named_modules()):
        inside = f"{name}.".startswith(f"{prefix}.")
        if type(module) is nn.Dropout and (whole or not inside) and not _read(model, name):
            own = StreamDropout(module.p) if inside else RunDropout([module.p] * draws.members.runs, draws, name)
            replace_module(model, name, own)


def _read(model: nn.Module, name: str) -> bool:
    """Whether a module's parent is an attention, which reads the rate of its dropout and applies it itself."""
    parent = model.get_submodule(name.rpartition(".")[0])
    return "scaling" in vars(parent)


def install_adapters(
    model: nn.Module, runs: Sequence[RunConfig], selections: Sequence[Selection], draws: Draws, arena: Arena
) -> list[tuple[str, Part, Bank]]:
    """Banks in place of the linears that any of the runs adapts; they wait for the arena to settle."""
    banks: list[tuple[str, Part, Bank]] = []
    by_module = [{adapter.module: adapter for adapter in selection.adapters} for selection in selections]
    for name in dict.fromkeys(module for adapters in by_module for module in adapters):
        linear = model.get_submodule(name)
        ranks = tuple(adapters[name].rank if name in adapters else 0 for adapters in by_module)
        strategies = [run.strategy for run in runs]
        scales = [each.scale if isinstance(each, LoRAStrategy) else 0.0 for each in strategies]
        rates = [each.dropout if isinstance(each, LoRAStrategy) else 0.0 for each in strategies]
        bank = LoRABank(linear, ranks, scales, draws.members, arena)
        bank.dropout = RunDropout(rates, draws, name) if any(rates) else None
        replace_module(model, name, bank)
        banks.append((name, "adapter", bank))
    return banks


def _install_head(
    model: nn.Module, path: str, members: Members, arena: Arena
) -> tuple[list[tuple[str, Part, Bank]], list[Slot]]:
    """Banks in place of the head's linears and norms; other modules with weights stay, for a lone run."""
    banks: list[tuple[str, Part, Bank]] = []
    left: list[Slot] = []
    for name, module in list(model.get_submodule(path).named_modules(prefix=path)):
        own = dict(module.named_parameters(recurse=False))
        if not own:
            continue
        bias = own.get("bias") is not None
        bank: LinearBank | NormBank
        if is_linear(module):
            inputs, outputs = weight_in_out(module).shape
            bank = LinearBank(inputs, outputs, bias, members, arena)
        elif isinstance(module, nn.LayerNorm) and "weight" in own:
            bank = NormBank(module.normalized_shape[-1], bias, module.eps, members, arena)
        elif members.runs == 1:
            left += [direct_slot(model, f"{name}.{key}", "head") for key in own]
            continue
        else:
            raise UnsupportedModelError(
                f"The head's {type(module).__name__} has no bank, so this model's runs cannot share a pass",
                where=name,
                fix="Train its runs one after another.",
            )
        replace_module(model, name, bank)
        banks.append((name, "head", bank))
    return banks, left


def _peft_slots(model: Any) -> list[Slot]:
    return [
        direct_slot(model, name, "head" if ".modules_to_save." in name else "adapter")
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    ]


def _with_sparse(model: nn.Module, direct: Sequence[Slot], precision: Precision, mixed: bool) -> list[Slot]:
    """Large embeddings get sparse gradients on a CPU, where writing zeros for unread rows takes longer than a step."""
    if mixed or precision.device.type != "cpu":
        return list(direct)
    found = []
    for slot in direct:
        embedding = sparse_embedding(model, slot.name)
        if embedding is not None and embedding.weight is slot.parameter:
            embedding.sparse = True
            slot = replace(slot, sparse=True)
        found.append(slot)
    return found


def _settle(model: Any, direct: Sequence[Slot], precision: Precision, mixed: bool) -> list[Slot]:
    """Freeze what does not train, cast it once, and move everything to its device.

    Direct parameters compute in the compute precision; their masters are the slots'. With ``mixed``, modules with a
    trainable tensor stay in the master precision, for autocast. Buffers stay as they are, since rotary frequencies lose
    their meaning in bf16.
    """
    trainable = {id(slot.parameter) for slot in direct}
    masters: dict[int, nn.Parameter] = {}
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        whole = mixed and any(id(parameter) in trainable for parameter in own)
        for parameter in own:
            trains = id(parameter) in trainable
            parameter.requires_grad_(trains)
            if trains and not mixed and precision.compute != precision.master:
                masters[id(parameter)] = nn.Parameter(parameter.data.to(precision.device, precision.master, copy=True))
            parameter.data = parameter.data.to(precision.master if whole else precision.compute)
    model.to(precision.device)
    return [
        replace(slot, parameter=masters[id(slot.parameter)], compute=cast(nn.Parameter, slot.parameter))
        if id(slot.parameter) in masters
        else slot
        for slot in direct
    ]


def choose_attention(model: Any, precision: Precision, packs: bool) -> None:
    """Ours for packed batches, else the one of transformers' that is fastest here."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if packs:
        install_attention()
        base.set_attn_implementation(PACKED_ATTENTION)
        base.config.use_cache = False
    elif base._supports_attention_backend or base._supports_sdpa:
        base.set_attn_implementation(precision.attention)


def freeze(model: nn.Module, precision: Precision) -> None:
    """Bring a model in which nothing trains into its place and precision."""
    _settle(model, [], precision, mixed=False)


def replace_module(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put a module in another's place."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, module)

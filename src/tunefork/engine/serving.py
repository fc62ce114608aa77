"""Saved runs of one backbone as one model that answers for all of them.

What a saved run adds to its backbone is read from its files: low-rank adapters and a head. A whole model (full, last
layers, merged) is a backbone of its own, to which its head is added.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from tunefork.config import LoRAStrategy, RunConfig, TrainingConfig
from tunefork.engine.allocator import keep_memory
from tunefork.engine.arena import Arena
from tunefork.engine.artefacts import SHARDS
from tunefork.engine.assemble import choose_attention, freeze, install_adapters, replace_module
from tunefork.engine.choir import Choir
from tunefork.engine.group_model import GroupModel
from tunefork.engine.members import Members
from tunefork.engine.precision import Precision
from tunefork.engine.randomness import Draws
from tunefork.engine.slots import bank_slots
from tunefork.engine.stages import install_embeddings, install_stages
from tunefork.models import Backbone, is_linear, of_own_code, skeleton, weight_in_out
from tunefork.strategies import Adapter, Selection

PREFIX = "base_model.model."
PLAIN = {"bias": "none", "use_dora": False, "lora_bias": False, "rank_pattern": {}, "alpha_pattern": {}}
"""Settings of PEFT's LoRA that an adapter has to have for ``y = W x + scale · B A x`` to be all of it."""


@dataclass(frozen=True)
class Addition:
    """What a saved run adds to its backbone."""

    labels: int
    """Numbers that its head gives."""
    head: Mapping[str, torch.Tensor]
    """By the names of the classification model."""
    strategy: LoRAStrategy | None = None
    """None for a run that trained its head alone."""
    adapters: Mapping[str, torch.Tensor] | None = None
    """``MODULE.lora_A`` [rank, in] and ``MODULE.lora_B`` [out, rank]."""


def may_add(folder: Path) -> bool:
    """Whether a saved run could be no more than adapters and a head: to know before its backbone is loaded."""
    return (folder / "adapter_config.json").is_file() or (folder / SHARDS[1]).is_file()


def read_addition(folder: Path, backbone: Backbone) -> Addition | None:
    """What a saved run adds to its backbone; None where that is more than adapters and a head.

    Args:
        folder: the run's.
        backbone: what it was trained from, with a head of any size.
    """
    if of_own_code(backbone.model):
        return None
    facts = json.loads((folder / "tunefork.json").read_text(encoding="utf-8"))
    labels = len(facts["labels"])
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder, backbone, labels)
    if not (folder / SHARDS[1]).is_file() or not _same(folder / SHARDS[0], backbone):
        return None
    head = load_file(folder / SHARDS[1])
    return Addition(labels, head) if _is_head(head, backbone) else None


def own_addition(backbone: Backbone) -> Addition | None:
    """What a whole saved model adds to its own backbone: its head. None where that needs code of its own."""
    if of_own_code(backbone.model):
        return None
    state = backbone.model.state_dict()
    head = {name: state[name].clone() for name in backbone.anatomy.inside(backbone.anatomy.head)}
    return Addition(backbone.model.config.num_labels, head)


def assemble_served(backbone: Backbone, additions: Sequence[Addition], precision: Precision) -> GroupModel:
    """One model that answers for K runs; ask it by ``members.active`` and ``answer``.

    Args:
        backbone: is taken over and changed.
        additions: what the runs add to it.
        precision: where and in what it computes.

    Raises:
        RuntimeError: a head's tensors do not fit the architecture.
    """
    if precision.device.type == "cpu":
        keep_memory()
    model, anatomy, members = backbone.model, backbone.anatomy, Members(len(additions))
    draws = Draws([0] * len(additions), members)
    arena = Arena(len(additions), precision.master, precision.compute)
    runs = [RunConfig(strategy=each.strategy or LoRAStrategy(), training=TrainingConfig()) for each in additions]
    banks = install_adapters(model, runs, [_selection(each) for each in additions], draws, arena)
    freeze(model, precision)
    bare = {labels: skeleton(model.config, labels) for labels in {each.labels for each in additions}}
    for path in anatomy.head:
        heads = [_head(bare[each.labels], path, each, precision) for each in additions]
        replace_module(model, path, Choir(heads, members, precision.master))
    arena.settle(precision.device)
    slots = []
    for name, part, bank in banks:
        bank.settle()
        slots += bank_slots(name, part, bank)
    choose_attention(model, precision, anatomy.packs)
    embeddings = None
    if anatomy.packs:
        install_stages(model, anatomy)
        embeddings = install_embeddings(model, anatomy) if backbone.images is not None else None
    group = GroupModel(model, anatomy, slots, arena, draws, precision, (), packs=anatomy.packs, embeddings=embeddings)
    for number, each in enumerate(additions):
        group.load(number, each.adapters or {})
    group.train(False)
    return group


def _adapter(folder: Path, backbone: Backbone, labels: int) -> Addition | None:
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    file = folder / "adapter_model.safetensors"
    plain = all((config.get(name) or value) == value for name, value in PLAIN.items())
    if backbone.anatomy.shared_positions:  # its linears also see positions, once for all rows of a pass
        return None
    if config.get("peft_type") != "LORA" or not plain or not file.is_file():
        return None
    adapters: dict[str, torch.Tensor] = {}
    head: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(file).items():
        bare = name.removeprefix(PREFIX).removesuffix(".weight")
        if bare.endswith((".lora_A", ".lora_B")):
            adapters[bare] = tensor
        else:
            head[name.removeprefix(PREFIX)] = tensor
    ranks = {tensor.shape[0] for name, tensor in adapters.items() if name.endswith(".lora_A")}
    if ranks != {config["r"]} or not _is_head(head, backbone) or not _fit(adapters, backbone):
        return None
    strategy = LoRAStrategy(rank=config["r"], alpha=config["lora_alpha"], use_rslora=bool(config.get("use_rslora")))
    return Addition(labels, head, strategy, adapters)


def _is_head(tensors: Mapping[str, torch.Tensor], backbone: Backbone) -> bool:
    """Whether these are the tensors of the head and no others."""
    return set(tensors) == set(backbone.anatomy.inside(backbone.anatomy.head))


def _fit(adapters: Mapping[str, torch.Tensor], backbone: Backbone) -> bool:
    """Whether every adapter belongs to a linear of this backbone."""
    linears = {name: module for name, module in backbone.model.named_modules() if is_linear(module)}
    for name, tensor in adapters.items():
        module, _, part = name.rpartition(".")
        if module not in linears or f"{module}.{'lora_B' if part == 'lora_A' else 'lora_A'}" not in adapters:
            return False
        inputs, outputs = weight_in_out(linears[module]).shape
        if (tensor.shape[1] if part == "lora_A" else tensor.shape[0]) != (inputs if part == "lora_A" else outputs):
            return False
    return True


def _same(file: Path, backbone: Backbone) -> bool:
    """Whether a file holds the backbone's own weights, which a run that trained its head alone did not change."""
    state = backbone.model.state_dict()
    with safe_open(file, framework="pt") as tensors:
        return all(name in state and torch.equal(tensors.get_tensor(name), state[name]) for name in tensors.keys())  # noqa: SIM118 - no mapping


def _selection(addition: Addition) -> Selection:
    adapters = addition.adapters or {}
    found = [
        Adapter(name.removesuffix(".lora_A"), down.shape[0], down.shape[1], adapters[f"{name[:-1]}B"].shape[0])
        for name, down in adapters.items()
        if name.endswith(".lora_A")
    ]
    return Selection(head=tuple(addition.head), adapters=tuple(found))


def _head(bare: nn.Module, path: str, addition: Addition, precision: Precision) -> nn.Module:
    """A part of the head in the size that a run has it."""
    module = copy.deepcopy(bare.get_submodule(path))
    own = {name.removeprefix(f"{path}."): each for name, each in addition.head.items() if name.startswith(f"{path}.")}
    module.load_state_dict(own, strict=True, assign=True)
    return module.to(precision.device, precision.master).eval().requires_grad_(False)

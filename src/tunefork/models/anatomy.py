"""The anatomy of one model: its blocks in order, what each linear is for, its head.

Built from the modules of a classification model, which may be on the meta device: no weights are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from tunefork.errors import TargetError, UnsupportedModelError, nearest
from tunefork.models.families import FAMILIES, ROLES, Family, Pooling, Role

SYNONYMS: dict[str, tuple[Role, ...]] = {
    **{role: (role,) for role in ROLES},
    "proj": ("output",),
    "attention": ("query", "key", "value", "output"),
    "all-linear": ROLES,  # and linears without a role, such as DeBERTa's projections of positions
}

# How linears are usually called, for architectures without a description of their own.
_GUESSES: tuple[tuple[str, tuple[Role, ...]], ...] = (
    (r"(c_attn|in_proj|w?qkv(_proj)?|query_key_value)", ("query", "key", "value")),
    (r"(q|query|q_lin|q_proj|query_proj)", ("query",)),
    (r"(k|key|k_lin|k_proj|key_proj)", ("key",)),
    (r"(v|value|v_lin|v_proj|value_proj)", ("value",)),
    (r"(o|o_proj|out_lin|out_proj|wo)", ("output",)),
)


@dataclass(frozen=True)
class Linear:
    """One linear inside a block."""

    name: str
    """Path in the classification model."""
    block: int
    roles: tuple[Role, ...]
    inputs: int
    outputs: int
    bias: bool


@dataclass(frozen=True)
class Anatomy:
    """What tunefork knows about a model.

    ``parameters`` maps each parameter's name to its shape, in the model's own order, with tied weights listed once.
    """

    family: str
    described: bool
    """False where the architecture has no description and the roles were guessed from names."""
    embeddings: tuple[str, ...]
    blocks: tuple[str, ...]
    linears: tuple[Linear, ...]
    between: tuple[str, ...]
    head: tuple[str, ...]
    pooling: Pooling
    shared_blocks: bool
    shared_positions: bool
    packs: bool
    prunes: bool
    norm: str
    first_position: int
    """Of a sequence's first token."""
    interpolates: bool
    hidden: int
    """Numbers of a token between blocks."""
    heads: int
    """Of attention."""
    parameters: Mapping[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        """All parameters of the model."""
        return sum(size(shape) for shape in self.parameters.values())

    def inside(self, modules: Iterable[str]) -> tuple[str, ...]:
        """Names of the parameters that belong to the given modules."""
        starts = tuple(f"{module}." for module in modules)
        return tuple(name for name in self.parameters if name.startswith(starts))

    def match(self, targets: Iterable[str], where: str = "lora.targets") -> tuple[tuple[Linear, ...], tuple[str, ...]]:
        """The linears that the targets select, in the model's order, and notices about fused ones.

        A target is a role or synonym (``query``, ``proj``, ``attention``, ``all-linear``), a module name or the end of
        one (``c_proj``, ``attn.c_proj``), or ``re:`` and a regular expression for the whole path. The head is never
        selected: it always trains.

        Args:
            targets: from the study.
            where: the setting that has them.

        Raises:
            TargetError: a target that selects nothing, with the model's roles and linear names, nearest first.
        """
        chosen: dict[str, Linear] = {}
        notices: list[str] = []
        for target in targets:
            found = [linear for linear in self.linears if _selects(target, linear, where)]
            if not found:
                raise TargetError(
                    f"The target '{target}' selects no linear of this {self.family} model",
                    where=where,
                    found=self._choices(target),
                    fix="Use a role, or the end of a module's name.",
                )
            chosen |= {linear.name: linear for linear in found}
            fused = next((linear for linear in found if len(linear.roles) > 1 and target in linear.roles), None)
            if fused:
                leaf = fused.name.rpartition(".")[2]
                notices.append(
                    f"{leaf} computes {', '.join(fused.roles)} together; '{target}' adapts the whole of it, once"
                )
        order = {linear.name: place for place, linear in enumerate(self.linears)}
        return tuple(sorted(chosen.values(), key=lambda linear: order[linear.name])), tuple(notices)

    def _choices(self, target: str) -> str:
        leaves = list(dict.fromkeys(linear.name.rpartition(".")[2] for linear in self.linears))
        roles = [role for role in ROLES if any(role in linear.roles for linear in self.linears)]
        words = ["attention", "all-linear", "proj"]
        near = nearest(target, list(dict.fromkeys([*roles, *leaves, *words])), limit=2)
        words = [name for name in near if name in words and name not in leaves]
        shown: list[str] = [*words, *sorted(roles, key=lambda name: name not in near)]  # else in their own order
        linears = [name for name in near if name in leaves] + [name for name in leaves if name not in near]
        return f"roles {', '.join(shown)}; linears {', '.join(linears)}"


def anatomy_of(model: nn.Module) -> Anatomy:
    """The anatomy of a transformers classification model.

    Raises:
        UnsupportedModelError: it has no stack of transformer blocks.
    """
    config: Any = model.config
    kind = str(config.model_type)
    family = FAMILIES.get(kind) or _guess(model, kind)
    if kind not in FAMILIES and getattr(model, "main_input_name", "") == "pixel_values":
        _check_guess(model, family, kind)
    root = model.get_submodule(family.blocks)
    blocks = tuple(f"{family.blocks}.{name}" for name, _ in root.named_children())
    linears = tuple(
        _linear(model.get_submodule(f"{block}.{path}"), f"{block}.{path}", number, roles)
        for number, block in enumerate(blocks)
        for path, roles in family.linears.items()
        if _has(model, f"{block}.{path}")
    )
    pooling: Pooling = "mean" if getattr(config, "classifier_pooling", "cls") == "mean" else family.pooling
    return Anatomy(
        family=kind,
        described=kind in FAMILIES,
        embeddings=family.embeddings,
        blocks=blocks,
        linears=linears,
        between=tuple(name for name in family.between if _has(model, name)),
        head=family.head,
        pooling=pooling,
        shared_blocks=family.shared_blocks,
        shared_positions=family.shared_positions,
        packs=family.packs and pooling != "mean",
        prunes=family.prunes,
        norm=family.norm,
        first_position=(config.pad_token_id or 0) + 1 if family.behind_padding else 0,
        interpolates=family.interpolates,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        parameters={name: tuple(parameter.shape) for name, parameter in model.named_parameters()},
    )


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a linear layer: torch's Linear, or GPT-2's Conv1D, whose weight is transposed."""
    return isinstance(module, nn.Linear | Conv1D)


def weight_in_out(module: nn.Module) -> torch.Tensor:
    """A linear's weight as [in, out], whichever way it is stored."""
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    return weight if isinstance(module, Conv1D) else weight.t()


def size(shape: Iterable[int]) -> int:
    """The number of elements of a shape."""
    product = 1
    for length in shape:
        product *= length
    return product


def _selects(target: str, linear: Linear, where: str) -> bool:
    if target == "all-linear":
        return True
    if target in SYNONYMS:
        return any(role in linear.roles for role in SYNONYMS[target])
    if target.startswith("re:"):
        try:
            return re.fullmatch(target[3:], linear.name) is not None
        except re.error as error:
            raise TargetError(
                f"The target '{target}' is not a regular expression",
                where=where,
                found=str(error),
                fix="Correct the expression; it has to match a module's whole path.",
            ) from None
    return linear.name == target or linear.name.endswith(f".{target}")


def _linear(module: nn.Module, name: str, block: int, roles: tuple[Role, ...]) -> Linear:
    inputs, outputs = weight_in_out(module).shape
    return Linear(name, block, roles, inputs, outputs, getattr(module, "bias", None) is not None)


def _has(model: nn.Module, name: str) -> bool:
    try:
        return model.get_submodule(name) is not None
    except AttributeError:
        return False


def _guess(model: nn.Module, kind: str) -> Family:
    """A description made from names, for architectures that have none."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    stacks = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) > 1 and name.startswith(prefix)
    ]
    if not prefix or not stacks:
        raise UnsupportedModelError(
            f"The architecture '{kind}' has no stack of transformer blocks that tunefork can find",
            found=type(model).__name__,
            fix=f"Use one of: {', '.join(FAMILIES)}.",
        )
    blocks, stack = max(stacks, key=lambda found: sum(parameter.numel() for parameter in found[1].parameters()))
    linears = {name: _guess_roles(name) for name, module in stack[0].named_modules() if is_linear(module)}
    head = tuple(
        name for name, module in model.named_children() if name != prefix and any(True for _ in module.parameters())
    )
    # transformers calls the head of models that pool the last token "score"
    pooling: Pooling = "last" if "score" in head else "first"
    return Family(blocks=blocks, linears=linears, head=head, embeddings=(), pooling=pooling)


def _check_guess(model: nn.Module, family: Family, kind: str) -> None:
    """Many image models are no plain stack of transformer blocks; a guess about them would be wrong.

    Raises:
        UnsupportedModelError: blocks that differ from one another, or have no attention.
    """
    shapes = [
        [(name, tuple(each.shape)) for name, each in block.named_parameters()]
        for block in model.get_submodule(family.blocks).children()
    ]
    roles = {role for found in family.linears.values() for role in found}
    if shapes.count(shapes[0]) == len(shapes) and {"query", "value"} <= roles:
        return
    reason = "its blocks differ from one another" if {"query", "value"} <= roles else "its blocks have no attention"
    raise UnsupportedModelError(
        f"The architecture '{kind}' is no plain stack of transformer blocks",
        found=f"{type(model).__name__}: {reason}",
        fix="Use one of: "
        + ", ".join(
            name
            for name, each in FAMILIES.items()
            if (each.blocks.endswith("layers") and each.interpolates) or "dinov2" in name
        )
        + ".",
    )


def _guess_roles(name: str) -> tuple[Role, ...]:
    parts = name.lower().split(".")
    for pattern, roles in _GUESSES:
        if re.fullmatch(pattern, parts[-1]):
            return roles
    return ("output",) if any("attn" in part or "attention" in part for part in parts[:-1]) else ("mlp",)

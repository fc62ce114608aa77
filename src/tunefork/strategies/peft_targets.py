"""What a PEFT method is put on, looked at before PEFT does: names that select something, ranks that fit."""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from tunefork.errors import TargetError
from tunefork.models import SYNONYMS, Anatomy, is_linear

WHERE = "peft.target_modules"
OF_PRODUCTS = {"LORA": "r", "ADALORA": "init_r", "LOHA": "r", "HIRA": "r", "HRA": "r", "DELORA": "r", "POLY": "r"}
"""Methods whose rank is that of a product of matrices, and how they call it."""
_PLAIN = re.compile(r"[\w.-]+(\+[\w.-]+)*")


def target_modules(targets: Any, anatomy: Anatomy, model: nn.Module) -> Any:
    """``target_modules`` as PEFT takes them.

    A name, or several joined by a plus, stand for a list of names, which PEFT would take for an expression. A role that
    no linear is called by stands for the linears that have it. Everything else is left to PEFT.

    Args:
        targets: from the study.
        anatomy: of ``model``.
        model: where they have to be.

    Raises:
        TargetError: a name that nothing has, with the model's roles and linear names, nearest first.
    """
    if isinstance(targets, str) and targets != "all-linear" and _PLAIN.fullmatch(targets):
        targets = targets.split("+")
    if isinstance(targets, str) and targets != "all-linear":
        _check_expression(targets, anatomy, model)
    if not isinstance(targets, list | tuple | set):
        return targets
    found: list[str] = []
    for name in map(str, targets):
        there = [module for path, module in model.named_modules() if path == name or path.endswith(f".{name}")]
        if name in SYNONYMS and not any(map(is_linear, there)):
            found += [linear.name for linear in anatomy.match([name], WHERE)[0]]
        elif there:
            found.append(name)
        else:
            anatomy.match([name], WHERE)  # which says what there is instead
    return list(dict.fromkeys(found))


def check_ranks(kind: str, wrapped: nn.Module) -> None:
    """Look at the ranks that PEFT has given to modules.

    Args:
        kind: the method.
        wrapped: the model inside PEFT's wrapper.

    Raises:
        TargetError: one is larger than a dimension of its module.
    """
    if kind not in OF_PRODUCTS:
        return
    for path, module in wrapped.named_modules():
        ranks: Any = getattr(module, "r", getattr(module, "hra_r", None))
        weight = getattr(module.get_base_layer(), "weight", None) if hasattr(module, "get_base_layer") else None
        if not isinstance(ranks, dict) or weight is None or weight.dim() != 2:
            continue
        for rank in ranks.values():
            if isinstance(rank, int) and rank > min(weight.shape):
                most, name = min(weight.shape), path.removeprefix("base_model.model.")
                raise TargetError(
                    f"{OF_PRODUCTS[kind]} must be at most {most} for {name} but got {rank}",
                    where=f"peft.{OF_PRODUCTS[kind]}",
                    found=f"a weight of {weight.shape[0]} × {weight.shape[1]}",
                    fix="Lower the rank, or leave this module out of target_modules.",
                )


def _check_expression(expression: str, anatomy: Anatomy, model: nn.Module) -> None:
    try:
        if any(re.fullmatch(expression, path) for path, _ in model.named_modules()):
            return
    except re.error:
        pass  # the same question of the anatomy tells what is wrong with it
    anatomy.match([f"re:{expression}"], WHERE)

"""Whether the tensors of a file are those of the model, and which of the head's parameters they leave to training."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import transformers
from torch import nn

from tunefork.errors import WeightsError
from tunefork.models.anatomy import Anatomy
from tunefork.models.families import FAMILIES

UNREAD = re.compile(
    r"(^|\.)(pooler|mask_token|position_ids|inv_freq|masked_bias|relative_position_index|num_batches_tracked)(\.|$)"
)
"""What files have of a backbone and a classifier may lack: poolers, tokens of pretraining, tables that are computed."""
NAMED = 3
"""Tensors that a message names."""
LISTED, LONGEST = 5, 30
"""Labels that a notice lists, and characters of one."""
GENERIC = re.compile(r"LABEL_\d+")
"""How transformers calls classes that nobody named."""
CONTINUED = "the checkpoint brings a head of the right size along; training continues from it"
REPLACED = "it was replaced by a fresh one"
FIX = "Use the config.json that belongs to these weights."


@dataclass(frozen=True)
class Fitted:
    """What a checkpoint leaves open."""

    anatomy: Anatomy
    """Its head includes a pooler that the file does not have."""
    fresh: frozenset[str]
    """Parameters that every run initialises."""
    notices: tuple[str, ...]


def fitted(model: Any, anatomy: Anatomy, info: dict[str, Any], name: str, own: Any = None) -> Fitted:
    """What the checkpoint leaves open; only modules of the head, and poolers, may be fresh.

    Args:
        model: transformers' own, with the weights of the file.
        anatomy: of it.
        info: what ``from_pretrained`` tells with ``output_loading_info=True``.
        name: the model's.
        own: the checkpoint's config: a head is continued only where its labels are the model's. None continues any.

    Raises:
        WeightsError: the file lacks tensors of the backbone, has more of them, or has them in another shape.
    """
    _check_kind(model.config, name)
    in_head = set(anatomy.inside(anatomy.head))
    mismatched = {entry[0]: entry[1:] for entry in info.get("mismatched_keys", ())}
    missing = {key for key in info.get("missing_keys", ()) if key in anatomy.parameters}
    unused = sorted(info.get("unexpected_keys", ()), key=_by_number)
    _check_backbone(anatomy, missing - in_head, unused, str(model.base_model_prefix), name)
    outside = [key for key in anatomy.parameters if key in mismatched and key not in in_head]
    if outside:
        shapes = mismatched[outside[0]]
        raise WeightsError(
            f"The tensor '{outside[0]}' does not fit the model's config",
            where=name,
            found=f"{tuple(shapes[0])} in the file, {tuple(shapes[1])} expected",
            fix=FIX,
        )
    notices: tuple[str, ...] = ()
    lacking = [key for key in anatomy.parameters if key in missing and key not in in_head and "mask_token" not in key]
    if lacking:
        modules = tuple(dict.fromkeys(key.rpartition(".")[0] for key in lacking))
        anatomy = replace(anatomy, head=anatomy.head + modules)
    new = missing | set(mismatched)
    output = _output(anatomy, model.config.num_labels)
    if mismatched:
        notices += (_resized(mismatched.get(f"{output}.weight"), own, model.config),)
    if f"{output}.weight" not in new:
        other, told = (False, CONTINUED) if own is None else _earlier(own, model.config)
        notices += (told,)
        if other:
            _initialise(model, output)
            new |= set(anatomy.inside([output]))
    fresh = [key for key in anatomy.parameters if key in new and key in set(anatomy.inside(anatomy.head))]
    if fresh:
        modules = tuple(dict.fromkeys(key.rpartition(".")[0] for key in fresh))
        notices += (f"freshly initialised, trained and saved with the head: {', '.join(modules)}",)
    return Fitted(anatomy, frozenset(fresh), notices)


def check_finite(model: nn.Module, name: str) -> None:
    """Look for numbers that are none.

    Raises:
        WeightsError: naming the first tensor with NaN or Inf, and how many there are.
    """
    tensors = dict(model.named_parameters())
    bad = [key for key, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if not bad:
        return
    first = tensors[bad[0]]
    nan, infinite = int(torch.isnan(first).sum()), int(torch.isinf(first).sum())
    more, values = f": {_some(bad)}" if len(bad) > 1 else "", nan + infinite
    raise WeightsError(
        f"The tensor '{bad[0]}' holds {values} value{'s' if values != 1 else ''} that are NaN or infinite",
        where=name,
        found=f"{nan:,} NaN and {infinite:,} infinite of its {first.numel():,} values; {len(bad)} of {len(tensors)} "
        f"tensors {'are' if len(bad) > 1 else 'is'} affected{more}",
        fix="Download the weights again, or use another checkpoint.",
    )


def _output(anatomy: Anatomy, outputs: int) -> str:
    """The last linear of the head, which gives the logits."""
    shapes = anatomy.parameters
    keys = [key for key in anatomy.inside(anatomy.head) if key.endswith(".weight") and shapes[key][0] == outputs]
    return keys[-1].removesuffix(".weight") if keys else ""


def _earlier(own: Any, config: Any) -> tuple[bool, str]:
    """Whether a head of the right size is for another task than the model's, and what is to be told of it."""
    kind, wanted = getattr(own, "problem_type", None), config.problem_type
    before, labels = _names(own), _names(config)
    if kind and kind != wanted:
        kinds = f"{kind} of {_short(before)}; here {wanted} of {_short(labels)}"
        return True, f"the checkpoint's head is for another kind of problem ({kinds}); {REPLACED}"
    if before == labels:
        return False, CONTINUED
    if len(before) != len(labels) or all(map(GENERIC.fullmatch, before)):
        return False, f"{CONTINUED}, and the names of its labels are unknown"
    return True, f"the checkpoint's head is for other labels ({_short(before)}; here {_short(labels)}); {REPLACED}"


def _resized(shapes: tuple[Any, ...] | None, own: Any, config: Any) -> str:
    """What is told of a head of another shape."""
    if shapes is None:
        return f"part of the checkpoint's head has another shape; {REPLACED}"
    before = _count(int(shapes[0][0]), getattr(own, "problem_type", None))
    return f"the checkpoint's head is for {before}; {REPLACED} for {_count(config.num_labels, config.problem_type)}"


def _count(outputs: int, kind: str | None) -> str:
    if kind == "regression" or (kind is None and outputs == 1):
        return f"{outputs} number{'s' if outputs != 1 else ''}"
    one, more = ("label", "labels") if kind == "multi_label_classification" else ("class", "classes")
    return f"{outputs} {one if outputs == 1 else more}"


def _names(config: Any) -> tuple[str, ...]:
    names = getattr(config, "id2label", None) or {}
    return tuple(str(names[number]) for number in sorted(names))


def _short(labels: Sequence[str]) -> str:
    listed = [each if len(each) <= LONGEST else f"{each[:LONGEST]}…" for each in labels[:LISTED]]
    return ", ".join(listed) + (f", … ({len(labels)})" if len(labels) > LISTED else "")


def _initialise(model: Any, path: str) -> None:
    """What the architecture begins with, in place of a module's weights; runs draw their own from their seeds."""
    module = model.get_submodule(path)
    for parameter in module.parameters():
        parameter._is_hf_initialized = False  # otherwise transformers leaves it as it is
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        module.apply(model._init_weights)


def _check_kind(config: Any, name: str) -> None:
    """BERT's encoder and RoBERTa's have the very same names and shapes; the class that saved them tells them apart."""
    for saved in getattr(config, "architectures", None) or ():
        kind = getattr(getattr(getattr(transformers, saved, None), "config_class", None), "model_type", "")
        known = kind in FAMILIES and config.model_type in FAMILIES
        if known and FAMILIES[kind] != FAMILIES[config.model_type]:
            raise WeightsError(
                "The weights were saved by another architecture than the config names",
                where=name,
                found=f"model_type {config.model_type}, architectures {saved}",
                fix=f"Set model_type to {kind} in config.json, or use the config.json that belongs to these weights.",
            )


def _check_backbone(anatomy: Anatomy, missing: set[str], unused: Sequence[str], prefix: str, name: str) -> None:
    lacking = [key for key in anatomy.parameters if key in missing and not UNREAD.search(key)]
    if lacking:
        every = [key for key in anatomy.parameters if key not in set(anatomy.inside(anatomy.head))]
        instead = f"; the file has {_some(unused)}" if unused else ""
        hint = " Names that begin with 'module.' are DataParallel's: save model.module." if _wrapped(unused) else ""
        raise WeightsError(
            "The file lacks weights of the model",
            where=name,
            found=f"{len(lacking)} of the backbone's {len(every)} tensors are missing: {_some(lacking)}{instead}",
            fix=f"{FIX}{hint}",
        )
    more = [key for key in unused if _of_backbone(key, anatomy, prefix) and not UNREAD.search(key)]
    if more:
        raise WeightsError(
            "The file has weights for which the model has no place",
            where=name,
            found=f"{_tensors(len(more))} of the backbone that the config does not know: {_some(more)}",
            fix=FIX,
        )


def _of_backbone(key: str, anatomy: Anatomy, prefix: str) -> bool:
    """Whether a tensor without a place belongs to blocks or embeddings; files of a bare encoder have no prefix."""
    if prefix and key.startswith(f"{prefix}."):
        return True
    stacks = [anatomy.blocks[0].rpartition(".")[0], *anatomy.embeddings]
    return key.startswith(tuple(f"{stack.removeprefix(f'{prefix}.')}." for stack in stacks))


def _wrapped(keys: Iterable[str]) -> bool:
    return any(key.startswith("module.") for key in keys)


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:NAMED]) + (", …" if len(keys) > NAMED else "")


def _tensors(number: int) -> str:
    return f"{number} tensor{'s' if number != 1 else ''}"


def _by_number(key: str) -> list[tuple[int, str]]:
    """Block 10 behind block 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in key.split(".")]

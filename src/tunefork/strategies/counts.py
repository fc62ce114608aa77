"""Exact parameter counts, from shapes alone."""

from __future__ import annotations

from collections.abc import Iterable

from tunefork.counts import Counts
from tunefork.models import Anatomy, size
from tunefork.strategies.selection import Selection


def count(selection: Selection, anatomy: Anatomy) -> Counts:
    """The counts of what a strategy selects in a model.

    Example: ViT-B/16 with LoRA r=8 on query and value has 12 blocks × 2 linears × 8 × (768 + 768) = 294,912 adapter
    parameters, and a head for 101 classes has 768 × 101 + 101 = 77,669.
    """
    adapter = sum(each.parameters for each in selection.adapters) + selection.peft_adapter
    total = anatomy.total + adapter
    copies = _size(anatomy.inside(selection.saved_modules), anatomy) if adapter else 0
    return Counts(
        adapter=adapter,
        head=_size(selection.head, anatomy),
        backbone=_size(selection.backbone, anatomy),
        total=total,
        peft_total=total + copies,
    )


def formulas(selection: Selection, anatomy: Anatomy) -> list[tuple[str, str, int]]:
    """Where each number comes from: (module or parameter, formula, count), one line per adapter and parameter."""
    lines = [
        (each.module, f"{each.rank} × ({each.inputs} + {each.outputs})", each.parameters) for each in selection.adapters
    ]
    lines += [
        (name, " × ".join(str(length) for length in anatomy.parameters[name]), size(anatomy.parameters[name]))
        for name in selection.backbone + selection.head
    ]
    if selection.peft_adapter:
        lines.append(("PEFT's adapter", "counted by PEFT", selection.peft_adapter))
    return lines


def _size(names: Iterable[str], anatomy: Anatomy) -> int:
    return sum(size(anatomy.parameters[name]) for name in names)

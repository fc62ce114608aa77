"""What each part of the engine is worth: the nine-run study with one part switched off at a time.

    python -m benchmarks.ablation --data DIR [--set sst2] [--rows 8000] [--steps 30] [--slices 2]

Slices of all variants take turns. Seconds are those of the study's steps and of its frozen prefix, without evaluation.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from benchmarks.options import slices_parser
from benchmarks.study_vs_trainer import ours as side
from benchmarks.study_vs_trainer.__main__ import machine
from benchmarks.study_vs_trainer.ours import Ours
from benchmarks.study_vs_trainer.study import Setting
from tunefork.engine import Precision, attention, buckets, packing
from tunefork.plan import Group


@contextmanager
def anatomy(ours: Ours, **changes: Any) -> Iterator[None]:
    """The model described otherwise."""
    before = ours.study.backbone
    ours.study.__dict__["backbone"] = replace(before, anatomy=replace(before.anatomy, **changes))
    try:
        yield
    finally:
        ours.study.__dict__["backbone"] = before


@contextmanager
def lone(ours: Ours) -> Iterator[None]:
    """Every run but the heads in a group of its own."""
    before = ours.groups
    split = [
        (group,) if group.features else tuple(replace(group, runs=(run,)) for run in group.runs) for group in before
    ]
    ours.groups = tuple(group for part in split for group in part)
    try:
        yield
    finally:
        ours.groups = before


@contextmanager
def any_shape(_: Ours) -> Iterator[None]:
    """Nothing is rounded up but keys and queries."""
    with patch.object(packing, "ROUND", 1), patch.object(buckets, "COUNT", 1):
        yield


class FusedKernel:
    """torch's fused attention on the same buckets, in place of the engine's own function."""

    @staticmethod
    def apply(
        q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: buckets.Layout, rules: attention.Rules
    ) -> torch.Tensor:
        found = []
        for number in range(len(layout.buckets)):
            query, key, value = (
                each.index_select(0, places[number]).view(
                    len(layout.buckets[number].rows), layout.heads, -1, q.shape[-1]
                )
                for each, places in ((q, layout.queries), (k, layout.keys), (v, layout.keys))
            )
            bias = attention._bias(layout, number, rules, query)
            mask = (
                None
                if bias is None
                else bias.expand(len(query) * layout.heads, -1, -1).view(*query.shape[:2], -1, key.shape[2])
            )
            own = torch.nn.functional.scaled_dot_product_attention(query, key, value, mask, scale=rules.scale)
            found.append(own.reshape(-1, q.shape[-1]))
        slots = torch.cat([*found, q.new_zeros(1, q.shape[-1])])
        return slots.index_select(0, layout.query_back)


@contextmanager
def nothing(_: Ours) -> Iterator[None]:
    """As it ships."""
    yield


def patched(name: str, value: Any) -> Callable[[Ours], Any]:
    """Another value of a name in tunefork's side of the benchmark."""
    return lambda _: patch.object(side, name, value)


VARIANTS: dict[str, Callable[[Ours], Any]] = {
    "as it ships": nothing,
    "fp32": patched("choose_precision", lambda _: Precision(torch.device("cpu"), torch.float32)),
    "one run at a time": lone,
    "padded batches": lambda ours: anatomy(ours, packs=False),
    "torch's fused attention": lambda _: patch.object(attention, "_Attend", FusedKernel),
    "attention recomputed": lambda _: patch.object(attention, "KEPT", 0),
    "last block whole": lambda ours: anatomy(ours, prunes=False),
    "any shape": any_shape,
    "no prefix cache": patched("PrefixCache", lambda: None),
}


def seconds(ours: Ours, steps: int, part: int, epoch: int) -> float:
    """The study's steps, and its prefix once."""

    def whole(group: Group) -> float:
        cached = group.depth and ours.study.backbone.anatomy.packs and side.PrefixCache() is not None
        prefix = ours.prefix(group, 512) * ours.setting.rows if cached else 0.0
        return ours.steps(group, steps, part) * epoch + prefix

    return sum(whole(group) for group in ours.groups)


def main() -> None:
    parser = slices_parser(__doc__.splitlines()[0], steps=30, slices=2)
    options = parser.parse_args()
    ours = Ours(Setting(options.set, options.rows, 2000, options.data.resolve()))
    ours.__dict__["plan"] = ours.study.plan(timings=False, workers=1)  # parts of the engine, one process
    took: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for part in range(options.slices):
        for name, variant in VARIANTS.items():
            with variant(ours):
                took[name].append(seconds(ours, options.steps, part, -(-options.rows // 16)))
    found = {name: statistics.median(times) for name, times in took.items()}
    for name, value in found.items():
        print(f"{name:20} {value:8.0f} s  {value / found['as it ships']:5.2f} ×")
    document = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "data": options.set, "seconds": found}
    path = options.out / f"{document['date']}-ablation-{options.set}-cpu.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

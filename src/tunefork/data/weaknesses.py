"""What makes conclusions from some splits weaker, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tunefork.data.labels import LabelMap
from tunefork.data.rows import RowSet
from tunefork.data.table import count, quoted, shorten
from tunefork.data.values import half_width

IMBALANCE = 10
"""Largest class / smallest class in training above which accuracy alone misleads."""
SMALL_TEST = 100
"""Test rows below which the interval of an accuracy is wider than ± 10 percentage points."""


def weaknesses(pools: Mapping[str, RowSet], labels: LabelMap) -> list[str]:
    """Warnings about imbalance, classes that a split lacks, names that differ in case only, and a tiny test split."""
    found = [_imbalance(pools["train"]), _differ_in_case(labels), *_absent(pools, labels), _tiny(len(pools["test"]))]
    return [warning for warning in found if warning]


def _imbalance(train: RowSet) -> str:
    totals = Counter(train.labels)
    ranked = sorted(totals, key=lambda name: (totals[name], name))
    small, large = ranked[0], ranked[-1]
    if totals[large] <= IMBALANCE * totals[small]:
        return ""
    return (
        f"The classes are imbalanced: '{large}' has {totals[large]:,} training rows, '{small}' has {totals[small]:,}. "
        "Read macro-F1 and the majority baseline beside accuracy; class_weights: auto or sampling: balanced (training) "
        "let rare classes count more."
    )


def _differ_in_case(labels: LabelMap) -> str:
    first: dict[str, str] = {}
    pairs = [
        f"'{first[low]}' and '{name}'" for name in labels.names if first.setdefault(low := name.lower(), name) != name
    ]
    return f"Class names that differ in case only: {shorten(pairs)}." if pairs else ""


def _absent(pools: Mapping[str, RowSet], labels: LabelMap) -> list[str]:
    found = []
    for role, rows in pools.items():
        have = set(rows.labels)
        absent = [name for name in labels.names if name not in have]
        if absent:
            rest = (
                ""
                if role == "train"
                else " A class that is neither there nor said counts 0 in macro F1; AUROC is not known."
            )
            name = "training" if role == "train" else role
            found.append(f"No {name} row has the class {shorten(quoted(absent))}.{rest}")
    return found


def _tiny(rows: int) -> str:
    if rows >= SMALL_TEST:
        return ""
    return (
        f"The test split has {count(rows, 'row')}: an accuracy on it is known to ± {100 * half_width(rows):.1f} "
        "percentage points only (95 %)."
    )

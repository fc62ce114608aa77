"""What makes conclusions from some splits weaker, in sentences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from tunefork.data.label_map import LabelMap
from tunefork.data.row_labels import ClassNames, LabelSets, Numbers
from tunefork.data.rows import RowSet
from tunefork.data.table import count, quoted, shorten
from tunefork.data.values import half_width
from tunefork.problem import Problem

IMBALANCE = 10
"""Largest class / smallest class in training above which accuracy alone misleads."""
SMALL_TEST = 100
"""Test rows below which the interval of an accuracy is wider than ± 10 percentage points."""
FAR = 6.0
"""Standard deviations from the mean beyond which a number is more likely a mistake than chance."""


def weaknesses(pools: Mapping[str, RowSet], labels: LabelMap) -> list[str]:
    """Warnings about classes or labels that a split lacks, names that differ in case only, and a tiny test split; about
    imbalanced classes, labels that all training rows have, and numbers far from all others."""
    train, test = pools["train"], pools.get("test")
    found = [_tiny(len(test), test.labels.problem)] if test is not None else []
    if isinstance(train.labels, Numbers):
        return [warning for warning in (_far(train, train.labels), *found) if warning]
    if isinstance(train.labels, ClassNames):
        own, noun = _imbalance(train.labels), "class"
    else:
        own, noun = _everywhere(train.labels, labels), "label"
    found = [own, _differ_in_case(labels, noun), *_absent(pools, labels, noun), *found]
    return [warning for warning in found if warning]


def _imbalance(train: ClassNames) -> str:
    totals = Counter(train.values)
    ranked = sorted(totals, key=lambda name: (totals[name], name))
    small, large = ranked[0], ranked[-1]
    if totals[large] <= IMBALANCE * totals[small]:
        return ""
    return (
        f"The classes are imbalanced: '{large}' has {totals[large]:,} training rows, '{small}' has {totals[small]:,}. "
        "Read macro-F1 and the majority baseline beside accuracy; class_weights: auto or sampling: balanced (training) "
        "let rare classes count more."
    )


def _everywhere(train: LabelSets, labels: LabelMap) -> str:
    totals = Counter(name for _, name in train.named())
    full = [name for name in labels.names if totals[name] == len(train)]
    return f"Every training row has the label {shorten(quoted(full))}: nothing tells when to leave it out." * bool(full)


def _far(rows: RowSet, numbers: Numbers) -> str:
    values = np.array(numbers.values)
    distances = np.abs(values - values.mean()) / values.std()
    far = np.flatnonzero(distances > FAR).tolist()
    if not far:
        return ""
    most = int(distances.argmax())
    lie = f"{count(len(far), 'training label')} {'lies' if len(far) == 1 else 'lie'}"
    return (
        f"{lie} more than {FAR:g} standard deviations from the mean of {values.mean():.4g} ({rows.places(far)}; the "
        f"farthest is {values[most]:g}): squared errors are mostly about such rows. Correct or remove mistakes."
    )


def _differ_in_case(labels: LabelMap, noun: str) -> str:
    first: dict[str, str] = {}
    pairs = [
        f"'{first[low]}' and '{name}'" for name in labels.names if first.setdefault(low := name.lower(), name) != name
    ]
    return f"{noun.capitalize()} names that differ in case only: {shorten(pairs)}." if pairs else ""


def _absent(pools: Mapping[str, RowSet], labels: LabelMap, noun: str) -> list[str]:
    found = []
    for role, rows in pools.items():
        have = {name for _, name in rows.labels.named()}
        absent = [name for name in labels.names if name not in have]
        if absent:
            rest = (
                ""
                if role == "train"
                else f" A {noun} that is neither there nor said counts 0 in macro F1; AUROC is not known."
            )
            name = "training" if role == "train" else role
            found.append(f"No {name} row has the {noun} {shorten(quoted(absent))}.{rest}")
    return found


def _tiny(rows: int, problem: Problem) -> str:
    if rows >= SMALL_TEST:
        return ""
    has = f"The test split has {count(rows, 'row')}:"
    if problem == "regression":  # the variance of a variance of normal errors is 2σ⁴/n, so an RMSE's is σ²/2n
        share = 100 * 1.96 / math.sqrt(2 * rows)
        return f"{has} an RMSE on it is known to ± {share:.0f} % of itself only (95 %, where errors are normal)."
    what = "an accuracy" if problem == "single_label" else "the share of rows with all labels right"
    return f"{has} {what} on it is known to ± {100 * half_width(rows):.1f} percentage points only (95 %)."

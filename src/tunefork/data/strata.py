"""What a stratified split keeps the shares of: classes, the rarest label of each row, or bins of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tunefork.data.row_labels import LabelSets, Numbers, RowLabels

BINS = 10
"""Bins of numbers at most."""
ROWS_PER_BIN = 10
"""Rows that a bin has at least, so that a tenth can be held out of each."""


def strata(labels: RowLabels) -> list[str]:
    """For each row the stratum that it is in.

    A row with several labels counts for the one that fewest rows have, and rows without labels are a stratum of their
    own. Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of Multi-Label Data",
    ECML PKDD) gives out rows in this order too, the rarest label first, and then also counts what else they have;
    leaving that out keeps one rule for all problems, and frequent labels, which are in many strata, keep their shares
    by chance. Numbers are put into bins of equal frequency; equal numbers share one.

    >>> strata(LabelSets([("a", "b"), ("a",), (), ("a",)]))
    ['b', 'a', '', 'a']
    """
    if isinstance(labels, LabelSets):
        return _rarest(labels.values)
    return _bins(labels.values) if isinstance(labels, Numbers) else list(labels.values)


def _rarest(sets: Sequence[tuple[str, ...]]) -> list[str]:
    rows = Counter(name for names in sets for name in names)
    return [min(names, key=lambda name: (rows[name], name), default="") for names in sets]


def _bins(numbers: Sequence[float]) -> list[str]:
    bins = min(BINS, len(numbers) // ROWS_PER_BIN)
    if bins < 2:
        return [""] * len(numbers)
    # Edges are numbers that occur: a row at an edge, and all that equal it, are below.
    edges = np.quantile(numbers, np.arange(1, bins) / bins, method="inverted_cdf")
    return [str(place) for place in np.searchsorted(np.unique(edges), numbers, side="left")]

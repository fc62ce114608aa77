"""Power is checked against studies drawn at random: what is promised is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.coverage import WORLDS

from tunefork.uncertainty import compare, detectable, difference_of, rows_needed, seeds_needed
from tunefork.uncertainty.power import Assumed

WORLD = WORLDS[0]


def test_more_rows_seeds_and_fewer_configurations_find_more() -> None:
    assert detectable(872, 5) == detectable(872, 5), "drawn with a fixed seed"
    assert detectable(3488, 5) < detectable(872, 5) < detectable(872, 3) < detectable(872, 3, configurations=9)


def test_one_seed_by_the_formula() -> None:
    """δ = (z(0.975) + z(0.8)) √(D / n) for one comparison and many rows."""
    assert detectable(10_000, 1, assumed=Assumed(0.1, 0.06, 0.0)) == pytest.approx(2.8016 * 0.1**0.5 / 100, rel=0.03)


@pytest.mark.parametrize(("seeds", "count"), [(3, 2), (5, 4)])
def test_a_gap_of_the_promised_size_is_found_in_eighty_of_a_hundred_studies(seeds: int, count: int) -> None:
    random, gaps = np.random.default_rng(5), np.zeros(count)
    gaps[-1] = -WORLD.promised(random, seeds, count)
    studies = (compare(list(WORLD.draw(random, seeds, gaps)), 0.0) for _ in range(250))
    found = sum(pairs[count - 2].outcome == "better" for pairs in studies)
    assert 0.73 <= found / 250 <= 0.87


def test_what_would_decide_an_undecided_pair() -> None:
    random = np.random.default_rng(0)
    a, b = WORLD.draw(random, 3, np.array([0.0, -0.02]))
    pair = compare([a, b], 0.0)[0]
    assert pair.outcome == "undecided"
    rows = rows_needed(pair.difference, 872, 3, 2, margin=0.0)
    seeds = seeds_needed(pair.difference, 872, 3, 2, margin=0.0)
    assert rows is not None
    assert 1500 < rows < 5000
    assert seeds is not None
    assert 5 < seeds < 15
    more = difference_of(*replace(WORLD, rows=4 * rows).draw(random, 3, np.array([0.0, -0.02])))
    assert more.p_value < 0.05


def test_seeds_alone_cannot_mend_what_rows_make() -> None:
    """Two configurations that answer fifty rows alike in all seeds: more seeds say nothing new."""
    base = np.zeros((3, 50), bool)
    base[:, :40] = True
    other = base.copy()
    other[:, 38:41] = [False, False, True]
    other[0, 45] = base[1, 46] = True
    difference = difference_of(base, other)
    assert seeds_needed(difference, 50, 3, 2, margin=0.0) is None
    assert rows_needed(difference, 50, 3, 2, margin=0.0) is not None


def test_one_seed_is_not_judged() -> None:
    random = np.random.default_rng(2)
    difference = difference_of(*WORLD.draw(random, 1, np.zeros(2)))
    assert seeds_needed(difference, 872, 1, 2, 0.01) is None
    assert rows_needed(difference, 872, 1, 2, 0.01) is None

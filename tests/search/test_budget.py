"""What fits into a wall-clock budget."""

from __future__ import annotations

import pytest

from tunefork.search.budget import FINAL, MOST_TRIALS, SEARCH, Cost, allocate, kept_rows, next_runs

COSTS = {
    "full": Cost(0.75, 0.009),
    "head": Cost(0.002, 0.0002, 0.009),
    "last": Cost(0.08, 0.002, 0.008),
    "lora": Cost(0.40, 0.010),
}
"""Much as MiniLM's on film reviews of 256 tokens."""
FEW = {"train": 3257, "validation": 374, "test": 1421}
MANY = {"train": 22_500, "validation": 2_500, "test": 25_000}


def test_rows_are_kept_that_there_is_time_to_pass_through_the_model() -> None:
    assert kept_rows(FEW, list(COSTS.values()), 6000) == FEW
    kept = kept_rows(MANY, list(COSTS.values()), 500)
    assert kept == {"train": 6000, "validation": 300, "test": 1500}
    assert kept_rows(MANY, list(COSTS.values()), 1) == {"train": 400, "validation": 200, "test": 500}


def test_where_there_is_time_a_training_is_as_long_as_was_asked_for() -> None:
    found = allocate(FEW, COSTS, 10_000, 3, 16)
    assert set(found.epochs.values()) == {3}
    assert found.share == pytest.approx(1 / 3)
    assert found.seconds["full"] == pytest.approx(3 * 204 * 0.75 + 1421 * 0.009 + 9 * 374 * 0.009)


@pytest.mark.parametrize("seconds", [300, 600, 1200, 3600])
def test_parts_keep_to_their_shares(seconds: float) -> None:
    rows = kept_rows(MANY, list(COSTS.values()), seconds)
    found = allocate(rows, COSTS, seconds, 3, 16)
    assert max(found.seconds.values()) <= FINAL * seconds * 1.001
    assert all(1 <= trials <= MOST_TRIALS for trials in found.trials.values())
    trained = {key: (found.seconds[key] - COSTS[key].prefix * sum(rows.values())) * found.share for key in COSTS}
    ladder = 5 / 9 if found.share > 0.2 else 1.0
    spent = sum(found.trials[key] * trained[key] * ladder for key in COSTS)
    floor = sum(trained[key] for key in COSTS if found.trials[key] == 1)  # one trial each, whatever it costs
    assert spent <= SEARCH * seconds + floor


def test_cheap_arms_get_more_trials_for_the_same_time() -> None:
    found = allocate(FEW, COSTS, 4000, 3, 16)
    assert found.trials["head"] == MOST_TRIALS
    assert found.trials["full"] < found.trials["lora"] < found.trials["head"]


def test_the_best_two_come_first_seed_by_seed_and_then_the_others() -> None:
    seconds = {"a": 10.0, "b": 20.0, "c": 1.0}
    everything = next_runs(["a", "b", "c"], [0, 1], [], seconds, 1000)
    assert everything == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("c", 0), ("c", 1)]
    assert next_runs(["a", "b", "c"], [0, 1], [], seconds, 35) == [("a", 0), ("b", 0)]
    assert next_runs(["a", "b", "c"], [0, 1], everything[:2], seconds, 15) == [("a", 1)]
    assert next_runs(["a", "b", "c"], [0, 1], everything, seconds, 1000) == []


def test_the_first_run_is_made_in_any_case_and_no_other() -> None:
    assert next_runs(["a"], [0, 1], [], {"a": 10.0}, -5) == [("a", 0)]
    assert next_runs(["a"], [0, 1], [("a", 0)], {"a": 10.0}, 5) == []

"""What fits into a wall-clock budget."""

from __future__ import annotations

import pytest

from tunefork.search.budget import LONGEST, MOST_TRIALS, SEARCH, Cost, allocate, finals, kept_rows, next_runs

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
    assert kept == {"train": 2000, "validation": 300, "test": 1500}
    assert kept_rows(MANY, list(COSTS.values()), 1) == {"train": 400, "validation": 200, "test": 500}


def test_where_there_is_time_a_training_is_as_long_as_was_asked_for() -> None:
    found = allocate(FEW, COSTS, 10_000, 3, 16)
    assert set(found.epochs.values()) == {3}
    assert found.share == pytest.approx(1 / 3)
    final = finals(FEW, COSTS, "head", 7000, 3, 16)
    assert final.train == 3257
    assert set(final.epochs.values()) == {3}
    assert final.seconds["full"] == pytest.approx(3 * 204 * 0.75 + 1421 * 0.009 + 9 * 374 * 0.009)
    prefix = (3257 + 374 + 1421) * 0.008
    assert final.seconds["last"] == pytest.approx(prefix + 3 * 204 * 0.08 + (1421 + 9 * 374) * 0.002)


@pytest.mark.parametrize("seconds", [300, 600, 1200, 3600])
def test_a_search_keeps_to_its_share_and_counts_what_the_frozen_blocks_cost(seconds: float) -> None:
    rows = kept_rows(MANY, list(COSTS.values()), seconds)
    found = allocate(rows, COSTS, seconds, 3, 16)
    assert all(1 <= trials <= MOST_TRIALS for trials in found.trials.values())
    steps = {key: found.epochs[key] * -(-rows["train"] // 16) * cost.step for key, cost in COSTS.items()}
    whole = {key: steps[key] + 9 * rows["validation"] * cost.row for key, cost in COSTS.items()}
    ladder = 5 / 9 if found.share > 0.2 else 1.0
    trials = sum(found.trials[key] * whole[key] * found.share * ladder for key in COSTS)
    passes = sum(cost.prefix * (rows["train"] + rows["validation"]) for cost in COSTS.values())
    floor = sum(whole[key] * found.share for key in COSTS if found.trials[key] == 1)  # one each, whatever it costs
    assert passes > 0.03 * seconds  # they matter
    assert trials + passes <= SEARCH * seconds + floor


@pytest.mark.parametrize("best", list(COSTS))
@pytest.mark.parametrize("seconds", [200, 400, 1000])
def test_final_runs_have_as_many_rows_as_the_best_arm_has_time_for(best: str, seconds: float) -> None:
    rows = {"train": 22_500, "validation": 300, "test": 1500}
    found = finals(rows, COSTS, best, seconds, 3, 16)
    assert found.train == 22_500 or 0.95 * LONGEST * seconds <= found.seconds[best]
    for key, took in found.seconds.items():  # a slow arm gets the same time, and so a part of an epoch
        assert took <= LONGEST * seconds * 1.01 or COSTS[key].prefix
    if found.train < 22_500:  # a head's epochs are cheap beside the frozen blocks; others see more rows, once each
        assert found.epochs[best] == pytest.approx(3 if best == "head" else 1, rel=0.01)


def test_cheap_arms_get_more_trials_for_the_same_time() -> None:
    found = allocate(FEW, COSTS, 4000, 3, 16)
    assert found.trials["head"] == MOST_TRIALS
    assert found.trials["full"] < found.trials["lora"] < found.trials["head"]


def test_the_best_two_come_first_seed_by_seed_and_then_the_others() -> None:
    seconds = {"a": 10.0, "b": 20.0, "c": 1.0}
    everything = next_runs(["a", "b", "c"], [0, 1], [], seconds, 1000)
    assert everything == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("c", 0), ("c", 1)]
    assert next_runs(["a", "b", "c"], [0, 1], everything, seconds, 1000) == []
    assert next_runs(["a", "b", "c"], [0, 1], [], seconds, 30.5) == [("a", 0), ("b", 0)]
    assert next_runs(["a", "b", "c"], [0, 1], everything[:2], seconds, 10.5) == [("a", 1)]


def test_what_there_is_no_time_for_is_passed_over() -> None:
    seconds = {"a": 10.0, "b": 500.0, "c": 1.0}
    assert next_runs(["a", "b", "c"], [0, 1, 2], [], seconds, 25) == [("a", 0), ("a", 1), ("c", 0), ("c", 1), ("c", 2)]


def test_the_first_run_is_made_in_any_case_and_no_other() -> None:
    assert next_runs(["a"], [0, 1], [], {"a": 10.0}, -5) == [("a", 0)]
    assert next_runs(["a"], [0, 1], [("a", 0)], {"a": 10.0}, 5) == []

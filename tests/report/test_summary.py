from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report import studies
from tests.report.studies import S0, Made, make, run_id
from tunefork.errors import StoreError
from tunefork.report import Spread, summarise
from tunefork.report.cautions import cautions
from tunefork.report.tables import table
from tunefork.store import EvaluationRecord, MemoryStore, Store


def revalidate(store: Store, one: Made, seed: int, **numbers: float) -> None:
    """Replace the numbers of a run's kept validation."""
    run = store.run(run_id(one, seed))
    found = next(each for each in store.evaluations(run.id, "validation") if each.step == run.best_step)
    changed: EvaluationRecord = replace(found, **numbers)  # type: ignore[arg-type]
    store.add_evaluation(changed, store.predictions(run.id, "validation", run.best_step))


def test_spread() -> None:
    assert (Spread((1.0, 2.0, 3.0)).mean, Spread((1.0, 2.0, 3.0)).deviation) == (2.0, 1.0)
    assert Spread((1.0,)).deviation is None


def test_configurations_over_their_seeds(tmp_path: Path) -> None:
    store = make(tmp_path)
    summary = summarise(store)
    assert [one.name for one in summary.configurations] == [one.name for one in S0]
    one = summary.configurations[2]
    assert one.blocks == ("methods", "rank", "layers")
    assert one.counts.trainable == 1_108_226
    tests = [store.evaluations(run_id(S0[2], seed), "test")[0] for seed in range(3)]
    for metric in ("loss", "accuracy", "macro_f1", "f1"):
        spread = one.spread("test", metric)
        assert spread is not None
        assert spread.mean == pytest.approx(np.mean([each.metric(metric) for each in tests]))
        assert spread.deviation == pytest.approx(np.std([each.metric(metric) for each in tests], ddof=1))
    assert one.seconds_alone == Spread((88.0, 88.0, 88.0))
    assert one.peak_memory_mb == 1200.0
    assert (one.converged, one.statuses) == (True, ("done",) * 3)
    assert one.correct is not None
    assert one.correct.shape == (3, 872)
    assert summary.split == "test"


def test_blocks_show_a_configuration_wherever_it_belongs(tmp_path: Path) -> None:
    blocks = summarise(make(tmp_path)).blocks
    assert [(title, len(shown)) for title, shown in blocks] == [("methods", 3), ("rank", 3), ("layers", 3)]
    assert {"LoRA r=8 query+value+mlp"} == set.intersection(*({one.name for one in shown} for _, shown in blocks))


def test_reduction_and_share_against_full(tmp_path: Path) -> None:
    full, head = summarise(make(tmp_path)).configurations[:2]
    assert (full.reduction, full.kept) == (0.0, 100.0)
    assert head.reduction == pytest.approx(100 * (1 - 592_130 / 66_955_010))
    ours, theirs = head.spread("test", "accuracy"), full.spread("test", "accuracy")
    assert ours is not None
    assert theirs is not None
    assert head.kept == pytest.approx(100 * ours.mean / theirs.mean)


def test_without_full_the_model_s_total_is_the_reference(tmp_path: Path) -> None:
    lora = summarise(make(tmp_path, S0[2:3])).configurations[0]
    assert lora.kept is None
    assert lora.reduction == pytest.approx(100 * (1 - 1_108_226 / (66_955_010 + 1_108_226 - 592_130)))


def test_best_is_chosen_on_validation_and_never_on_test(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    for seed, loss in enumerate((0.12, 0.10, 0.11)):
        revalidate(store, S0[1], seed, loss=loss)
    summary = summarise(store)
    assert summary.choice.configuration == run_id(S0[1], 0)[:-3]
    assert summary.best == run_id(S0[1], 1)
    assert (summary.choice.by, summary.choice.value) == ("validation", pytest.approx(0.11))
    full, head = summary.configurations
    assert full.accuracy is not None
    assert head.accuracy is not None
    assert full.accuracy.value > head.accuracy.value


def test_the_study_s_metric_decides_and_higher_is_better_for_accuracy(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], selection_metric="accuracy")
    for seed in range(3):
        revalidate(store, S0[0], seed, loss=9.0, accuracy=0.95 + seed / 100)
    assert summarise(store).best == run_id(S0[0], 2)


def test_a_tie_goes_to_fewer_trainable_parameters(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    for one in S0[:2]:
        for seed, loss in enumerate((0.1, 0.2, 0.3) if one is S0[0] else (0.3, 0.1, 0.2)):
            revalidate(store, one, seed, loss=loss)
    assert summarise(store).best == run_id(S0[1], 1)


def test_a_run_s_kept_step_is_what_counts(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    studies.change(store, S0[0], 0, best_step=120)
    validation = summarise(store).runs[0].validation
    assert validation is not None
    assert validation.step == 120


def test_without_validation_the_lowest_training_loss_is_best_with_a_warning(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path, S0[:2], validation=0))
    assert summary.choice.by == "training"
    assert summary.best is not None
    assert summary.best.startswith("full-")
    losses = [run.final_training_loss for run in summary.configurations[0].runs]
    assert summary.best == summary.configurations[0].runs[losses.index(min(losses))].record.id
    assert summary.warnings == (
        "There are no validation rows, so the best run is the one with the lowest final training loss. "
        "Training loss rewards memorising; hold rows out with data.validation.",
    )


def test_failed_and_diverged_runs_are_shown_and_never_best(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    for seed in range(3):
        studies.change(store, S0[0], seed, status="diverged", reason="loss is nan at step 12")
    full, head = (summary := summarise(store)).configurations
    assert full.statuses == ("diverged",) * 3
    assert full.spread("test", "accuracy") is None
    assert full.accuracy is None
    assert summary.best_configuration is head
    assert head.kept is None


def test_a_configuration_with_a_lost_seed_comes_after_the_whole_ones(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    studies.change(store, S0[0], 1, status="failed", reason="out of memory")
    summary = summarise(store)
    assert summary.best is not None
    assert summary.best.startswith("head-")
    assert summary.warnings == (
        "Some seeds failed or diverged, so these were passed over when choosing the best: full.",
    )
    alone = make(tmp_path, S0[:1])
    studies.change(alone, S0[0], 1, status="failed", reason="out of memory")
    assert summarise(alone).best == run_id(S0[0], 2)
    assert summarise(alone).warnings == ()


def test_a_run_that_was_stopped_on_demand_is_as_one_that_failed(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    store.clear(run_id(S0[0], 1))
    reason = "Stopped on demand at step 12 of 60."
    studies.change(store, S0[0], 1, status="stopped", on_demand=True, reason=reason, steps=12)
    summary = summarise(store)
    full, head = summary.configurations
    assert len(full.done) == 2
    assert [run.record.reason for run in full.broken] == [reason]
    assert summary.best_configuration is head
    assert summary.warnings == (
        "Some seeds failed, diverged or were stopped on demand, so these were passed over when choosing the best: "
        "full.",
    )
    warned = [each for each in cautions(summary) if "stopped on demand and" in each]
    assert warned == [
        "1 of 6 runs was stopped on demand and never tested. If that was for their scores on the way, what is left "
        "looks better than it is."
    ]
    content = table(summary)
    assert content.blocks[0].rows[0].cells[0] == "full (1 of 3 stopped)"
    assert f"full, seed 1: stopped: {reason}" in content.notes
    late = make(tmp_path, S0[:2])
    studies.change(late, S0[0], 1, status="stopped", reason="the time was up at step 12 of 60")
    assert summarise(late).configurations[0].broken == (), "whoever ran out of time is no worse for it"


def test_a_loss_that_is_no_number_is_not_best(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2])
    revalidate(store, S0[0], 0, loss=math.nan)
    assert str(summarise(store).best).startswith("head-")
    for seed in range(3):
        for one in S0[:2]:
            revalidate(store, one, seed, loss=math.inf)
    assert summarise(store).best is None


def test_no_run_finished(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    studies.change(store, S0[0], 0, status="planned")
    summary = summarise(store)
    assert (summary.best, summary.split, summary.seeds) == (None, None, ())


def test_without_test_rows_the_tables_show_validation(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path, S0[:2], rows=0))
    assert summary.split == "validation"
    assert summary.configurations[0].accuracy is None


def test_not_converged_when_any_seed_is_not(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1])
    studies.change(store, S0[0], 2, converged=False)
    assert summarise(store).configurations[0].converged is False


def test_no_study(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no study in this folder"):
        summarise(MemoryStore(tmp_path))

"""What every store promises. Both implementations run every test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from tunefork.counts import Counts, Formula
from tunefork.errors import StoreError
from tunefork.store import (
    BaselineRecord,
    ChangeRecord,
    EvaluationRecord,
    MemoryStore,
    Predictions,
    RetentionRecord,
    RunRecord,
    SqliteStore,
    StepRecord,
    StopWish,
    Store,
    StudyRecord,
    TrialRecord,
)

STUDY = StudyRecord(
    name="reviews",
    task="text-classification",
    model="builtin:minilm",
    labels=("bad", "good"),
    rows={"train": 80, "validation": 10, "test": 3},
    data_hash="abc",
    majority={"accuracy": 0.5},
    truncated={"train": 0.25},
    environment={"torch": "2.10", "threads": 8},
    notices=("3 rows dropped",),
    warnings=("one rate",),
)
COUNTS = Counts(adapter=10, head=5, backbone=0, total=100, peft_total=105)
RUN = RunRecord(
    id="lora-1-s0",
    configuration="lora-1",
    name="LoRA r=8",
    strategy="lora",
    seed=0,
    config={"strategy": {"kind": "lora", "targets": ["query", "value"]}, "seed": 0},
    counts=COUNTS,
    blocks=("methods", "rank"),
    notices=("a",),
)


def evaluation(
    split: str = "validation", step: int = 10, loss: float = 0.5, f1: float | None = 0.75
) -> EvaluationRecord:
    return EvaluationRecord(RUN.id, step, 1.0, split, loss, 0.8, 0.7, f1, 0.1)


def predictions(rows: int = 3, classes: int = 2, shift: float = 0.0) -> Predictions:
    logits = np.arange(rows * classes, dtype=np.float32).reshape(rows, classes) + np.float32(shift)
    return Predictions(tuple(f"r{n}" for n in range(rows)), np.arange(rows, dtype=np.int64) % classes, logits)


@pytest.fixture(params=[SqliteStore, MemoryStore])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make: Callable[[Path], Store] = request.param
    made = make(tmp_path / "study")
    yield made
    made.close()


def test_folder(store: Store, tmp_path: Path) -> None:
    assert store.folder == tmp_path / "study"


def test_no_study_yet(store: Store) -> None:
    with pytest.raises(
        StoreError, match=r"There is no study in this folder \(.*study\)\. Run `tunefork run STUDY\.yaml`"
    ):
        store.study()


def test_study_comes_back_equal(store: Store) -> None:
    store.begin(STUDY)
    assert store.study() == STUDY


def test_begin_again_replaces_the_study_and_keeps_the_runs(store: Store) -> None:
    store.begin(STUDY)
    store.put_run(RUN)
    store.begin(replace(STUDY, name="again"))
    assert store.study().name == "again"
    assert store.runs() == [RUN]


def test_runs_come_back_equal_and_in_their_first_order(store: Store) -> None:
    for name in ("b", "a", "c"):
        store.put_run(replace(RUN, id=name))
    done = replace(RUN, id="b", status="done", converged=False, best_step=20, stopped_early=True, seconds=1.5)
    store.put_run(done)
    assert [run.id for run in store.runs()] == ["b", "a", "c"]
    assert store.run("b") == done
    assert store.run("b").counts.peft_percent == pytest.approx(100 * 15 / 105)


def test_a_record_kept_is_not_changed_from_outside(store: Store) -> None:
    run = replace(RUN, config={"seed": 0})
    store.put_run(run)
    run.config["seed"] = 1
    store.run(run.id).config["seed"] = 2
    assert store.run(run.id).config == {"seed": 0}


def test_unknown_run(store: Store) -> None:
    with pytest.raises(StoreError, match=r"^There is no run 'x'\. The study has no runs yet\.$"):
        _ = store.run("x")
    store.put_run(RUN)
    with pytest.raises(StoreError) as caught:
        store.run("lora-1-s1")
    assert str(caught.value) == "There is no run 'lora-1-s1'. Did you mean 'lora-1-s0'?"


def test_steps_by_step_and_replaced(store: Store) -> None:
    for step, loss in ((20, 0.4), (10, 0.6), (20, 0.3)):
        store.add_step(StepRecord(RUN.id, step, step / 10, loss, 1e-3, 0.5))
    store.add_step(StepRecord("other", 10, 1.0, 9.0, 1e-3, 0.5))
    assert [(step.step, step.loss) for step in store.steps(RUN.id)] == [(10, 0.6), (20, 0.3)]
    assert [step.step for step in store.steps(RUN.id, after=10)] == [20]
    assert store.steps(RUN.id, after=20) == store.steps("never seen") == []


def test_evaluations_of_one_split_or_all(store: Store) -> None:
    store.add_evaluation(evaluation(step=20), predictions())
    store.add_evaluation(evaluation(step=10), predictions())
    store.add_evaluation(evaluation("test", 20), predictions())
    assert [(one.split, one.step) for one in store.evaluations(RUN.id)] == [
        ("validation", 10),
        ("validation", 20),
        ("test", 20),
    ]
    assert store.evaluations(RUN.id, "test") == [evaluation("test", 20)]
    assert store.evaluations("never seen") == []


def test_a_second_evaluation_replaces_the_first(store: Store) -> None:
    store.add_evaluation(evaluation(loss=0.5), predictions())
    store.add_evaluation(evaluation(loss=0.4), predictions(shift=1))
    assert [one.loss for one in store.evaluations(RUN.id)] == [0.4]
    assert store.predictions(RUN.id, "validation").logits[0, 0] == 1


def test_numbers_that_are_none_or_not_a_number(store: Store) -> None:
    store.add_evaluation(evaluation(loss=math.nan, f1=None), predictions())
    found = store.evaluations(RUN.id)[0]
    assert math.isnan(found.loss)
    assert found.f1 is None
    store.add_step(StepRecord(RUN.id, 1, 0.1, math.inf, 1e-3, 0.0))
    assert store.steps(RUN.id)[0].loss == math.inf


def test_further_metrics_and_the_temperature_come_back(store: Store) -> None:
    scores = {"mcc": 0.25, "auroc": 0.75, "cost": 1.5}
    store.add_evaluation(replace(evaluation(), scores=scores), predictions())
    (found,) = store.evaluations(RUN.id)
    assert found.scores == scores
    assert (found.metric("auroc"), found.metric("loss")) == (0.75, 0.5)
    assert math.isnan(found.metric("ece"))
    store.put_run(replace(RUN, temperature=1.5))
    assert store.run(RUN.id).temperature == 1.5
    store.begin(replace(STUDY, own_metrics={"cost": {"lower": True, "source": "m:cost"}}))
    assert store.study().own_metrics["cost"]["lower"] is True


def test_written_probabilities_are_calibrated(store: Store) -> None:
    store.begin(STUDY)
    store.put_run(replace(RUN, temperature=2.0))
    answers = predictions(rows=4)
    store.add_evaluation(evaluation("test"), answers)
    path = store.write_predictions(RUN.id)
    frame = pd.read_parquet(path)
    halved = np.exp(answers.logits.astype(np.float64) / 2)
    np.testing.assert_allclose(frame[["p_bad", "p_good"]], halved / halved.sum(axis=1, keepdims=True), rtol=1e-12)
    assert parquet.read_schema(path).metadata == {b"temperature": b"2.0"}
    assert frame["predicted"].tolist() == [STUDY.labels[each] for each in answers.predicted]


def test_numpy_numbers_are_numbers(store: Store) -> None:
    store.add_step(StepRecord(RUN.id, np.int64(3), 0.1, np.float32(0.5), 1e-3, 0.0))  # type: ignore[arg-type]
    assert [(step.step, step.loss) for step in store.steps(RUN.id)] == [(3, 0.5)]


def test_predictions_of_a_step_and_the_last(store: Store) -> None:
    for step in (20, 10):
        store.add_evaluation(evaluation(step=step), predictions(shift=step))
    last, first = store.predictions(RUN.id, "validation"), store.predictions(RUN.id, "validation", 10)
    assert last.ids == ("r0", "r1", "r2")
    assert (last.labels.dtype, last.logits.dtype, last.logits.shape) == (np.int64, np.float32, (3, 2))
    assert (last.logits[0, 0], first.logits[0, 0]) == (20, 10)
    assert last.correct.tolist() == [False, True, False]


def test_labels_of_every_problem_come_back_as_they_were(store: Store) -> None:
    ids, logits = ("r0", "r1", "r2"), np.zeros((3, 8), dtype=np.float32)
    several = np.eye(3, 8, dtype=np.int8)
    numbers = np.array([1.5, -2.0, 3e9])
    for step, labels, made in ((1, several, logits), (2, numbers, logits[:, :1]), (3, np.array([0, 7, 3]), logits)):
        store.add_evaluation(evaluation(step=step), Predictions(ids, labels, made))
    for step, labels in ((1, several), (2, numbers), (3, np.array([0, 7, 3]))):
        found = store.predictions(RUN.id, "validation", step).labels
        assert found.dtype == labels.dtype
        np.testing.assert_array_equal(found, labels)
    assert store.predictions(RUN.id, "validation", 1).problem == "multi_label"
    assert store.predictions(RUN.id, "validation", 2).problem == "regression"
    with pytest.raises(ValueError, match="neither right nor wrong"):
        _ = store.predictions(RUN.id, "validation", 2).correct


def test_written_predictions_of_several_labels_and_of_numbers(store: Store) -> None:
    store.begin(STUDY)
    store.put_run(RUN)
    several = Predictions(("a", "b"), np.array([[1, 1], [0, 0]], np.int8), np.array([[2, -1], [0.5, 3]], np.float32))
    store.add_evaluation(evaluation(step=10), several)
    frame = pd.read_parquet(store.write_predictions(RUN.id, ("x", "y")))
    assert [list(each) for each in frame["label"]] == [["x", "y"], []]
    assert [list(each) for each in frame["predicted"]] == [["x"], ["x", "y"]]
    assert frame["p_x"].tolist() == pytest.approx([1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-0.5))])
    numbers = Predictions(("a", "b"), np.array([1.5, 2.5]), np.array([[1.0], [2.0]], dtype=np.float32))
    store.clear(RUN.id)
    store.add_evaluation(evaluation(step=10), numbers)
    frame = pd.read_parquet(store.write_predictions(RUN.id, ("stars",)))
    assert list(frame.columns) == ["split", "step", "id", "label", "predicted"]
    assert frame["label"].tolist() == [1.5, 2.5]
    assert frame["predicted"].tolist() == [1.0, 2.0]


def test_predictions_that_are_not_there(store: Store) -> None:
    with pytest.raises(StoreError, match=r"^Run 'lora-1-s0' has no predictions on test at step 3\."):
        store.predictions(RUN.id, "test", 3)


def test_odd_ids_and_no_rows(store: Store) -> None:
    odd = Predictions(("", 'a"b', "ä\n", "😀"), np.zeros(4, np.int64), np.zeros((4, 3), np.float32))
    store.add_evaluation(evaluation("test"), odd)
    store.add_evaluation(evaluation(), predictions(rows=0))
    assert store.predictions(RUN.id, "test").ids == odd.ids
    assert store.predictions(RUN.id, "validation").logits.shape == (0, 2)


def test_an_evaluation_is_recorded_whole_or_not_at_all(store: Store) -> None:
    short = replace(predictions(), ids=("r0",))
    with pytest.raises(StoreError, match=r"Found: 1 ids, 3 labels, logits of shape \(3, 2\)"):
        store.add_evaluation(evaluation(), short)
    assert store.evaluations(RUN.id) == []


def test_clear_forgets_one_run_and_keeps_its_record(store: Store) -> None:
    other = replace(evaluation(), run="other")
    store.put_run(RUN)
    store.add_step(StepRecord(RUN.id, 1, 0.1, 0.5, 1e-3, 0.0))
    for one in (evaluation(), other):
        store.add_evaluation(one, predictions())
    written = store.write_predictions(RUN.id, STUDY.labels)
    store.clear(RUN.id)
    assert store.runs() == [RUN]
    assert (store.steps(RUN.id), store.evaluations(RUN.id), written.exists()) == ([], [], False)
    with pytest.raises(StoreError, match="no predictions"):
        store.predictions(RUN.id, "validation")
    assert store.predictions("other", "validation").ids == ("r0", "r1", "r2")


def test_run_folder(store: Store) -> None:
    assert store.run_folder("a-1") == store.folder / "runs" / "a-1"
    assert store.run_folder("a-1").is_dir()
    for bad in ("..", "a/b", "", "c:d", "\\x"):
        with pytest.raises(StoreError, match="plain name"):
            store.run_folder(bad)


def test_written_predictions(store: Store) -> None:
    import pyarrow.parquet as pq

    store.put_run(replace(RUN, best_step=10))
    for step in (10, 20):
        store.add_evaluation(evaluation(step=step), predictions(shift=step))
    store.add_evaluation(evaluation("test", 10), predictions(rows=2))
    path = store.write_predictions(RUN.id, STUDY.labels)
    assert path == store.folder / "runs" / RUN.id / "predictions.parquet"
    table = pq.read_table(path).to_pydict()
    assert list(table) == ["split", "step", "id", "label", "predicted", "p_bad", "p_good"]
    assert table["split"] == ["validation"] * 3 + ["test"] * 2
    assert table["step"] == [10] * 5
    assert table["id"] == ["r0", "r1", "r2", "r0", "r1"]
    assert table["label"] == ["bad", "good", "bad", "bad", "good"]
    assert table["predicted"] == ["good"] * 5
    assert table["p_good"] == pytest.approx([1 / (1 + math.exp(-1))] * 5)
    assert [path.name for path in path.parent.iterdir()] == ["predictions.parquet"]


def test_written_predictions_take_the_study_s_labels(store: Store) -> None:
    import pyarrow.parquet as pq

    store.begin(STUDY)
    store.put_run(RUN)
    store.add_evaluation(evaluation(), predictions())
    assert pq.read_table(store.write_predictions(RUN.id)).column("label").to_pylist() == ["bad", "good", "bad"]


def test_written_predictions_need_predictions_and_names(store: Store) -> None:
    store.put_run(RUN)
    with pytest.raises(StoreError, match="no predictions on validation or test"):
        store.write_predictions(RUN.id, STUDY.labels)
    store.add_evaluation(evaluation("test"), predictions())
    with pytest.raises(StoreError, match="1 names for 2 classes"):
        store.write_predictions(RUN.id, ["only"])


def test_a_baseline_is_kept_with_its_answers_and_is_no_run(store: Store) -> None:
    assert store.baselines() == []
    first = BaselineRecord("tfidf", "TF-IDF", "tfidf", 0.5, 0.8, 0.7, 0.75, 1.5, {"C": 3.0})
    second = BaselineRecord("file", "somebody's", "file", math.nan, 0.6, 0.5)
    store.put_baseline(first, predictions())
    store.put_baseline(second, predictions())
    store.put_baseline(replace(first, accuracy=0.9), predictions())
    found = store.baselines()
    assert [one.id for one in found] == ["tfidf", "file"]
    assert found[0] == replace(first, accuracy=0.9)
    assert found[0].metric("f1") == 0.75
    assert math.isnan(found[1].metric("loss"))
    assert math.isnan(found[1].metric("f1"))
    np.testing.assert_array_equal(store.predictions("tfidf", "test").logits, predictions().logits)
    assert store.runs() == []


def test_formulas_and_counts_come_back_as_they_were(store: Store) -> None:
    formulas = (Formula("head", "classifier", "2 × 3 + 3", 9), Formula("adapter", "A and B", "2 × 2", 4))
    run = replace(RUN, formulas=formulas, counted={"head": 9, "adapter": 4})
    store.put_run(run)
    assert store.run(RUN.id) == run
    store.put_run(RUN)
    assert (store.run(RUN.id).formulas, store.run(RUN.id).counted) == ((), {})


def test_excerpts_are_kept_and_forgotten_with_the_pictures(store: Store) -> None:
    assert store.excerpts() == {}
    store.put_excerpts({"r1": "late again", "r2": "first\nsecond ☃"})
    store.put_excerpts({"r1": "late, again"})
    store.put_thumbnails({"cat.jpg": b"one"})
    assert store.excerpts() == {"r1": "late, again", "r2": "first\nsecond ☃"}
    store.forget_examples()
    assert (store.excerpts(), store.thumbnails()) == ({}, {})


def test_thumbnails_are_kept_by_the_ids_of_their_rows(store: Store) -> None:
    assert store.thumbnails() == {}
    store.put_thumbnails({"cat/1.jpg": b"one", "naïve ☃": b"\xff\xd8"})
    store.put_thumbnails({"cat/1.jpg": b"two"})
    assert store.thumbnails() == {"cat/1.jpg": b"two", "naïve ☃": b"\xff\xd8"}


def test_a_trial_is_kept_in_order_and_replaced(store: Store) -> None:
    assert store.trials() == []
    first = TrialRecord("a/0", "a", "full", 0, {"learning_rate": 1e-4, "targets": "query"}, "loss", 0.5, "done", 3, 9)
    second = replace(first, id="a/1", number=1, value=None, status="diverged", reason="nan")
    store.put_trial(first)
    store.put_trial(second)
    store.put_trial(replace(first, chosen=True))
    assert store.trials() == [replace(first, chosen=True), second]
    assert store.runs() == []


def test_what_was_chosen_is_kept_under_its_name(store: Store) -> None:
    assert store.chosen("budget") == {}
    store.choose("budget", {"rows": {"train": 5}, "share": 0.25})
    store.choose("other", {"a": [1]})
    store.choose("budget", {"rows": {"train": 6}})
    assert store.chosen("budget") == {"rows": {"train": 6}}
    assert store.chosen("other") == {"a": [1]}


def test_wishes_for_runs_stand_and_old_ones_for_the_study_are_forgotten(store: Store) -> None:
    assert store.wishes() == []
    store.put_wishes([StopWish("a", 5.0), StopWish("", 10.0)])
    store.put_wishes([StopWish("b", 6.0), StopWish("a", 7.0)])
    assert store.wishes() == [StopWish("a", 7.0), StopWish("", 10.0), StopWish("b", 6.0)]
    store.forget_wishes(before=10.0)
    assert [wish.run for wish in store.wishes()] == ["a", "", "b"], "it came as the next process began"
    store.forget_wishes(before=10.5)
    assert store.wishes() == [StopWish("a", 7.0), StopWish("b", 6.0)]


def test_what_is_asked_of_a_run_that_ended(store: Store) -> None:
    records = [
        replace(RUN, id=status, status=status, steps=3) for status in ("planned", "running", "paused", "done", "failed")
    ]
    records += [replace(RUN, id="late", status="stopped", steps=3)]
    records += [replace(RUN, id=f"asked-{n}", status="stopped", steps=n, on_demand=True) for n in (0, 3)]
    store.put_runs(records)
    assert [run.id for run in store.runs() if run.settled] == ["done", "asked-0", "asked-3"]
    assert [run.id for run in store.runs() if run.broken] == ["failed", "asked-0", "asked-3"]
    assert [run.id for run in store.runs() if run.never_trained] == ["asked-0"]


CHANGE = ChangeRecord(
    RUN.id, "layer.0.query", 0, "query", 32, 48, 0.6, 12.0, 0.5, 1.7, 1.44, 3, 0.5, 1, (0.99, 0.31, 0.98)
)
KEPT = RetentionRecord(RUN.id, "t1", "earlier", "reviews", "/studies/reviews", "full-1-s0", 3, 0.4, 0.9, 0.8, "abc")


def test_changes_of_a_run_are_replaced_together(store: Store) -> None:
    assert store.changes(RUN.id) == []
    second = replace(CHANGE, matrix="layer.0.value", intruders=0, similarities=())
    store.put_changes(RUN.id, [CHANGE, second])
    store.put_changes("other", [replace(CHANGE, run="other")])
    assert store.changes(RUN.id) == [CHANGE, second]
    assert store.changes(RUN.id)[0].relative == pytest.approx(0.05)
    store.put_changes(RUN.id, [second])
    assert store.changes(RUN.id) == [second]
    assert [change.run for change in store.changes("other")] == ["other"]


def test_changes_of_two_runs_or_twice_of_a_matrix_are_refused(store: Store) -> None:
    store.put_changes(RUN.id, [CHANGE])
    for wrong, found in (
        ([replace(CHANGE, run="other")], "1 for 1 matrices, of the runs other"),
        ([CHANGE, CHANGE], "2 for 1 matrices, of the runs lora-1-s0"),
    ):
        with pytest.raises(StoreError, match=f"recorded together, one for each matrix .lora-1-s0.. Found: {found}"):
            store.put_changes(RUN.id, wrong)
    assert store.changes(RUN.id) == [CHANGE]


def test_what_is_kept_of_an_earlier_task(store: Store) -> None:
    assert store.retentions() == []
    before = replace(KEPT, run="earlier:t1", head="before")
    own = replace(KEPT, head="own", accuracy=0.7)
    for shift, record in enumerate((before, KEPT, own)):
        store.put_retention(record, predictions(shift=shift))
    assert store.retentions() == [before, KEPT, own]
    assert [store.predictions(one.run, one.split).logits[0, 0] for one in (before, KEPT, own)] == [0, 1, 2]
    store.put_retention(replace(KEPT, accuracy=0.6), predictions(shift=9))
    assert [one.accuracy for one in store.retentions()] == [0.9, 0.6, 0.7]
    assert store.predictions(RUN.id, KEPT.split).logits[0, 0] == 9
    assert store.runs() == []
    assert store.evaluations(RUN.id) == []
    with pytest.raises(StoreError, match="Predictions need one id"):
        store.put_retention(KEPT, replace(predictions(), ids=("r0",)))


def test_a_run_that_trains_again_forgets_its_changes_and_what_it_kept(store: Store) -> None:
    store.put_run(RUN)
    store.put_changes(RUN.id, [CHANGE])
    before = replace(KEPT, run="earlier:t1", head="before")
    for record in (before, KEPT):
        store.put_retention(record, predictions())
    store.clear(RUN.id)
    assert store.changes(RUN.id) == []
    assert store.retentions() == [before]
    assert store.predictions("earlier:t1", before.split).ids == ("r0", "r1", "r2")
    with pytest.raises(StoreError, match="no predictions"):
        store.predictions(RUN.id, KEPT.split)

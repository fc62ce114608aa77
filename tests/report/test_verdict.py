from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report import studies
from tests.report.studies import S0, Made, lora, make, run_id
from tunefork.config import Judging
from tunefork.report import Verdict, summarise, to_json, verdict
from tunefork.store import BaselineRecord, Store

FULL, HEAD, TWO = S0[0], S0[1], lora(2, "query+value", 665_858, 0.9)


def answer(store: Store, one: Made, right: Sequence[int], loss: float, rows: int = 100) -> None:
    """Make each seed right on so many of the first rows, and its validation loss ``loss``."""
    for seed, count in enumerate(right):
        test = store.evaluations(run_id(one, seed), "test")[0]
        given = store.predictions(test.run, "test")
        logits = np.eye(2, dtype=np.float32)[np.where(np.arange(rows) < count, given.labels, 1 - given.labels)]
        store.add_evaluation(replace(test, accuracy=count / rows), replace(given, logits=logits))
        for found in store.evaluations(test.run, "validation"):
            store.add_evaluation(replace(found, loss=loss), store.predictions(test.run, "validation", found.step))


def study(folder: Path, seeds: int = 1, **changes: object) -> Store:
    return make(folder, (FULL, HEAD, TWO), seeds=seeds, rows=100, **changes)


def judged(store: Store) -> Verdict:
    return verdict(summarise(store))


def test_the_sentences_of_a_study(tmp_path: Path) -> None:
    store = study(tmp_path)
    answer(store, FULL, [90], 0.1)
    answer(store, HEAD, [60], 0.3)
    answer(store, TWO, [88], 0.2)
    found = judged(store)
    assert found.sentences == (
        "full is best by validation loss (0.1000); on the 100 test rows its accuracy is 90.0 % "
        "(95 % interval 82.6 to 94.5 %).",
        "Recommended: full (66,955,010 trainable parameters, 100.00 % of the model); nothing smaller is within "
        "1 point.",
        "Worse than full: head by 30.0 points (95 % interval 20.9 to 39.1).",
        "This data cannot decide between full and LoRA r=2 query+value (−2.0 points, 95 % interval −4.8 to +0.8).",
        "Of those not told apart from full, LoRA r=2 query+value is the smallest (665,858 trainable parameters), the "
        "fastest (1 min 22 s) and the leanest (1.2 GB).",
        "The saved model to take (full, seed 0) is right on 90.0 % of the test rows (82.6 to 94.5 %), and told apart "
        "from the saved head (McNemar's test).",
    )
    assert found.best == run_id(FULL, 0)
    assert [one.name for one in found.tied] == ["full", TWO.name]
    assert [(one.name, one.outcome) for one in found.comparisons] == [("head", "worse"), (TWO.name, "undecided")]
    assert "equal" not in str(found)


def test_the_smallest_within_the_margin_is_recommended(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 88, 0.2)):
        answer(store, one, [right], loss)
    found = verdict(summarise(store, Judging(margin=2.0)))
    assert found.sentences[1] == (
        "Recommended: LoRA r=2 query+value (665,858 trainable parameters, 0.98 % of the model), the smallest within "
        "2 points; not shown to be worse than full, and not shown to be equivalent either."
    )
    assert found.recommended is not None
    assert found.recommended.name == TWO.name


def test_equivalence_has_to_be_shown(tmp_path: Path) -> None:
    """The same answers on 100 rows are no proof; on 2,000 they are."""
    for rows, outcome in ((100, "undecided"), (2000, "equivalent")):
        store = make(tmp_path / str(rows), (FULL, TWO), seeds=1, rows=rows)
        for one, loss in ((FULL, 0.1), (TWO, 0.2)):
            answer(store, one, [rows * 9 // 10], loss, rows)
        found = judged(store)
        assert [one.outcome for one in found.comparisons] == [outcome]
    assert found.sentences[2] == (
        "Equivalent to full within 1 point: LoRA r=2 query+value (0.0 points, 95 % interval −0.2 to +0.2)."
    )
    assert found.sentences[1].endswith("the smallest within 1 point; equivalent to full within 1 point.")


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (60, "full beats TF-IDF (accuracy 60.0 %): +30.0 points, 95 % interval +20.9 to +39.1."),
        (89, "full is not shown to beat TF-IDF (accuracy 89.0 %): +1.0 points, 95 % interval −1.0 to +3.0."),
        (100, "TF-IDF (accuracy 100.0 %) is better than full, which needs a transformer: −10.0 points, 95 % interval "
         "−16.0 to −4.0."),
    ],
)  # fmt: skip
def test_whether_a_transformer_is_worth_it(right: int, expected: str, tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, count, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 88, 0.2)):
        answer(store, one, [count], loss)
    given = store.predictions(run_id(FULL, 0), "test")
    said = np.where(np.arange(100) < right, given.labels, 1 - given.labels)
    record = BaselineRecord("tfidf", "TF-IDF", "tfidf", 0.4, right / 100, right / 100)
    store.put_baseline(record, replace(given, logits=np.eye(2, dtype=np.float32)[said]))
    found = judged(store)
    assert expected in found.sentences
    document = to_json(store)["baselines"]
    assert document[0]["accuracy"] == right / 100
    assert document[0]["best_ahead_by"]["difference"] == pytest.approx((90 - right) / 100)


def test_limits_choose_among_what_keeps_them(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 88, 0.2)):
        answer(store, one, [right], loss)
    found = verdict(summarise(store, Judging(max_trainable=700_000)))
    assert found.sentences[1] == (
        "Recommended, within your limits (at most 700,000 trainable parameters): LoRA r=2 query+value (665,858 "
        "trainable parameters, 0.98 % of the model), which validation prefers among those that keep them; it is behind "
        "full (−2.0 points, 95 % interval −4.8 to +0.8)."
    )
    assert verdict(summarise(store, Judging(max_trainable="600k"))).recommended.name == "head"  # type: ignore
    found = verdict(summarise(store, Judging(max_seconds=1, max_memory="1GB")))
    assert found.recommended is None
    assert found.sentences[1] == "No configuration of this study keeps your limits (at most 1.0 GB and 1.0 s)."


def test_a_limit_on_how_long_an_answer_takes(tmp_path: Path) -> None:
    store = study(tmp_path, seeds=3)
    for one, times in ((FULL, (30, 31, 90)), (HEAD, (29, 30, 32)), (TWO, (41, 40, 39))):
        answer(store, one, [90, 90, 90] if one is not TWO else [95, 95, 95], 0.1 if one is TWO else 0.2)
        for seed, each in enumerate(times):
            studies.change(store, one, seed, latency_ms=float(each))
    found = verdict(summarise(store, Judging(max_latency="35ms")))  # type: ignore[arg-type]
    assert found.recommended is not None
    assert found.recommended.name != TWO.name
    assert "(at most 35 ms a row)" in found.sentences[1]
    assert verdict(summarise(store, Judging(max_latency=20))).recommended is None


def test_what_would_decide_is_estimated(tmp_path: Path) -> None:
    store = make(tmp_path, (FULL, HEAD, TWO), seeds=3)
    answer(store, FULL, [785, 790, 780], 0.1, 872)
    answer(store, TWO, [775, 783, 776], 0.2, 872)
    answer(store, HEAD, [500, 500, 510], 0.3, 872)
    found = verdict(summarise(store, Judging(margin=0.1)))
    (sentence,) = (each for each in found.sentences if each.startswith("Were these differences"))
    assert re.fullmatch(
        r"Were these differences as they seem, \d+ seeds( or [\d,]+ test rows)? would decide on LoRA r=2 query\+value.",
        sentence,
    )


def test_a_method_and_a_saved_model_are_two_questions(tmp_path: Path) -> None:
    """Over seeds the two methods cannot be told apart; the two models on disk can."""
    store = study(tmp_path, seeds=3)
    answer(store, FULL, [95, 85, 90], 0.1)
    answer(store, TWO, [84, 91, 83], 0.2)
    answer(store, HEAD, [50, 52, 48], 0.3)
    found = judged(store)
    assert [(one.name, one.outcome) for one in found.comparisons][1] == (TWO.name, "undecided")
    saved = {one.name: one for one in found.saved}
    assert saved["full"].estimate.value == 0.95
    assert saved[TWO.name].estimate.value == 0.84
    assert saved[TWO.name].p_value == pytest.approx(2 * 0.5**11)
    assert saved["head"].p_value < 1e-10


def test_one_seed_is_said_to_be_one_seed(tmp_path: Path) -> None:
    warning = (
        "Each configuration has one seed, so the noise between seeds is not counted. Another seed may move an accuracy "
        "by more than the difference between configurations; run three seeds."
    )
    assert warning in judged(study(tmp_path)).warnings
    assert not [each for each in judged(study(tmp_path, seeds=2)).warnings if "seed" in each]
    store = study(tmp_path, seeds=2)
    studies.change(store, HEAD, 0, status="failed", reason="x")
    (some,) = (each for each in judged(store).warnings if each.startswith("One seed only"))
    assert "in comparisons with head." in some


def test_noise_between_seeds_makes_a_tie(tmp_path: Path) -> None:
    """The reference study's lesson: what one seed shows, three seeds may take back."""
    store = study(tmp_path, seeds=3)
    answer(store, FULL, [95, 85, 90], 0.1)
    answer(store, TWO, [84, 91, 83], 0.2)
    answer(store, HEAD, [50, 52, 48], 0.3)
    outcomes = {one.name: one.outcome for one in judged(store).comparisons}
    assert outcomes == {"head": "worse", TWO.name: "undecided"}


def test_better_on_test_though_validation_chose_otherwise(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 60, 0.1), (HEAD, 90, 0.3), (TWO, 60, 0.2)):
        answer(store, one, [right], loss)
    found = judged(store)
    assert found.best == run_id(FULL, 0)
    assert found.sentences[2] == (
        "Better than full on test, though validation chose otherwise: head by 30.0 points "
        "(95 % interval 20.9 to 39.1). The test split does not choose; more validation rows would."
    )
    assert found.recommended is not None
    assert found.recommended.name == "head"
    assert found.sentences[1].endswith("the smallest within 1 point; better than full on test.")


def test_not_converged_is_never_called_worse(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 90, 0.2)):
        answer(store, one, [right], loss)
    studies.change(store, HEAD, 0, converged=False)
    found = judged(store)
    assert not [sentence for sentence in found.sentences if "Worse" in sentence]
    assert found.sentences[3] == (
        "Behind full but not converged, so not judged: head by 30.0 points (95 % interval 20.9 to 39.1). "
        "Training ended while validation loss was still falling; train longer before comparing."
    )
    assert found.recommended is not None
    assert found.recommended.name == TWO.name
    assert (
        "Not converged: head. Validation loss was still falling when training ended, so more epochs may change the "
        "ranking."
    ) in found.warnings


def test_holm_takes_back_what_one_comparison_alone_would_show(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 85, 0.3), (TWO, 85, 0.2)):
        answer(store, one, [right], loss)
    found = judged(store)
    assert found.comparisons[0].adjusted == pytest.approx(3 * found.comparisons[0].difference.p_value), "three pairs"


def test_a_tie_whose_plain_interval_excludes_zero_says_why(tmp_path: Path) -> None:
    many = [FULL, *(lora(rank, "query+value", 600_000 + rank, 0.9) for rank in range(1, 8))]
    store = make(tmp_path, many, seeds=1, rows=100)
    for one in many:
        answer(store, one, [90 if one is FULL else 85], 0.1 if one is FULL else 0.2)
    (tie,) = (each for each in judged(store).sentences if each.startswith("This data cannot decide"))
    assert "(−5.0 points, 95 % interval −9.3 to −0.7; p = 0.69 after correcting for 28 pairs)" in tie


def test_the_best_may_be_the_smallest(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.2), (HEAD, 91, 0.1), (TWO, 90, 0.3)):
        answer(store, one, [right], loss)
    assert judged(store).sentences[1] == (
        "Recommended: head (592,130 trainable parameters, 0.88 % of the model); nothing smaller is within 1 point."
    )


def test_floors_that_are_not_beaten(tmp_path: Path) -> None:
    store = study(tmp_path, majority={"accuracy": 0.55}, baseline={"accuracy": 0.2})
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 88, 0.2)):
        answer(store, one, [right], loss)
    warnings = judged(store).warnings
    assert "Not shown to beat always answering the most frequent label (accuracy 55.0 %): head." in warnings
    assert not [each for each in warnings if "before training" in each]


def test_the_study_s_warnings_come_first(tmp_path: Path) -> None:
    store = study(tmp_path, warnings=("All strategies share the learning rate 2e-05.",))
    assert judged(store).warnings[0] == "All strategies share the learning rate 2e-05."
    assert str(judged(store)).startswith("Warning: All strategies share the learning rate 2e-05.\nWarning: Each")


def test_no_test_rows(tmp_path: Path) -> None:
    found = judged(make(tmp_path, (FULL, HEAD), rows=0))
    assert len(found.sentences) == 1
    assert re.fullmatch(
        r"full is best by validation loss \(0\.\d{4}, mean over 3 seeds\)\. It was not evaluated on test rows, so its "
        r"accuracy on new data is not known\.",
        found.sentences[0],
    )
    assert found.recommended is None


def test_other_selection_metrics_are_told_in_percent(tmp_path: Path) -> None:
    found = judged(make(tmp_path, (FULL, HEAD), selection_metric="macro_f1"))
    assert re.match(
        r"full is best by validation macro F1 \(\d\d\.\d\d %, mean over 3 seeds\); on the 872 test rows its macro F1 ",
        found.sentences[0],
    )


def test_a_study_that_has_not_finished(tmp_path: Path) -> None:
    store = study(tmp_path)
    studies.change(store, HEAD, 0, status="planned")
    assert "1 of 3 runs have not finished; this verdict is preliminary." in judged(store).warnings
    for one in (FULL, TWO):
        studies.change(store, one, 0, status="failed", reason="out of memory")
    found = judged(store)
    assert found.sentences == ("No run has finished, so there is nothing to conclude yet (2 failed, 1 planned).",)
    assert "2 of 3 runs failed or diverged; the table gives the reasons." in found.warnings
    assert found.best is None


def test_no_runs_at_all(tmp_path: Path) -> None:
    assert judged(make(tmp_path, ())).sentences == ("The study has no runs yet.",)


def test_a_configuration_alone(tmp_path: Path) -> None:
    found = judged(make(tmp_path, (FULL,)))
    assert (len(found.sentences), found.comparisons, found.recommended) == (1, (), None)


def test_other_test_rows_are_not_compared(tmp_path: Path) -> None:
    store = study(tmp_path)
    answer(store, FULL, [90], 0.1)
    test = store.evaluations(run_id(HEAD, 0), "test")[0]
    given = store.predictions(test.run, "test")
    store.add_evaluation(test, replace(given, ids=tuple(f"x{number}" for number in range(100))))
    found = judged(store)
    assert [one.name for one in found.comparisons] == [TWO.name]
    assert (
        "Configurations answered different test rows; only those with the best's rows are compared." in found.warnings
    )


def test_a_configuration_that_collapses_with_a_seed_is_named(tmp_path: Path) -> None:
    store = make(tmp_path, (FULL, HEAD, TWO, lora(8, "query", 665_858, 0.9)), seeds=4, rows=100)
    answer(store, FULL, [90, 91, 90, 89], 0.1)
    answer(store, HEAD, [80, 81, 79, 80], 0.3)
    answer(store, TWO, [88, 89, 30, 87], 0.2)
    found = judged(store)
    (said,) = (each for each in found.warnings if each.startswith("Unsteady"))
    assert said == (
        "Unsteady: the 4 seeds of LoRA r=2 query+value are much further apart than those of the others "
        "(30.0, 87.0, 88.0 and 89.0 %). A lower learning rate is often steadier."
    )
    assert {one.name: one.outcome for one in found.comparisons}["head"] == "worse"

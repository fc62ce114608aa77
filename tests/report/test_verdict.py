from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report import studies
from tests.report.studies import S0, Made, lora, make, run_id
from tunefork.report import Verdict, summarise, verdict
from tunefork.store import Store

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
        "Worse than full: head by 30.0 points (95 % interval 20.9 to 39.1).",
        "This data cannot tell full apart from LoRA r=2 query+value (−2.0 points, 95 % interval −4.8 to +0.8).",
        "The smallest configuration that is not shown to be worse than full is LoRA r=2 query+value "
        "(665,858 trainable parameters, 0.98 % of the model; −2.0 points, 95 % interval −4.8 to +0.8).",
    )
    assert found.best == run_id(FULL, 0)
    assert found.smallest == run_id(TWO, 0)[:-3]
    assert [(one.name, one.outcome) for one in found.comparisons] == [("head", "worse"), (TWO.name, "tie")]
    assert "equal" not in str(found)


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
    assert outcomes == {"head": "worse", TWO.name: "tie"}


def test_better_on_test_though_validation_chose_otherwise(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 60, 0.1), (HEAD, 90, 0.3), (TWO, 60, 0.2)):
        answer(store, one, [right], loss)
    found = judged(store)
    assert found.best == run_id(FULL, 0)
    assert found.sentences[1] == (
        "Better than full on test, though validation chose otherwise: head by 30.0 points "
        "(95 % interval 20.9 to 39.1). The test split does not choose; more validation rows would."
    )
    assert found.smallest == run_id(HEAD, 0)[:-3]


def test_not_converged_is_never_called_worse(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 60, 0.3), (TWO, 90, 0.2)):
        answer(store, one, [right], loss)
    studies.change(store, HEAD, 0, converged=False)
    found = judged(store)
    assert not [sentence for sentence in found.sentences if "Worse" in sentence]
    assert found.sentences[2] == (
        "Behind full but not converged, so not judged: head by 30.0 points (95 % interval 20.9 to 39.1). "
        "Training ended while validation loss was still falling; train longer before comparing."
    )
    assert found.smallest != run_id(HEAD, 0)[:-3]
    assert (
        "Not converged: head. Validation loss was still falling when training ended, so more epochs may change the "
        "ranking."
    ) in found.warnings


def test_holm_takes_back_what_one_comparison_alone_would_show(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.1), (HEAD, 85, 0.3), (TWO, 85, 0.2)):
        answer(store, one, [right], loss)
    found = judged(store)
    assert [one.outcome for one in found.comparisons] == ["tie", "tie"] or found.comparisons[0].adjusted < 0.05
    low = found.comparisons[0].difference
    assert found.comparisons[0].adjusted == pytest.approx(2 * low.p_value)


def test_a_tie_whose_plain_interval_excludes_zero_says_why(tmp_path: Path) -> None:
    many = [FULL, *(lora(rank, "query+value", 600_000 + rank, 0.9) for rank in range(1, 8))]
    store = make(tmp_path, many, seeds=1, rows=100)
    for one in many:
        answer(store, one, [90 if one is FULL else 85], 0.1 if one is FULL else 0.2)
    (tie,) = (each for each in judged(store).sentences if each.startswith("This data cannot tell"))
    assert "(−5.0 points, 95 % interval −9.3 to −0.7; p = 0.17 after correcting for 7 comparisons)" in tie


def test_the_best_may_be_the_smallest(tmp_path: Path) -> None:
    store = study(tmp_path)
    for one, right, loss in ((FULL, 90, 0.2), (HEAD, 91, 0.1), (TWO, 90, 0.3)):
        answer(store, one, [right], loss)
    assert judged(store).sentences[-1] == (
        "head is also the smallest configuration that is not shown to be worse (592,130 trainable parameters, 0.88 % "
        "of the model)."
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
    assert found.smallest is None


def test_other_selection_metrics_are_told_in_percent(tmp_path: Path) -> None:
    found = judged(make(tmp_path, (FULL, HEAD), selection_metric="macro_f1"))
    assert re.match(
        r"full is best by validation macro F1 \(\d\d\.\d\d %, mean over 3 seeds\); on the 872", found.sentences[0]
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
    assert (len(found.sentences), found.comparisons, found.smallest) == (1, (), None)


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

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_rel

from tests.report.effects.measured import answered
from tests.report.studies import S0, make, run_id
from tunefork.report import as_markdown, to_json
from tunefork.report.effects import TaskRetention, retention_of, retention_sentences, retention_table
from tunefork.store import Store
from tunefork.uncertainty import holm

FULL, HEAD, LORA = S0[0], S0[1], S0[2]
ROWS = 200
BEFORE = np.arange(ROWS) < 180  # 90 % right


def wrong(count: int, regained: int = 0) -> np.ndarray:
    """The model before, with so many of its right answers lost and so many of its mistakes made good."""
    right = BEFORE.copy()
    right[:count] = False
    right[ROWS - 20 : ROWS - 20 + regained] = True
    return right


def asked(folder: Path, own: bool = False) -> Store:
    """Full fine-tuning loses 40 and 50 of 180, LoRA 6 and 8 but regains 4, the head nothing."""
    store = make(folder, S0[:3], seeds=2)
    answered(store, "earlier:t1", "before", BEFORE)
    for seed in range(2):
        answered(store, run_id(FULL, seed), "earlier", wrong(40 + 10 * seed))
        answered(store, run_id(LORA, seed), "earlier", wrong(6 + 2 * seed, regained=4))
        answered(store, run_id(HEAD, seed), "earlier", BEFORE)
        if own:
            answered(store, run_id(LORA, seed), "own", wrong(100))
    return store


def found(store: Store) -> TaskRetention:
    (task,) = retention_of(store)
    return task


def test_nothing_asked(tmp_path: Path) -> None:
    assert retention_of(make(tmp_path, S0[:2], seeds=1)) == ()


def test_a_model_before_that_nobody_was_asked_after(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    answered(store, "earlier:t1", "before", BEFORE)
    assert retention_of(store) == ()


def test_right_answers_that_are_kept_and_the_difference(tmp_path: Path) -> None:
    full, head, lora = (one.shown for one in found(asked(tmp_path)).configurations)
    assert full.accuracy.values == (140 / 200, 130 / 200)
    assert full.kept == pytest.approx(1 - 45 / 180)
    assert full.difference.value == pytest.approx(-45 / 200)
    assert full.difference.seeds_counted
    assert lora.kept == pytest.approx(1 - 7 / 180)
    assert lora.difference.value == pytest.approx((-7 + 4) / 200)
    assert (head.kept, head.difference.value) == (1, 0)


def test_one_seed_is_the_paired_t_test(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    answered(store, "earlier:t1", "before", BEFORE)
    after = wrong(30, regained=5)
    answered(store, run_id(FULL, 0), "earlier", after)
    one = found(store).configurations[0].shown
    expected = ttest_rel(after.astype(float), BEFORE.astype(float))
    interval = expected.confidence_interval(0.95)
    assert one.difference.p_value == pytest.approx(expected.pvalue)
    assert (one.difference.interval.low, one.difference.interval.high) == (
        pytest.approx(interval.low), pytest.approx(interval.high),
    )  # fmt: skip
    assert one.p_values == (pytest.approx(binomtest(5, 35).pvalue),)


def test_seeds_widen_the_interval_and_the_model_before_does_not(tmp_path: Path) -> None:
    """Two-way variance by hand: the model before has no seeds, so only the tuned side's are counted."""
    full = found(asked(tmp_path)).configurations[0].shown
    right = full.right.astype(float)
    by_row = right.mean(axis=0) - BEFORE
    rows = by_row.var(ddof=1) / ROWS
    seeds = right.mean(axis=1).var(ddof=1) / 2
    left = right - right.mean(axis=0) - right.mean(axis=1, keepdims=True) + right.mean()
    error = (left**2).sum() / (ROWS - 1) / right.size
    assert full.difference.variance.total == pytest.approx(rows + max(0, seeds - error))
    assert full.difference.variance.seeds == pytest.approx(seeds)


def test_what_is_said(tmp_path: Path) -> None:
    sentences = retention_sentences(found(asked(tmp_path)), "emotion")
    assert sentences[0] == "Before training on emotion, the model answered 90.0 % of 200 rows of reviews rightly."
    assert sentences[1] == "head answers every row as before, 2 seeds."
    assert sentences[2].startswith(
        "LoRA r=8 query+value+mlp keeps 96.1 % of the right answers on reviews: accuracy 88.5 % (−1.5 points, 95 % "
        "interval −"
    )
    assert sentences[2].endswith(", 2 seeds).")
    assert sentences[3].startswith("full keeps 75.0 % of the right answers on reviews: accuracy 67.5 % (−22.5 points, ")
    assert sentences[4] == (
        "Every saved model of full answers these rows worse than the model before (McNemar's test, corrected for all "
        "saved models)."
    )
    assert sentences[5].startswith("Shown after correction for all pairs: head keeps more than full (+22.5 points, ")
    assert "; LoRA r=8 query+value+mlp keeps more than full (+21.0 points, " in sentences[5]
    assert "head keeps more than LoRA" not in sentences[5]


def test_nothing_is_shown(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    answered(store, "earlier:t1", "before", BEFORE)
    answered(store, run_id(FULL, 0), "earlier", wrong(2))
    answered(store, run_id(HEAD, 0), "earlier", BEFORE)
    sentences = retention_sentences(found(store), "emotion")
    assert sentences[-1] == "That one configuration keeps more than another is not shown, corrected for all pairs."
    assert "head answers every row as before." in sentences
    assert not any("McNemar" in each for each in sentences)


def test_models_as_they_are_stand_before_the_earlier_head(tmp_path: Path) -> None:
    task = found(asked(tmp_path, own=True))
    lora = task.configurations[2]
    assert lora.own is not None
    assert lora.shown is lora.own
    assert lora.shown.accuracy.mean == 80 / 200
    told = next(each for each in retention_sentences(task, "emotion") if each.startswith("LoRA"))
    assert "accuracy 40.0 % (−50.0 points" in told
    assert told.endswith("Under the earlier head its backbone has 88.5 %.")


def test_the_table(tmp_path: Path) -> None:
    lines = as_markdown(retention_table(found(asked(tmp_path)))).splitlines()
    assert lines[0] == "200 rows of reviews"
    assert lines[2] == "| run | accuracy % | difference | 95 % interval | still right % |"
    assert lines[4].startswith("| full | 67.50 (65.00–70.00) | −22.5 | −")
    assert lines[5] == "| head | 90.00 | 0.0 | −1.9 to +1.9 | 100.0 |"
    assert lines[7] == "| before (reviews) | 90.00 | – | – | – |"
    assert lines[-1].startswith("- Each run's backbone answers under the head of the model before")
    wide = as_markdown(retention_table(found(asked(tmp_path / "own", own=True)))).splitlines()
    assert wide[2].endswith("| still right % | earlier head % |")
    assert wide[6].startswith("| LoRA r=8 query+value+mlp | 40.00 | −50.0 | ")
    assert wide[6].endswith("| 44.4 | 88.50 (88.00–89.00) |")


def test_the_json(tmp_path: Path) -> None:
    store = asked(tmp_path)
    (document,) = to_json(store)["retention"]
    assert (document["name"], document["rows"], document["earlier_run"]) == ("reviews", 200, "full-1-s0")
    assert document["before"]["accuracy"] == 0.9
    full, head, lora = document["configurations"]
    assert (full["shown"], full["earlier_head"], full["still_right"]) == ("earlier", None, pytest.approx(0.75))
    assert full["interval"][0] < full["difference"] < full["interval"][1] < 0
    raw = [binomtest(count, total).pvalue for count, total in ((0, 40), (0, 50), (4, 10), (4, 12))]
    expected = holm([raw[0], raw[1], 1.0, 1.0, raw[2], raw[3]])
    p_values = [run["p_value_mcnemar_holm"] for one in (full, head, lora) for run in one["runs"]]
    assert p_values == [pytest.approx(each) for each in expected]
    assert document["pairs"][0]["outcome"] == "worse"
    json.dumps(document, allow_nan=False)
    (both,) = to_json(asked(tmp_path / "own", own=True))["retention"]
    assert [one["shown"] for one in both["configurations"]] == ["earlier", "earlier", "own"]
    assert both["configurations"][2]["earlier_head"]["accuracy"] == pytest.approx(0.885)


def test_two_earlier_tasks_stand_beside_each_other(tmp_path: Path) -> None:
    store = asked(tmp_path)
    answered(store, "earlier:t2", "before", BEFORE[:50], "news", "t2")
    answered(store, run_id(FULL, 0), "earlier", BEFORE[:50], "news", "t2")
    first, second = retention_of(store)
    assert (first.before.name, len(first.configurations)) == ("reviews", 3)
    assert (second.before.name, len(second.configurations), second.before.rows) == ("news", 1, 50)

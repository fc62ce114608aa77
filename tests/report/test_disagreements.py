"""Rows that one strategy gets right and another wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report.studies import S0, keep_texts, make, run_id
from tunefork.report import summarise
from tunefork.report.disagreements import ROWS, disagreements
from tunefork.store import EvaluationRecord, Predictions, Store

FULL, HEAD, LORA = S0[0], S0[1], S0[2]


def answer(store: Store, one: object, seed: int, said: list[int], labels: list[int], sure: float = 2.0) -> None:
    """Give a run these answers on test, in place of its own."""
    logits = np.zeros((len(said), 3), np.float32)
    logits[np.arange(len(said)), said] = sure
    ids = tuple(f"r{row}" for row in range(len(said)))
    right = float(np.mean(np.array(said) == labels))
    record = EvaluationRecord(run_id(one, seed), 9_999, 3.0, "test", 0.5, right, right, None)  # type: ignore[arg-type]
    store.add_evaluation(record, Predictions(ids, np.array(labels), logits))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three seeds of two strategies on five rows."""
    made = make(tmp_path, [FULL, HEAD], seeds=3, labels=["a", "b", "c"])
    labels = [0, 1, 2, 0, 1]
    for seed, said in enumerate(([0, 1, 2, 1, 0], [0, 1, 0, 1, 0], [0, 0, 2, 0, 2])):
        answer(made, FULL, seed, said, labels)
    for seed, said in enumerate(([0, 0, 0, 0, 1], [0, 0, 1, 0, 1], [1, 2, 0, 0, 0])):
        answer(made, HEAD, seed, said, labels)
    return made


def test_right_is_what_more_than_half_of_the_seeds_are(store: Store) -> None:
    (found,) = disagreements(store, summarise(store))
    # full is right on rows 0, 1, 2 (3, 2 and 2 of 3 seeds); the head on rows 0, 3, 4 (2, 3 and 2 of 3)
    assert (found.first, found.second, found.rows) == ("full", "head", 5)
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 2, 2, 0)
    assert [row.id for row in found.for_first] == ["r1", "r2"]
    assert [row.id for row in found.for_second] == ["r3", "r4"]
    row = found.for_first[0]
    assert (row.label, row.first.answer, row.first.right, row.first.seeds) == ("b", "b", 2, 3)
    assert (row.second.answer, row.second.right, row.second.seeds) == ("a", 0, 3)


def test_half_of_the_seeds_are_not_a_majority_and_probabilities_decide_a_tie(tmp_path: Path) -> None:
    made = make(tmp_path, [FULL, HEAD], seeds=2, labels=["a", "b", "c"])
    answer(made, FULL, 0, [0, 2], [0, 2])
    answer(made, FULL, 1, [0, 2], [0, 2])
    answer(made, HEAD, 0, [0, 2], [0, 2], sure=1.0)
    answer(made, HEAD, 1, [1, 2], [0, 2], sure=3.0)
    (found,) = disagreements(made, summarise(made))
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 1, 0, 0)
    reply = found.for_first[0].second
    assert (reply.answer, reply.right, reply.seeds) == ("b", 1, 2)


def test_counts_agree_with_numpy_and_examples_are_bounded(tmp_path: Path) -> None:
    made = make(tmp_path, [FULL, HEAD, replace(LORA, accuracy=0.6)], seeds=3)
    found = {(pair.first, pair.second): pair for pair in disagreements(made, summarise(made))}
    assert list(found) == [("full", "head"), ("full", LORA.name), ("head", LORA.name)]
    right = {}
    for one in (FULL, HEAD, LORA):
        correct = [made.predictions(run_id(one, seed), "test").correct for seed in range(3)]
        right[one.name] = np.sum(correct, axis=0) >= 2
    for (first, second), pair in found.items():
        assert pair.only_first == int((right[first] & ~right[second]).sum())
        assert pair.only_second == int((~right[first] & right[second]).sum())
        assert pair.both + pair.only_first + pair.only_second + pair.neither == 872
        assert len(pair.for_first) + len(pair.for_second) == min(ROWS, pair.only_first + pair.only_second)
        assert len(pair.for_second) <= max(ROWS // 2, ROWS - pair.only_first)
        gaps = [row.first.right - row.second.right for row in pair.for_first]
        assert gaps == sorted(gaps, reverse=True)
        assert all(gap > 0 for gap in gaps)


def test_each_strategy_is_represented_by_what_validation_prefers(tmp_path: Path) -> None:
    made = make(tmp_path, S0, seeds=2)
    summary = summarise(made)
    loras = [one for one in summary.configurations if one.strategy == "lora"]
    preferred = min(loras, key=lambda one: one.spread("validation", "loss").mean)  # type: ignore[union-attr]
    names = {name for pair in disagreements(made, summary) for name in (pair.first, pair.second)}
    assert names == {"full", "head", preferred.name}


def test_methods_of_peft_are_strategies_of_their_own(tmp_path: Path) -> None:
    ia3, loha = (
        replace(HEAD, name=f"PEFT {name}", strategy="peft", settings={"type": name}) for name in ("IA3", "LOHA")
    )
    made = make(tmp_path, [ia3, loha], seeds=1)
    (found,) = disagreements(made, summarise(made))
    assert {found.first, found.second} == {"PEFT IA3", "PEFT LOHA"}


def test_one_strategy_alone_or_other_rows_give_nothing(tmp_path: Path) -> None:
    alone = make(tmp_path / "alone", [LORA, S0[3]], seeds=1)
    assert disagreements(alone, summarise(alone)) == ()
    other = make(tmp_path / "other", [FULL, HEAD], seeds=1)
    answer(other, HEAD, 0, [0, 1], [0, 1])
    assert disagreements(other, summarise(other)) == ()
    none = make(tmp_path / "none", ())
    assert disagreements(none, summarise(none)) == ()


def test_examples_show_their_texts(tmp_path: Path) -> None:
    made = make(tmp_path, [FULL, HEAD], seeds=2)
    keep_texts(made, "it rained")
    (found,) = disagreements(made, summarise(made))
    row = found.for_first[0]
    assert row.copy.text == f"it rained, row {row.id.removeprefix('test-')}"

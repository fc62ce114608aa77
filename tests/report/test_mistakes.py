"""Pictures in the report: confident mistakes, confusions, what all runs get wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report.studies import S0, change, make
from tunefork.report import examples, galleries, summarise, wanted_rows, write_report
from tunefork.report.copies import Copy
from tunefork.report.mistakes import CONFIDENT, EACH, PAIRS
from tunefork.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make(tmp_path, S0[:3], seeds=2, labels=["cat", "dog", "bird"])
    made.begin(replace(made.study(), task="image-classification"))
    return made


def test_the_most_confident_mistakes_of_the_best_run_come_first(store: Store) -> None:
    summary = summarise(store)
    assert summary.best is not None
    found = store.predictions(summary.best, "test")
    first = galleries(store, summary)[0]
    assert first.title == "Most confident mistakes"
    assert len(first.mistakes) == CONFIDENT
    known = {identity: row for row, identity in enumerate(found.ids)}
    exponents = np.exp(found.logits - found.logits.max(axis=1, keepdims=True))
    sure = (exponents / exponents.sum(axis=1, keepdims=True)).max(axis=1)
    rows = [known[mistake.id] for mistake in first.mistakes]
    assert not found.correct[rows].any()
    assert sure[rows].tolist() == sorted(sure[~found.correct], reverse=True)[:CONFIDENT]
    labels = ("cat", "dog", "bird")
    assert [mistake.true for mistake in first.mistakes] == [labels[found.labels[row]] for row in rows]
    assert [mistake.predicted for mistake in first.mistakes] == [labels[found.predicted[row]] for row in rows]


def test_confusions_are_counted_and_few_rows_of_each_are_shown(store: Store) -> None:
    summary = summarise(store)
    found = store.predictions(str(summary.best), "test")
    pairs = [each for each in galleries(store, summary) if " taken for " in each.title]
    assert 1 <= len(pairs) <= PAIRS
    assert all(len(each.mistakes) <= EACH for each in pairs)
    counts = {
        (true, predicted): int(((found.labels == true) & (found.predicted == predicted)).sum())
        for true in range(3)
        for predicted in range(3)
        if true != predicted
    }
    (true, predicted), number = max(counts.items(), key=lambda pair: pair[1])
    names = ("cat", "dog", "bird")
    total = int((found.labels == true).sum())
    assert pairs[0].title == f"{names[true]} taken for {names[predicted]}: {number:,} of {total:,}"


def test_what_every_run_gets_wrong(store: Store) -> None:
    summary = summarise(store)
    wrong = np.all([~store.predictions(run.record.id, "test").correct for run in summary.runs], axis=0)
    ids = np.array(store.predictions(str(summary.best), "test").ids)
    last = galleries(store, summary)[-1]
    if wrong.any():
        assert last.title == f"Wrong in every one of the finished runs: {wrong.sum():,} of {len(wrong):,}"
        assert {mistake.id for mistake in last.mistakes} <= set(ids[wrong])
    else:
        assert "Wrong in every" not in last.title


def test_the_report_embeds_what_was_kept_and_names_the_others(store: Store) -> None:
    summary = summarise(store)
    wanted = wanted_rows(store, summary)
    assert len(set(wanted)) == len(wanted) > 0
    store.put_thumbnails({wanted[0]: b"\xff\xd8jpeg"})
    write_report(store)
    text = (store.folder / "report.html").read_text(encoding="utf-8")
    assert "<img" in text
    assert 'src="data:image/jpeg;base64,/9hqcGVn"' in text
    assert f"({wanted[1]})" in text


def test_mistakes_of_texts_show_their_beginnings(tmp_path: Path) -> None:
    made = make(tmp_path, S0[:2])
    summary = summarise(made)
    first = galleries(made, summary)[0]
    assert (first.title, len(first.mistakes)) == ("Most confident mistakes", CONFIDENT)
    assert {mistake.copy for mistake in first.mistakes} == {Copy()}
    made.put_excerpts({first.mistakes[0].id: "Not what\nI <ordered>"})
    assert galleries(made, summary)[0].mistakes[0].copy == Copy("Not what\nI <ordered>")
    write_report(made)
    text = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert "Not what\nI &lt;ordered&gt;" in text


def test_nothing_is_shown_of_a_study_without_test_rows(tmp_path: Path) -> None:
    made = make(tmp_path / "untested", S0[:2], rows=0)
    assert galleries(made, summarise(made)) == ()
    assert examples(made, summarise(made)).ids == ()
    planned = make(tmp_path / "planned", S0[:1], seeds=1)
    change(planned, S0[0], 0, status="planned")
    assert wanted_rows(planned, summarise(planned)) == ()


def test_copies_are_wanted_of_what_is_shown_and_of_no_more_than_two_hundred_rows(tmp_path: Path) -> None:
    kinds = [replace(S0[0], strategy=f"kind{n}", name=f"kind {n}", accuracy=0.3 + 0.06 * n) for n in range(11)]
    made = make(tmp_path, kinds, seeds=1, labels=["a", "b", "c"], rows=2000)
    found = examples(made, summarise(made))
    shown = [mistake.id for gallery in found.galleries for mistake in gallery.mistakes]
    shown += [row.id for pair in found.disagreements for row in (*pair.for_first, *pair.for_second)]
    assert set(found.ids) == set(shown)
    assert len(set(shown)) > 200
    assert wanted_rows(made, summarise(made)) == found.ids[:200]

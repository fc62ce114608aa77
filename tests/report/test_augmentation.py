from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.report.studies import make
from tests.report.test_html import Page, page, plain
from tunefork.report.augmentation import augmentation
from tunefork.store import StudyRecord

FOUND = {
    "settings": {"swap": 0.1},
    "rows": 1,
    "copies": 1200,
    "ways": {"replace": 1000, "delete": 0, "swap": 200},
    "samples": [{"id": "7+1", "before": "a <b> late", "after": "a <b> tardy"}],
}


def test_counts_and_samples_stand_in_the_page(tmp_path: Path) -> None:
    store = make(tmp_path)
    assert "Copies of training texts" not in page(store)
    store.begin(replace(store.study(), augmentation=FOUND))
    content = Page(plain(store))
    assert content.open == []
    assert "1,200 copies of 1 row, in training only: 1,000 with synonyms and 200 with words swapped." in content.texts
    begin = content.texts.index("7+1")
    assert content.texts[begin : begin + 3] == ["7+1", "a <b> late", "a <b> tardy"]


def test_nothing_to_show() -> None:
    study = StudyRecord("s", "text-classification", "m", ("a", "b"), {}, "h")
    assert augmentation(study) is None
    shown = augmentation(replace(study, augmentation=FOUND | {"copies": 0, "ways": {"swap": 0}, "samples": []}))
    assert shown is not None
    assert shown.caption == "0 copies of 1 row, in training only: none."

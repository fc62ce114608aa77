"""``start_from``: training continues where an adapter, a run or a model left off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunefork import Head, LoRA, Study, load_data, load_model
from tunefork.errors import ModelNotFoundError

TRAINING = {"epochs": 3, "batch_size": 16, "precision": "fp32"}


def study(model: Path, csv: Path, **settings: object) -> Study:
    data = load_data(csv, max_length=48)
    return Study(model=str(model), data=data, compare=[LoRA(rank=4, learning_rate=1e-2)], training=TRAINING, **settings)  # type: ignore[arg-type]


def test_an_adapter_is_continued_and_the_result_loads(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    first = study(tiny_folder, messages_csv).run(tmp_path / "first", progress=False)
    before = load_model(first.best().folder)
    second = study(tiny_folder, messages_csv, start_from=str(first.best().folder))
    texts = list(second.splits.test.texts)
    merged = second.backbone
    assert any("training continues from it" in notice for notice in merged.notices)
    ids = before.tokenizer(
        [text[0] for text in texts], padding=True, truncation=True, max_length=48, return_tensors="pt"
    )
    np.testing.assert_allclose(merged.model(**ids).logits.numpy(), before.logits(texts), atol=1e-4)
    results = second.run(tmp_path / "second", progress=False)
    baseline = results.store.study().baseline
    assert baseline["accuracy"] == pytest.approx(first.to_dict()["runs"][0]["accuracy"], abs=0.05)
    assert (tmp_path / "second" / "start" / "config.json").is_file()
    assert load_model(results.best().folder).predict(["where is it"]).shape == (1, 4)


def test_a_whole_model_is_continued(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    data = load_data(messages_csv, max_length=48)
    first = Study(model=str(tiny_folder), data=data, compare=[Head()], training=TRAINING).run(
        tmp_path / "a", progress=False
    )
    second = study(tiny_folder, messages_csv, start_from=str(first.best().folder))
    assert second.backbone.fresh == frozenset()


def test_start_from_continues_a_head_whatever_its_labels_and_a_model_does_not(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    data = load_data(messages_csv, max_length=48)
    made = Study(model=str(tiny_folder), data=data, compare=[Head()], training={**TRAINING, "epochs": 1})
    first = made.run(tmp_path / "a", progress=False).best().folder
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(messages_csv.read_text(encoding="utf-8").replace(",damaged", ",broken"), encoding="utf-8")
    continued = study(tiny_folder, renamed, start_from=str(first)).backbone
    assert continued.fresh == frozenset()
    assert any(notice.startswith("the starting model's classes were damaged, ") for notice in continued.notices)
    anew = study(first, renamed).backbone
    assert anew.fresh == {"classifier.weight", "classifier.bias"}
    assert any("head is for other labels (damaged, return, status; here broken" in each for each in anew.notices)
    assert study(first, messages_csv).backbone.fresh == frozenset()


def test_nothing_to_start_from(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"There is nothing to start from \(start_from: .*\). Found: neither adapter"
    ):
        _ = study(tiny_folder, messages_csv, start_from=str(tmp_path)).backbone

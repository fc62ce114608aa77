"""Plans where weights or rows are out of reach."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tunefork.config import Configuration, LoRA
from tunefork.data import load_data
from tunefork.errors import ProblemsError
from tunefork.study import Study, outline

IMDB, DISTILBERT = "hub:stanfordnlp/imdb", "distilbert/distilbert-base-uncased"


def study(data: str, model: str = DISTILBERT, **options: Any) -> Study:
    return Study(model=model, data=load_data(data, **options), compare=[LoRA(rank=8, targets="query+value")])


def test_rows_of_a_known_set_are_counted_as_published() -> None:
    plan = outline(study(IMDB, max_length=256))
    assert plan.rows == {"train": 22_500, "validation": 2_500, "test": 25_000}
    (run,) = plan.runs
    assert (run.counts.trainable, run.steps, run.seconds) == (739_586, 3 * 1407, None)
    assert run.memory_mib == pytest.approx(2_211, rel=0.01)
    assert plan.disk_mib is not None
    assert plan.disk_mib < 60
    assert plan.groups == ()
    assert "trained in" not in str(plan)
    first, second = plan.notices
    assert first.startswith("the model itself is out of reach, so times, lengths and shared passes are unknown; memory")
    assert "with 256 tokens in every row, in fp32" in first
    assert second.startswith("rows as published, not read; what reading would leave out, such as equal texts in two")


def test_a_model_at_hand_is_counted_from_its_config(tiny_folder: Path) -> None:
    plan = outline(study(IMDB, str(tiny_folder)))
    assert plan.notices[0].startswith("the rows are out of reach, so times, lengths and shared passes are unknown")
    assert "with 80 tokens in every row" in plan.notices[0]  # the model's positions, fewer than max_length
    assert plan.runs[0].counts.head == 66


def test_rows_that_nobody_knows_are_told_as_before(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="'somebody/else' cannot be loaded"):
        outline(study("hub:somebody/else"))
    with pytest.raises(ProblemsError, match="'stanfordnlp/imdb' cannot be loaded"):
        outline(study(f"{IMDB}#train", test=str(tmp_path / "test.csv")))


def test_what_is_wrong_with_what_is_at_hand_is_told(tiny_folder: Path) -> None:
    wrong = Study(model=str(tiny_folder), data=load_data(IMDB), compare=[Configuration("lora", {"targets": "quary"})])
    with pytest.raises(ProblemsError, match="The target 'quary' selects no linear"):
        outline(wrong)


def test_nobody_needs_datasets_to_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "datasets":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    plan = outline(study(IMDB))
    assert plan.rows["test"] == 25_000
    assert "Reading hub: data sets needs the package datasets" in plan.notices[1]


def test_the_memory_of_images_follows_from_their_patches() -> None:
    plan = outline(study("hub:food101#train", "google/vit-base-patch16-224-in21k", test="hub:food101#validation"))
    assert "with 197 tokens in every row" in plan.notices[0]
    larger = outline(
        study("hub:food101#train", "google/vit-base-patch16-224-in21k", test="hub:food101#validation", image_size=384)
    )
    assert "with 577 tokens in every row" in larger.notices[0]
    assert (larger.runs[0].memory_mib or 0) > 3 * (plan.runs[0].memory_mib or 0)

"""Plans where weights or rows are out of reach."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tunefork.config import Configuration, LoRA
from tunefork.data import load_data
from tunefork.errors import ModelError, ProblemsError, UnsupportedModelError
from tunefork.models import load
from tunefork.study import Study, outline

IMDB, DISTILBERT = "hub:stanfordnlp/imdb", "distilbert/distilbert-base-uncased"


def study(data: str, model: str = DISTILBERT, **options: Any) -> Study:
    return Study(model=model, data=load_data(data, **options), compare=[LoRA(rank=8, targets="query+value")])


def test_rows_of_a_known_set_are_counted_as_published() -> None:
    plan = outline(study(IMDB, max_length=256), timings=False)
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
    plan = outline(study(IMDB, str(tiny_folder)), timings=False)
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
    plan = outline(study(IMDB), timings=False)
    assert plan.rows["test"] == 25_000
    assert "Reading hub: data sets needs the package datasets" in plan.notices[1]


def test_the_memory_of_images_follows_from_their_patches() -> None:
    vit, food = "google/vit-base-patch16-224-in21k", {"data": "hub:food101#train", "test": "hub:food101#validation"}
    plan = outline(study(model=vit, **food), timings=False)
    assert "with 197 tokens in every row" in plan.notices[0]
    larger = outline(study(model=vit, image_size=384, **food), timings=False)
    assert "with 577 tokens in every row" in larger.notices[0]
    assert (larger.runs[0].memory_mib or 0) > 3 * (plan.runs[0].memory_mib or 0)


def test_a_model_at_hand_is_timed_on_the_longest_rows_there_can_be(tiny_folder: Path) -> None:
    plan = outline(study(IMDB, str(tiny_folder)))
    (run,) = plan.runs
    assert run.seconds is not None
    assert plan.seconds is not None
    assert plan.seconds >= run.seconds > 0
    assert [group.runs for group in plan.groups] == [(run.config.id,)]
    assert plan.notices[0].startswith(
        "the rows are out of reach; the model was timed on made-up rows with 80 tokens each, the most they can have, "
        "so times and memory are at most"
    )
    assert plan.precision in ("bf16", "fp32")
    assert run.counts == outline(study(IMDB, str(tiny_folder)), timings=False).runs[0].counts


@pytest.mark.usefixtures("small_distilbert")
def test_rows_at_hand_are_counted_and_random_weights_timed(messages_csv: Path) -> None:
    plan = outline(study(str(messages_csv), text="message", label="intent", id="id"))
    assert sum(plan.rows.values()) == 240
    (run,) = plan.runs
    assert run.seconds is not None
    assert run.counts.head == 64 * 64 + 64 + 3 * 64 + 3  # three intents
    assert plan.notices[0].startswith("the model itself is out of reach (")
    assert "random weights of the same architecture were timed in its place, on made-up rows with" in plan.notices[0]


@pytest.mark.usefixtures("small_distilbert")
def test_longer_rows_take_longer_and_workers_are_as_wished() -> None:
    short, long = (outline(study(IMDB, max_length=length), workers=2) for length in (8, 512))
    assert (long.runs[0].seconds or 0) > 3 * (short.runs[0].seconds or 0)
    assert (short.workers, outline(study(IMDB, max_length=8)).workers) == (2, 1)


@pytest.mark.usefixtures("small_distilbert")
def test_what_makes_no_sense_for_the_architecture_is_told_with_timings_too() -> None:
    wrong = Study(model=DISTILBERT, data=load_data(IMDB), compare=[Configuration("lora", {"targets": "quary"})])
    with pytest.raises(ModelError, match="The target 'quary' selects no linear"):
        outline(wrong)


@pytest.mark.parametrize("timings", [True, False])
def test_a_model_that_reads_something_else_is_told(timings: bool) -> None:
    food = study("hub:food101#train", test="hub:food101#validation")
    with pytest.raises(UnsupportedModelError, match="reads texts, and these rows are images"):
        outline(food, timings)


@pytest.fixture
def small_distilbert(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's config with two narrow blocks, quickly timed."""
    small = {"model_type": "distilbert", "dim": 64, "hidden_dim": 64, "n_layers": 2, "n_heads": 2}
    monkeypatch.setattr(load, "shipped_config", lambda _: small)

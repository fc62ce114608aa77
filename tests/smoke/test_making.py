"""From a study to its smoke run: what it reads, where it lies, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.digest import digest
from tunefork.config import StudyConfig
from tunefork.errors import ConfigError, StoreError
from tunefork.plan import warnings_of
from tunefork.recipes import find_recipe
from tunefork.smoke import MADE_UP, smoke_folder, smoke_study
from tunefork.study import Study
from tunefork.study.folders import check_folder
from tunefork.study_file import parse_study, read_study, write_study


def recipe(name: str) -> StudyConfig:
    return read_study(find_recipe(name).path)


def test_the_folder_is_never_the_study_s() -> None:
    assert smoke_folder(Path("a/out")) == Path("a/out-smoke")
    assert smoke_folder(Path("out-smoke")) == Path("out-smoke")


def test_rows_and_model_lie_in_the_folder_and_nothing_else_changes(tmp_path: Path) -> None:
    before, after = recipe("s2"), smoke_study(recipe("s2"), tmp_path)
    place = tmp_path / MADE_UP
    assert {path.name for path in place.iterdir()} == {
        "model", "train.parquet", "test.parquet", "unlabelled.parquet", "synonyms.csv",
    }  # fmt: skip
    assert (after.name, after.model) == ("s2-roberta-budget-smoke", str(place / "model"))
    assert (after.data.train, after.data.test) == (str(place / "train.parquet"), str(place / "test.parquet"))
    assert (after.data.validation, after.data.max_length) == (0.25, 32)
    assert after.data.augment is not None
    assert before.data.augment is not None
    assert after.data.augment.model_dump(exclude={"synonyms"}) == before.data.augment.model_dump(exclude={"synonyms"})
    assert (after.data.leakage, after.verdict, after.compare) == (before.data.leakage, before.verdict, before.compare)


def test_what_is_said_of_it_comes_first_and_survives_its_file(tmp_path: Path) -> None:
    made = smoke_study(recipe("s0"), tmp_path)
    again = parse_study(write_study(made))
    first, second, third = warnings_of(again, ["a row has no text"])
    assert first == (
        "This is a smoke run: its rows are made up and its model is tiny, with random weights. It shows that the study "
        "works; its numbers mean nothing."
    )
    assert (second, third[:23]) == ("a row has no text", "All strategies share th")
    assert warnings_of(recipe("s0"))[0].startswith("All strategies share")


def test_its_folder_is_taken_for_an_empty_one(tmp_path: Path) -> None:
    made = smoke_study(recipe("s0"), tmp_path)
    check_folder(tmp_path, made, None)
    (tmp_path / "theirs.txt").write_text("")
    with pytest.raises(StoreError, match="The folder is not empty and holds no study"):
        check_folder(tmp_path, made, None)


@pytest.mark.parametrize("name", ["s1", "s2", "s4"])
def test_what_is_there_stays_byte_for_byte(name: str, tmp_path: Path) -> None:
    def content() -> dict[Path, str]:
        return {path: digest(path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()}

    first = smoke_study(recipe(name), tmp_path)
    before = content()
    assert smoke_study(recipe(name), tmp_path) == first
    assert content() == before


def test_another_model_takes_the_place_of_one_that_is_there(tmp_path: Path) -> None:
    for name, kind in (("s1", "gpt2"), ("s3", "distilbert")):
        model = Path(smoke_study(recipe(name), tmp_path).model)
        assert Study.from_config(smoke_study(recipe(name), tmp_path)).backbone.anatomy.family == kind
    assert sorted(path.name for path in model.iterdir()) == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip


def test_ranks_and_layers_that_are_named_fit(tmp_path: Path) -> None:
    study = parse_study(
        "model: gpt2\ndata: {train: 'hub:imdb'}\nsearch: {space: {lora: {rank: '2..100'}}}\n"
        "compare: [{last_layers: {count: 3}}, {lora: {layers: 0+4}}, {lora: {rank: 70}}]"
    )
    made = Study.from_config(smoke_study(study, tmp_path))
    anatomy = made.backbone.anatomy
    assert (len(anatomy.blocks), anatomy.hidden) == (5, 104)
    made.preflight()


def test_the_splits_that_a_set_brings_have_files(tmp_path: Path) -> None:
    study = parse_study("model: gpt2\ndata: {train: 'hub:imdb'}\ncompare: [head]")
    made = smoke_study(study, tmp_path).data
    assert (made.test, made.validation) == (str(tmp_path / MADE_UP / "test.parquet"), 0.25)


def test_nobody_is_told_and_nothing_is_continued(tmp_path: Path) -> None:
    study = parse_study(
        "model: gpt2\nstart_from: earlier\ntrackers: [tensorboard]\ndata: {train: 'hub:imdb'}\ncompare: [head]"
    )
    made = smoke_study(study, tmp_path)
    assert (made.revision, made.start_from, made.trackers) == (None, None, ())


@pytest.mark.parametrize("folder", [".", "..", "out/.."])
def test_a_folder_without_a_name_of_its_own_is_looked_up(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine" / "study" / "out").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "mine" / "study")
    assert smoke_folder(Path(folder)).parent in (tmp_path, tmp_path / "mine")
    assert smoke_folder(Path(folder)).name == f"{Path(folder).resolve().name}-smoke"


def test_nothing_lies_beside_the_root() -> None:
    with pytest.raises(ConfigError, match=r"which has none \(-o\). Found: /. Write -o NAME."):
        smoke_folder(Path("/"))

"""Names of recipes, and what their files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork.errors import ConfigError
from tunefork.recipes import RECIPES, Recipe, find_recipe, study_file
from tunefork.study_file import read_study


def test_there_are_five_studies_with_a_fair_version_of_each() -> None:
    names = [f"s{number}{kind}" for number in range(5) for kind in ("", ".fair")]
    assert [recipe.name for recipe in RECIPES] == names
    assert all(recipe.path.is_file() for recipe in RECIPES)
    assert {recipe.path for recipe in RECIPES} == set(RECIPES[0].path.parent.glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_says_what_is_assumed_and_what_is_verified(recipe: Recipe) -> None:
    path = recipe.path
    head = "".join(line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#"))
    for said in (
        "Assumed: ",
        "Asked for: ",
        "Counts verified: ",
        "Accuracies not verified here: ",
    ):
        assert said in head, said
    assert read_study(path).name == path.stem.replace("_", "-").replace(".", "-")


def test_fair_versions_share_no_rate_and_have_several_seeds_and_a_search() -> None:
    for number in range(5):
        before, fair = (read_study(find_recipe(f"s{number}{kind}").path) for kind in ("", ".fair"))
        assert len(fair.seeds) >= 3
        assert fair.search is not None
        assert fair.training.shared_learning_rate is None
        assert len(before.seeds) == 1
        assert (fair.model, fair.data.train, fair.data.test) == (before.model, before.data.train, before.data.test)


def test_a_recipe_is_found_by_its_short_name_and_a_file_of_that_name_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert study_file(Path("s0.fair")) == (find_recipe("s0.fair").path, Path())
    assert study_file(Path("s2_roberta_budget")) == (find_recipe("s2").path, Path())
    Path("s1").mkdir()  # the folder of a study, which is no study file
    assert study_file(Path("s1")) == (find_recipe("s1").path, Path())
    Path("s0.fair").write_text("name: mine")
    assert study_file(Path("s0.fair")) == (Path("s0.fair"), None)
    assert study_file(Path("no/study.yaml")) == (Path("no/study.yaml"), None)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    every = ", ".join(recipe.name for recipe in RECIPES)
    with pytest.raises(ConfigError, match=r"'s0.fiar' is neither a study file nor a recipe. Did you mean 's0.fair'\?"):
        study_file(Path("s0.fiar"))
    with pytest.raises(ConfigError, match=rf"'s9' is neither .* The recipes: {every}\."):
        study_file(Path("s9"))
    with pytest.raises(ConfigError, match=r"There is no recipe 'all'. Known: s0, s0.fair, "):
        find_recipe("all")

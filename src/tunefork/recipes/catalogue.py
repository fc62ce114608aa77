"""The recipes that ship with tunefork, and how their names are found."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tunefork.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Recipe:
    """A study file that ships with tunefork."""

    name: str
    """Short, for the command line: ``s0``, ``s0.fair``."""
    stem: str
    """Of its file's name."""
    about: str
    """One line on what is compared."""
    verified: str = "counts verified; accuracies not verified here: they need the weights and the data"

    @property
    def path(self) -> Path:
        """The file in the package."""
        return Path(str(files("tunefork.recipes").joinpath(f"{self.stem}.yaml")))


RECIPES = (
    Recipe("s0", "s0_distilbert_ablation", "nine runs: methods, LoRA's rank, LoRA's targets, at one shared rate"),
    Recipe("s0.fair", "s0_distilbert_ablation.fair", "the same with rates that are looked for and five seeds"),
    Recipe("s1", "s1_gpt2_imdb", "feature extraction against LoRA"),
    Recipe("s1.fair", "s1_gpt2_imdb.fair", "the same with validation, early stopping, random search, ranks, targets"),
    Recipe("s2", "s2_roberta_budget", "LoRA with at most a million trainable parameters, synonyms in copies of texts"),
    Recipe("s2.fair", "s2_roberta_budget.fair", "the best use of a million: targets, ranks, rate, alpha, dropout"),
    Recipe("s3", "s3_distilbert_imdb", "full fine-tuning against LoRA, at one shared rate"),
    Recipe("s3.fair", "s3_distilbert_imdb.fair", "the same with head, last block, ranks, alphas, rates, three seeds"),
    Recipe("s4", "s4_vit_food101", "LoRA against the last block, on pictures"),
    Recipe(
        "s4.fair", "s4_vit_food101.fair", "the same with head, full and ranks, rates that are looked for, three seeds"
    ),
)


def named(name: str) -> Recipe | None:
    """The recipe of a short name, or of its file's stem; None where there is none.

    >>> named("s0").stem, named("s0_distilbert_ablation").name, named("s9")
    ('s0_distilbert_ablation', 's0', None)
    """
    return next((recipe for recipe in RECIPES if name in (recipe.name, recipe.stem)), None)


def study_file(given: Path) -> tuple[Path, Path | None]:
    """The study file that is meant, and the folder that its relative paths start from; None is the file's own.

    A file of that name wins over a recipe. Recipes start from the working directory, so that folders there that are
    called as their models and data sets are take the hub's place.

    Raises:
        ConfigError: a bare name that is neither, with the nearest recipes.
    """
    if given.is_file():
        return given, None
    recipe = named(str(given))
    if recipe is not None:
        return recipe.path, Path()
    if given.suffix not in (".yaml", ".yml") and str(given) == given.name and not given.exists():
        raise ConfigError(f"'{given}' is neither a study file nor a recipe", fix=_nearest(str(given)))
    return given, None


def find_recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        ConfigError: there is none, with the nearest.
    """
    recipe = named(name)
    if recipe is None:
        raise ConfigError(f"There is no recipe '{name}'", fix=_nearest(name))
    return recipe


def _nearest(name: str) -> str:
    """What may have been meant, and all there are."""
    names = [each.name for each in RECIPES]
    guess = did_you_mean(name, names)
    return guess if guess.startswith("Known") else f"{guess} The recipes: {', '.join(names)}."

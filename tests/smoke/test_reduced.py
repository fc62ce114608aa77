"""Settings of a smoke run: small sizes, and nothing else."""

from __future__ import annotations

from tunefork.config import StudyConfig
from tunefork.recipes import RECIPES, find_recipe
from tunefork.smoke.reduced import reduced, reduced_training
from tunefork.study_file import read_study

STAYS = (
    "weight_decay",
    "schedule",
    "augment",
    "early_stopping",
    "shared_learning_rate",
    "backbone_dropout",
    "precision",
)


def study(name: str) -> StudyConfig:
    return read_study(find_recipe(name).path)


def test_sizes_are_small_and_small_ones_stay() -> None:
    large = {"batch_size": 64, "accumulation": 8, "epochs": 5, "steps": 900, "warmup": 500, "eval_every": 500}
    assert reduced_training(large) == {
        "batch_size": 16, "accumulation": 2, "epochs": 2, "steps": 12, "warmup": 2, "eval_every": 4,
    }  # fmt: skip
    small = {"batch_size": 4, "epochs": 0.5, "steps": None, "warmup": 0.06, "eval_every": "0.25 epochs", "log_every": 1}
    assert reduced_training(small) == small


def test_what_is_compared_stays() -> None:
    for recipe in RECIPES:
        before, after = read_study(recipe.path), reduced(read_study(recipe.path))
        for old, new in zip(before.compare, after.compare, strict=True):
            assert (old.kind, old.settings, old.block) == (new.kind, new.settings, new.block)
            assert old.strategies == new.strategies
        assert [getattr(after.training, name) for name in STAYS] == [getattr(before.training, name) for name in STAYS]
        assert (after.selection, after.verdict) == (before.selection, before.verdict)
        if before.search is not None and after.search is not None:
            assert (after.search.space, after.search.halving) == (before.search.space, before.search.halving)


def test_seeds_and_trials_are_few() -> None:
    fair = reduced(study("s0.fair"))
    assert fair.seeds == (0, 1)
    assert fair.search is not None
    assert (fair.search.trials, fair.search.batch) == (3, 3)
    assert [entry.seeds for entry in reduced(study("s0")).compare] == [None, None, [0, 1], None, [0, 1], None, [0, 1]]
    assert reduced(study("s1")).compare[1].training["accumulation"] == 2

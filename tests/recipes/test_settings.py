"""The settings of the five recipes are those of their reports."""

from __future__ import annotations

from typing import Any

import pytest

from tunefork.config import RunConfig
from tunefork.plan import expand
from tunefork.recipes import find_recipe
from tunefork.study_file import read_study

IMDB = "hub:stanfordnlp/imdb"
TRAINING: dict[str, dict[str, Any]] = {
    "s0": {"epochs": 1, "batch_size": 16, "weight_decay": 0.01, "shared_learning_rate": 2e-5},
    "s1": {"epochs": 5, "weight_decay": 0.01, "warmup": 500, "shared_learning_rate": 1e-4, "best_weights": False},
    "s2": {
        **{"epochs": 2, "batch_size": 32, "eval_batch_size": 64, "weight_decay": 0.001},
        **{"warmup": 1000, "schedule": "linear", "eval_every": 500},
    },
    "s3": {"epochs": 3, "batch_size": 16, "shared_learning_rate": 2e-5},
    "s4": {"epochs": 5, "batch_size": 128, "accumulation": 4, "shared_learning_rate": 5e-3},
}
MATERIAL = {
    "s0": ("distilbert/distilbert-base-uncased", f"{IMDB}#train", f"{IMDB}#test"),
    "s1": ("openai-community/gpt2", f"{IMDB}#train", f"{IMDB}#test"),
    "s2": ("FacebookAI/roberta-base", "hub:fancyzhx/ag_news#train", "hub:fancyzhx/ag_news#test"),
    "s3": ("distilbert/distilbert-base-uncased", f"{IMDB}#train", f"{IMDB}#test"),
    "s4": ("google/vit-base-patch16-224-in21k", "hub:ethz/food101#train", "hub:ethz/food101#validation"),
}


def runs(name: str) -> list[RunConfig]:
    return [run.config for run in expand(read_study(find_recipe(name).path))]


@pytest.mark.parametrize("name", TRAINING)
def test_training_is_set_as_in_the_report(name: str) -> None:
    study = read_study(find_recipe(name).path)
    assert {key: getattr(study.training, key) for key in TRAINING[name]} == TRAINING[name]
    assert study.training.precision == "auto"  # fp16 in s1's report
    assert (study.model, study.data.train, study.data.test) == MATERIAL[name]


def test_s1_trains_its_two_configurations_each_in_its_own_way() -> None:
    head, lora = (run.training for run in runs("s1"))
    assert (head.batch_size, head.accumulation, head.log_every) == (64, 1, 100)
    assert (lora.batch_size, lora.accumulation, lora.log_every) == (16, 8, 300)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("s1", {"rank": 8, "alpha": 16, "dropout": 0.0, "learning_rate": 1e-4}),
        ("s2", {"rank": 11, "alpha": 7, "dropout": 0.0, "learning_rate": 1e-4}),
        ("s3", {"rank": 8, "alpha": 32, "dropout": 0.1, "learning_rate": 2e-5}),
        ("s4", {"rank": 8, "alpha": 16, "dropout": 0.1, "learning_rate": 5e-3}),
    ],
)
def test_lora_is_set_as_in_the_report(name: str, settings: dict[str, Any]) -> None:
    (lora,) = (run.strategy.model_dump() for run in runs(name) if run.strategy.kind == "lora")
    lora["alpha"] = lora["alpha"] or 2 * lora["rank"]
    assert {key: lora[key] for key in settings} == settings


def test_s2_augments_with_synonyms_and_s3_keeps_its_seed() -> None:
    augment = read_study(find_recipe("s2").path).data.augment
    assert augment is not None
    assert augment.synonyms == "wordnet"
    assert [run.seed for run in runs("s3")] == [42, 42]

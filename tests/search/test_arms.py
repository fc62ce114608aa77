"""What each configuration of a study leaves open."""

from __future__ import annotations

import pytest

from tunefork.config import Choices, Range, StudyConfig
from tunefork.errors import ConfigError
from tunefork.plan import expand
from tunefork.search import arms_of
from tunefork.study_file import parse_study


def study(compare: str, search: str = "{}", more: str = "") -> StudyConfig:
    return parse_study(f"data: a.csv\ncompare: {compare}\nsearch: {search}\n{more}")


def arms(*texts: str) -> list[tuple[str, dict[str, object]]]:
    config = study(*texts)
    assert config.search is not None
    return [(arm.name, dict(arm.space)) for arm in arms_of(config, config.search)]


def test_what_an_entry_gives_is_fixed_and_what_it_leaves_open_is_looked_for() -> None:
    found = arms("[full, {lora: {rank: 8, lr: 0.001}}, {head: {}}]")
    assert found == [
        ("full", {"learning_rate": Range(1e-5, 1e-3, whole=False)}),
        ("LoRA r=8 query+value", {}),
        ("head", {"learning_rate": Range(1e-3, 0.3, whole=False)}),
    ]


def test_each_point_of_a_grid_is_an_arm_of_its_own() -> None:
    assert [name for name, _ in arms("[{lora: {r: [2, 8], targets: [query, all-linear]}}]")] == [
        "LoRA r=2 query", "LoRA r=2 all-linear", "LoRA r=8 query", "LoRA r=8 all-linear",
    ]  # fmt: skip


def test_a_space_adds_to_the_usual_one_and_an_arm_is_not_called_by_what_it_looks_for() -> None:
    space = "{space: {lora: {rank: [2, 8], dropout: 0..0.3}, training: {epochs: [2, 4]}}}"
    assert arms("[lora, {full: {}, training: {epochs: 1}}]", space) == [
        (
            "LoRA",
            {
                "learning_rate": Range(1e-4, 1e-2, whole=False),
                "rank": Choices((2, 8)),
                "dropout": Range(0, 0.3, whole=False),
                "training.epochs": Choices((2, 4)),
            },
        ),
        ("full", {"learning_rate": Range(1e-5, 1e-3, whole=False)}),
    ]


def test_equal_labels_are_told_apart() -> None:
    found = arms("[{lora: {alpha: 4}}, {lora: {alpha: 8}}, full, {full: {}, seeds: 2}]")
    assert [name for name, _ in found] == [
        "LoRA r=8 query+value (alpha=4)", "LoRA r=8 query+value (alpha=8)", "full (no. 1)", "full (no. 2)",
    ]  # fmt: skip


def test_what_several_blocks_ask_for_is_looked_for_once_and_shown_in_each() -> None:
    config = study("[full, {block: rank, lora: {r: [2, 8]}}, {block: targets, lora: {rank: 8}}, full]")
    assert config.search is not None
    found = arms_of(config, config.search)
    assert [arm.name for arm in found] == ["full", "LoRA r=2 query+value", "LoRA r=8 query+value"]
    entries = [entry for arm in found for entry in arm.entries({"learning_rate": 0.002})]
    assert [(entry.block, entry.settings) for entry in entries[1:]] == [
        ("rank", {"rank": 2, "learning_rate": 0.002}),
        ("rank", {"rank": 8, "learning_rate": 0.002}),
        ("targets", {"rank": 8, "learning_rate": 0.002}),
    ]
    decided = config.model_copy(update={"compare": tuple(entries)})
    assert [run.blocks for run in expand(decided)] == [(), ("rank",), ("rank", "targets")]


def test_a_run_has_what_was_chosen_and_the_seed_of_the_search() -> None:
    config = study("[{lora: {rank: 4}, seeds: 3, training: {batch_size: 8}}]", "{space: {training: {epochs: 1..5}}}")
    assert config.search is not None
    arm = arms_of(config, config.search)[0]
    run = arm.run({"learning_rate": 0.002, "training.epochs": 5}, config, 1000)
    assert (run.seed, run.strategy.learning_rate, run.training.epochs, run.training.batch_size) == (1000, 0.002, 5, 8)
    assert (run.strategy.rank, run.strategy.alpha) == (4, 8)  # type: ignore[union-attr]
    entry = arm.configuration({"learning_rate": 0.002, "training.epochs": 5})
    assert entry.written() == {
        "lora": {"rank": 4, "learning_rate": 0.002}, "seeds": 3, "training": {"batch_size": 8, "epochs": 5},
    }  # fmt: skip
    assert dict(arm.defaults) == {"learning_rate": 1e-3, "training.epochs": 3}


def test_an_entry_may_not_be_judged_by_the_search_s_seed() -> None:
    config = study("[{full: {}, seeds: [1000]}]")
    assert config.search is not None
    with pytest.raises(ConfigError, match="A configuration has the search's seed among its own"):
        arms_of(config, config.search)

"""Every count of the ten recipes, from the architectures alone, with the network out of reach."""

from __future__ import annotations

import pytest

from tunefork.plan import Plan
from tunefork.recipes import find_recipe
from tunefork.study import Study, outline

S0 = {
    "full": 66_955_010,
    "head": 592_130,
    "LoRA r=8 query+value+mlp": 1_108_226,
    "LoRA r=2 query+value+mlp": 721_154,
    "LoRA r=32 query+value+mlp": 2_656_514,
    "LoRA r=8 query+value": 739_586,
    "LoRA r=8 query+key+value+output+mlp": 1_255_682,
}
S4 = {"last layer": 7_165_541, "LoRA r=8 query+value": 372_581}


pytestmark = pytest.mark.usefixtures("no_network")


def planned(name: str, timings: bool = False) -> Plan:
    return outline(Study.from_file(find_recipe(name).path), timings=timings)


def trainable(plan: Plan) -> dict[str, int]:
    return {run.name: run.counts.trainable for run in plan.runs}


def test_s0_has_nine_runs_with_the_counts_of_the_report() -> None:
    plan = planned("s0")
    assert len(plan.runs) == 9
    assert trainable(plan) == S0
    again = [run for run in plan.runs if run.name == "LoRA r=8 query+value+mlp"]
    assert [run.config.seed for run in again] == [0, 1, 2]  # the one that the report ran three times
    assert {run.blocks for run in again} == {("methods", "rank", "layers")}
    assert {run.config.strategy.learning_rate for run in plan.runs} == {2e-5}
    assert {run.steps for run in plan.runs} == {1485}  # 23,750 rows, 16 at a time


def test_s0_fair_has_the_same_counts() -> None:
    plan = planned("s0.fair")
    assert len(plan.runs) == 7 * 5
    assert trainable(plan) == S0


def test_s1_has_the_counts_and_steps_of_the_report() -> None:
    plan = planned("s1")
    head, lora = plan.runs
    assert head.counts.total == 124_441_344
    assert (lora.counts.trainable, lora.counts.adapter, lora.counts.head) == (886_272, 884_736, 1_536)
    assert (head.counts.trainable, head.config.training.batch_size, head.config.training.log_every) == (1_536, 64, 100)
    assert (lora.config.training.batch_size, lora.config.training.accumulation) == (16, 8)
    assert (lora.config.training.log_every, lora.config.training.warmup, lora.steps) == (300, 500, 930)


def test_s1_fair_counts_what_the_author_wished_for() -> None:
    assert trainable(planned("s1.fair")) == {
        "head": 1_536,
        "LoRA r=8 c_fc+c_proj": 886_272,
        "LoRA r=32 c_fc+c_proj": 3_540_480,
        "LoRA r=8 query+key+value": 296_448,
        "LoRA r=8 all-linear": 1_181_184,
    }


def test_s2_is_the_largest_rank_under_a_million() -> None:
    (run,) = planned("s2").runs
    assert (run.counts.trainable, run.counts.peft_total) == (999_172, 125_647_880)
    assert round(run.counts.peft_percent, 4) == 0.7952
    training = run.config.training
    assert (training.warmup, training.batch_size, training.eval_batch_size, training.eval_every) == (1000, 32, 64, 500)


def test_s2_fair_stays_under_a_million_and_the_next_rank_would_not() -> None:
    assert trainable(planned("s2.fair")) == {
        "head": 593_668,
        "LoRA r=11 query+value": 999_172,
        "LoRA r=2 query+value": 667_396,
        "LoRA r=5 attention": 962_308,
        "LoRA r=2 all-linear": 925_444,
    }
    for largest, rank in ((999_172, 11), (962_308, 5), (925_444, 2)):
        assert largest + (largest - 593_668) // rank > 1_000_000


def test_s3_has_the_counts_of_the_report() -> None:
    full, lora = planned("s3").runs
    assert full.counts.trainable == 66_955_010
    assert (lora.counts.trainable, lora.counts.adapter, lora.counts.head) == (813_314, 221_184, 592_130)
    assert {run.config.seed for run in (full, lora)} == {42}
    assert lora.config.strategy.model_dump()["alpha"] == 32


def test_s3_fair_has_them_too() -> None:
    found = trainable(planned("s3.fair"))
    assert sorted(found.values()) == [
        592_130, 647_426, 813_314, 813_314, 1_255_682, 7_680_002, 66_955_010,
    ]  # fmt: skip
    assert (found["full"], found["head"], found["last layer"]) == (66_955_010, 592_130, 7_680_002)


def test_s4_has_the_counts_of_the_report() -> None:
    plan = planned("s4")
    assert trainable(plan) == S4
    lora, last = plan.runs
    assert (lora.counts.adapter, lora.counts.head, lora.counts.peft_total) == (294_912, 77_669, 86_248_906)
    assert round(lora.counts.peft_percent, 5) == 0.43198
    assert (last.counts.total, last.counts.peft_total, round(last.counts.peft_percent, 3)) == (
        85_876_325,
        85_876_325,
        8.344,
    )


def test_s4_fair_has_them_too() -> None:
    assert trainable(planned("s4.fair")) == S4 | {
        "full": 85_876_325,
        "head": 77_669,
        "LoRA r=2 query+value": 151_397,
        "LoRA r=32 query+value": 1_257_317,
    }


@pytest.mark.parametrize("kind", ["", ".fair"])
@pytest.mark.parametrize("number", range(5))
def test_a_plan_without_a_network_and_timings_says_what_is_known(number: int, kind: str) -> None:
    plan = planned(f"s{number}{kind}")
    assert plan.disk_mib is not None
    assert all(run.steps and run.memory_mib and run.seconds is None for run in plan.runs)
    assert any("rows as published, not read" in notice for notice in plan.notices)
    assert any(
        "times, lengths and shared passes are unknown; memory is the most it can be" in notice
        for notice in plan.notices
    )
    assert bool(plan.search) == (kind == ".fair")
    assert plan.rows["test"] == {4: 25_250, 2: 7_600}.get(number, 25_000)


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("kind", ["", ".fair"])
@pytest.mark.parametrize("number", range(5))
def test_a_plan_without_a_network_has_times_memory_and_disk(number: int, kind: str) -> None:
    plan = planned(f"s{number}{kind}", timings=True)
    assert all(run.steps and run.memory_mib and run.seconds for run in plan.runs)
    assert plan.seconds
    assert plan.disk_mib
    assert sorted(run for group in plan.groups for run in group.runs) == sorted(run.config.id for run in plan.runs)
    assert plan.notices[0].startswith("the model itself is out of reach (")
    assert "random weights of the same architecture were timed in its place, on made-up" in plan.notices[0]
    assert any("the trials would take" in line for line in plan.search) == (kind == ".fair")


@pytest.mark.slow
def test_the_smallest_recipe_is_timed_as_large_as_it_is() -> None:
    (run,) = (plan := planned("s2", timings=True)).runs
    assert run.counts.trainable == 999_172
    assert run.seconds is not None
    assert run.seconds > 14_250 * 0.01  # steps of 4,096 tokens through 86 million parameters
    assert "rows with 128 tokens each, the most they can have, so times and memory are at most" in plan.notices[0]

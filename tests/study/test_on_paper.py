"""A plan for a cluster that is not at hand."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.study.test_grouping import study
from tunefork import Full, LoRA, Study, load_data
from tunefork.cli.clusters import plan_for
from tunefork.config import RunConfig
from tunefork.errors import ConfigError
from tunefork.plan import StepTiming
from tunefork.plan.simulate import Costs, costs_of, parse_cluster
from tunefork.plan.simulate.tasks import regrouped
from tunefork.runner import Places
from tunefork.study import costs_file, grouping, measured_here, no_costs_because, on_paper, plan_on, scaling, timings
from tunefork.study import standing_in as standing


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps take half a second, and as much again for each run; returns the threads that they were timed with."""
    threads: list[int] = []

    def measured(_backbone: object, runs: list[RunConfig], *_: object) -> StepTiming:
        threads.append(torch.get_num_threads())
        return StepTiming(0.5 + 0.5 * len(runs), 0.001)

    for module in (grouping, timings):
        monkeypatch.setattr(module, "timed", measured)
    return threads


@pytest.fixture
def nothing_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (grouping, timings, standing):
        monkeypatch.setattr(module, "timed", lambda *_: pytest.fail("a step was timed here"))


def of_a_gpu(folder: Path, csv: Path, **more: float) -> Costs:
    alone = {run.config.configuration: StepTiming(0.01, 0.0001) for run in study(folder, csv).expanded}
    return replace(Costs("cuda (NVIDIA H200)", 2, "fp32", alone), **more)  # type: ignore[arg-type]


def test_groups_are_made_for_the_clusters_devices(tiny_folder: Path, messages_csv: Path, timed: list[int]) -> None:
    plan, found = plan_on(study(tiny_folder, messages_csv), parse_cluster("2xcpu"))
    assert [len(group.runs) for group in plan.groups] == [2, 2, 4]
    assert (plan.workers, plan.threads, set(timed)) == (2, 1, {1})
    assert found.costs.assumed == ""
    steps = plan.runs[0].steps
    assert steps is not None
    kept = found.overheads.kept
    evaluated = (plan.rows["validation"] + plan.rows["test"]) * 0.001
    bare = 2 * (steps * 1.5 + evaluated) + steps * 2.5 + evaluated  # two groups of two adapters, four heads
    fixed = 3 * found.overheads.group + 8 * found.overheads.run
    assert found.schedule.busy == pytest.approx(bare / kept + fixed)


def test_on_paper_the_groups_are_those_of_the_planner(tiny_folder: Path, messages_csv: Path, timed: list[int]) -> None:
    made = study(tiny_folder, messages_csv)
    plan = made.plan(places=Places(1, 1))
    costs = costs_of(plan, "cpu")
    assert costs is not None
    for devices in (1, 2, 3, 16):
        there = made.plan(places=Places(devices, 1))
        assert [each.runs for each in regrouped(plan, costs, devices).groups] == [each.runs for each in there.groups]


def test_what_a_faster_device_is_taken_to_do_is_said(tiny_folder: Path, messages_csv: Path, timed: list[int]) -> None:
    made = study(tiny_folder, messages_csv)
    _, given = plan_on(made, parse_cluster("8xH200@12"))
    assert given.costs.assumed == "each H200 is 12 times as fast as this machine"
    plan, guessed = plan_on(made, parse_cluster("2x4xH200"))
    assert plan.workers == 8
    assert "each H200 is " in guessed.costs.assumed
    assert "10% of its published 989 TFLOP/s against " in guessed.costs.assumed
    assert guessed.costs.shortest == scaling.SHORTEST
    assert guessed.costs.memory_mib == pytest.approx(134_468, rel=0.001)
    assert guessed.lines()[-1].startswith("assumed, not measured: each H200")
    assert guessed.schedule.makespan < given.schedule.makespan


def test_costs_of_a_device_are_used_as_they_are(tiny_folder: Path, messages_csv: Path, nothing_timed: None) -> None:
    costs = of_a_gpu(tiny_folder, messages_csv)
    plan, found = plan_on(study(tiny_folder, messages_csv), parse_cluster("4xH200"), costs)
    assert plan.precision == "fp32"
    assert found.costs == costs
    steps, rows = plan.runs[0].steps, plan.rows["validation"] + plan.rows["test"]
    assert steps is not None
    assert {group.seconds for group in plan.groups if len(group.runs) == 1} == {steps * 0.01 + rows * 0.0001}
    with pytest.raises(ConfigError, match=r"another device than the cluster's L4 \(--costs\)\. Found: cuda \(NVIDIA"):
        plan_on(study(tiny_folder, messages_csv), parse_cluster("4xL4"), costs)


def test_costs_and_a_speed_do_not_go_together(tiny_folder: Path, messages_csv: Path, nothing_timed: None) -> None:
    costs = of_a_gpu(tiny_folder, messages_csv)
    told = r"Costs are those of the cluster's devices as they are \(--costs\)\. Found: @12\. Write --cluster 4xH200,"
    with pytest.raises(ConfigError, match=told):
        plan_on(study(tiny_folder, messages_csv), parse_cluster("4xH200@12"), costs)


def test_costs_of_this_machine_are_of_this_machine(tiny_folder: Path, messages_csv: Path, nothing_timed: None) -> None:
    made, own = study(tiny_folder, messages_csv), on_paper.device_name()
    costs = replace(of_a_gpu(tiny_folder, messages_csv), device=own, threads=1)
    assert plan_on(made, parse_cluster("2xcpu"), costs)[1].costs == costs
    for text in ("2xcpu", "2xhere"):
        told = (
            rf"than the cluster's {text[2:]}, which is {re.escape(own)} with \d+ thread.*Found: cuda \(NVIDIA H200\), "
        )
        with pytest.raises(ConfigError, match=told):
            plan_on(made, parse_cluster(text), replace(costs, device="cuda (NVIDIA H200)"))
    with pytest.raises(ConfigError, match=r"with 1 thread \(--costs\).*threads: 2\. .*--cluster 1xcpu --json"):
        plan_on(made, parse_cluster("2xcpu"), replace(costs, threads=2))


def test_a_core_is_no_device_where_a_gpu_trains(
    tiny_folder: Path, messages_csv: Path, nothing_timed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_paper, "best_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(on_paper, "device_name", lambda: "cuda (NVIDIA A10)")
    with pytest.raises(
        ConfigError, match=r"trains on its GPU.*\(--cluster\)\. Found: cuda \(NVIDIA A10\)\. Write --cl"
    ):
        plan_on(study(tiny_folder, messages_csv), parse_cluster("4xcpu"))


def test_a_device_with_costs_may_be_a_stranger(
    tiny_folder: Path, messages_csv: Path, tmp_path: Path, nothing_timed: None
) -> None:
    costs = replace(of_a_gpu(tiny_folder, messages_csv), device="cuda (AMD MI300)")
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"costs": costs.document()}))
    _, found = plan_for(study(tiny_folder, messages_csv), "4xMI300", path, True, None)
    assert found is not None
    assert found.costs == costs


def test_a_devices_memory_bounds_the_runs_of_a_pass(
    tiny_folder: Path, messages_csv: Path, timed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(tiny_folder, messages_csv)
    whole = made.plan(places=Places(1, 1))
    room = max(run.memory_mib or 0.0 for run in whole.runs)
    small = made.plan(places=Places(1, 1, memory_mib=room * 1.01))
    sizes = [[len(group.runs) for group in plan.groups if not group.features] for plan in (whole, small)]
    assert sizes == [[4], [1, 1, 1, 1]]


def test_costs_go_through_a_file(tiny_folder: Path, messages_csv: Path, tmp_path: Path, timed: list[int]) -> None:
    plan = study(tiny_folder, messages_csv).plan()
    costs = measured_here(plan)
    assert costs is not None
    assert costs.device.startswith("cpu (")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"costs": costs.document()}))
    assert costs_file(path) == costs
    for text, told in (("{", "The costs cannot be read"), ("[]", "The file has no costs"), ("{}", "has no costs")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=told):
            costs_file(path)
    with pytest.raises(ConfigError, match=r"cannot be read \(--costs .*none\)\. Found: No such file"):
        costs_file(tmp_path / "none")


def test_times_of_two_kinds_are_no_costs(tiny_folder: Path, messages_csv: Path, timed: list[int]) -> None:
    plan = study(tiny_folder, messages_csv).plan()
    threads = torch.get_num_threads()
    for other, told in (
        (replace(plan, threads=threads + 1), f"lone runs were timed with {threads} threads, and shared passes with"),
        (replace(plan, share=2), "steps were timed on a part of each batch, as 2 processes divide it"),
        (study(tiny_folder, messages_csv).plan(timings=False), "a plan without times"),
    ):
        assert measured_here(other) is None
        assert no_costs_because(other).startswith(told)
    assert no_costs_because(plan) == ""


def test_processes_that_divide_a_batch_time_their_part_of_it(
    tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_backbone: object, runs: list[RunConfig], *_: object) -> StepTiming:
        return StepTiming(0.1 * runs[0].training.batch_size * (1 + 0.1 * len(runs)), 0.001)

    for module in (grouping, timings):
        monkeypatch.setattr(module, "timed", measured)
    plan = study(tiny_folder, messages_csv).plan(places=Places(1, 1, share=4))
    assert [run.timing.step_seconds for run in plan.runs if run.timing] == [pytest.approx(0.1 * 4 * 1.1)] * 8
    assert [each.timing.step_seconds for each in plan.groups if each.timing] == [pytest.approx(0.1 * 4 * 1.4)] * 2
    assert plan.share == 4


def test_options_that_do_not_go_together(tiny_folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    made = study(tiny_folder, messages_csv)
    with pytest.raises(ConfigError, match=r"Costs are those of a cluster's devices \(--costs\)"):
        plan_for(made, None, tmp_path, True, None)
    with pytest.raises(ConfigError, match=r"\(--workers\)\. Found: 3\. Leave it out, or write --cluster 3xcpu"):
        plan_for(made, "2xcpu", None, True, 3)
    with pytest.raises(ConfigError, match=r"A schedule on paper needs times \(--no-timings\)"):
        plan_for(made, "2xcpu", None, False, None)


def test_a_cluster_for_rows_that_are_out_of_reach(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Study(
        model=str(tiny_folder), data=load_data("hub:stanfordnlp/imdb", max_length=16),
        compare=[Full(), LoRA(rank=2)], seeds=2,
    )  # fmt: skip
    plan, found = plan_on(made, parse_cluster("3xcpu"))
    assert (plan.workers, plan.rows["test"]) == (3, 25_000)
    assert sorted(run for group in plan.groups for run in group.runs) == sorted(run.config.id for run in plan.runs)
    assert found.schedule.devices == 3
    assert found.schedule.makespan > 0
    assert plan.tokens == dict.fromkeys(plan.rows, 16.0)
    assert "\ntrain: 22,500 rows, at most 16 tokens each\n" in str(plan)
    monkeypatch.setattr(sys.modules["tunefork.study.outline"], "_longest", lambda *_: None)
    with pytest.raises(ConfigError, match=r"cannot be timed here \(--cluster\). Found: the rows are out of reach"):
        plan_on(made, parse_cluster("3xcpu"))


def test_costs_are_enough_where_the_rows_are_out_of_reach(
    tiny_folder: Path, nothing_timed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Study(
        model=str(tiny_folder), data=load_data("hub:stanfordnlp/imdb", max_length=16),
        compare=[Full(), LoRA(rank=2)], seeds=2,
    )  # fmt: skip
    alone = {run.config.configuration: StepTiming(0.01, 0.0001) for run in made.expanded}
    costs = Costs("cuda (NVIDIA H200)", 2, "bf16", alone)
    plan, found = plan_on(made, parse_cluster("3xH200"), costs)
    steps = plan.runs[0].steps
    assert steps is not None
    assert plan.runs[0].seconds == pytest.approx(steps * 0.01 + (3 * plan.rows["validation"] + 25_000) * 0.0001)
    assert (plan.workers, plan.precision, found.costs) == (3, "bf16", costs)
    assert plan.notices[0] == (
        "the rows are out of reach; groups were made for rows with 16 tokens each, the most they can have, so memory "
        "is at most; times are the costs that were given"
    )
    monkeypatch.setattr(sys.modules["tunefork.study.outline"], "_longest", lambda *_: None)
    with pytest.raises(
        ConfigError, match=r"nobody knows here who shares a pass \(--cluster\)\. Found: the rows are out"
    ):
        plan_on(made, parse_cluster("3xH200"), costs)

"""What groups cost, as timed, written, read and scaled; and the tasks that follow from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.plan.test_groups import planned, traits
from tunefork.errors import ConfigError
from tunefork.plan import Group, Plan, PlannedRun, StepTiming, make_groups
from tunefork.plan.simulate import Costs, Overheads, Point, Shared, costs_of, forecast, parse_cluster, read_costs
from tunefork.plan.simulate.tasks import regrouped, tasks_of

NOTHING = Overheads(start=0.0, group=0.0, run=0.0, record=0.0, event=0.0)


def timed_plan(size: int = 4, workers: int = 1) -> Plan:
    """Each run takes 0.1 s a step; of a pass, half of it is shared."""
    runs = tuple(replace(run, timing=StepTiming(0.1, 0.001), memory_mib=30.0) for run in planned())
    groups = tuple(
        replace(group, timing=StepTiming(0.05 + 0.05 * len(group.runs), 0.0005 + 0.0005 * len(group.runs)))
        for group in make_groups(runs, traits(runs), lambda party: size, workers)
    )
    rows = {"train": 160, "validation": 20, "test": 40}
    return Plan(runs, groups, rows, {}, {"train": 20.0}, precision="bf16", workers=workers, threads=1)


def group_of(plan: Plan, size: int) -> tuple[Group, list[PlannedRun]]:
    group = next(each for each in plan.groups if len(each.runs) == size)
    return group, [plan.run(run) for run in group.runs]


def test_sizes_between_are_on_the_line_through_one_run_and_what_was_measured() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    group, runs = group_of(plan, 4)
    for count in (1, 2, 3, 4):
        assert costs.timing(runs[:count], group).step_seconds == pytest.approx(
            0.1 if count == 1 else 0.05 + 0.05 * count
        )
        assert costs.timing(runs[:count], group).row_seconds == pytest.approx(0.0005 + 0.0005 * count)
    many = [*runs, *runs, *runs, *runs]
    assert costs.timing(many, group).step_seconds == pytest.approx(0.05 + 0.05 * 16)


def test_a_pass_never_costs_less_than_its_share_of_one_run() -> None:
    runs = list(timed_plan().runs[:1]) * 8
    costs = Costs(
        "x", 1, "fp32", {runs[0].config.configuration: StepTiming(0.1, 0.0)}, (Shared(0, False, 2, 0.3, 1.0),)
    )
    assert costs.timing(runs, Group((), 0)).step_seconds == pytest.approx(0.1)


def test_costs_come_back_from_json() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cuda (NVIDIA H200)", 143_771.0)
    assert costs is not None
    document = json.loads(json.dumps({"costs": costs.document()}))
    assert read_costs(document, "FILE") == costs
    assert costs_of(replace(plan, runs=planned()), "cpu") is None, "nothing was timed"


def test_costs_that_cannot_be_read() -> None:
    with pytest.raises(ConfigError, match=r"^The file has no costs \(x\.json\)\. Found: a plan without times\. Write"):
        read_costs({"costs": None}, "x.json")
    with pytest.raises(ConfigError, match=r"cannot be read \(x\.json\)\. Found: 'threads'"):
        read_costs({"costs": {"device": "cpu"}}, "x.json")
    costs = costs_of(timed_plan(), "cpu")
    assert costs is not None
    stranger = replace(timed_plan().runs[0], config=timed_plan().runs[0].config.model_copy(update={"seed": 9}))
    other = replace(costs, alone={})
    with pytest.raises(ConfigError, match="The costs have no time of 'full'"):
        other.timing([stranger], Group(()))


def test_a_faster_device_is_faster_until_its_launches_count() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    fast = costs.scaled("H200", 100.0, 1000.0, 0.005, "a guess")
    group, runs = group_of(plan, 4)
    assert fast.timing(runs, group).step_seconds == 0.005
    assert fast.timing(runs, group).row_seconds == pytest.approx(0.0025 / 100)
    assert (fast.device, fast.memory_mib, fast.assumed) == ("H200", 1000.0, "a guess")


def test_tasks_are_the_plans_groups_with_all_that_they_do() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    overheads = Overheads(group=2.0, run=0.5, record=0.01, event=0.001)
    index = next(number for number, group in enumerate(plan.groups) if len(group.runs) == 4)
    task = tasks_of(plan, costs, overheads)[index]
    # ten steps, one evaluation of 20 rows, 40 rows of test; a group, and four models saved
    assert task.seconds == pytest.approx(10 * 0.25 + (1 * 20 + 40) * 0.0025 + 2.0 + 4 * 0.5)
    # a record of steps, one evaluation, one test, and the run four times; ten steps are shown
    assert task.driver == pytest.approx(4 * (1 + 1 + 1 + 4) * 0.01 + 10 * 0.001)
    assert (task.runs, task.depth) == (4, 0)
    heads = next(task for task, group in zip(tasks_of(plan, costs, overheads), plan.groups) if group.features)
    assert heads.depth == 6


def test_several_devices_take_the_longest_first() -> None:
    costs = costs_of(timed_plan(), "cpu")
    assert costs is not None
    counts = [task.runs for task in tasks_of(timed_plan(workers=2), costs, NOTHING)]
    assert counts[:4] == [3, 3, 2, 2]
    assert counts[-1] == 4, "heads are over soon"


def test_other_numbers_of_devices_have_groups_of_their_own() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    for devices in (1, 2, 5, 64):
        found = regrouped(plan, costs, devices)
        sizes = [len(group.runs) for group in found.groups if not group.features and not group.alone]
        assert sum(sizes) == 14
        assert max(sizes) == {1: 10, 2: 5, 5: 2, 64: 1}[devices]
        assert found.workers == devices
        assert sum(group.features for group in found.groups) == 1, "all heads train together"
        assert [group.alone for group in found.groups if group.alone] == ["trains the backbone's own parameters"] * 2


def test_memory_bounds_the_runs_of_a_pass() -> None:
    costs = costs_of(timed_plan(), "cpu", 100.0)
    assert costs is not None
    sizes = [len(group.runs) for group in regrouped(timed_plan(), costs, 1).groups if not group.features]
    assert max(sizes) == 3, "30 MiB each, and 100 in all"
    found = forecast(timed_plan(), replace(costs, memory_mib=20.0), parse_cluster("1xL4"))
    assert set(found.too_large) == {run.name for run in timed_plan().runs}


def test_a_forecast_in_words_and_in_json() -> None:
    plan = timed_plan(workers=4)
    costs = costs_of(plan, "cpu")
    assert costs is not None
    guessed = costs.scaled("L4", 2.0, None, 0.0, "each L4 is twice as fast")
    found = forecast(plan, guessed, parse_cluster("4xL4"))
    document = json.loads(json.dumps(found.document()))
    assert document["cluster"]["devices"] == 4
    assert document["assumed"] == "each L4 is twice as fast"
    assert document["schedule"]["makespan"] == pytest.approx(found.schedule.makespan)
    assert [point["devices"] for point in document["curve"]] == [1, 2, 4, 8, 16]
    assert document["knee"] == found.knee
    lines = found.lines()
    assert lines[0].startswith("on 4 × L4: ")
    assert "20 runs in " in lines[0]
    assert lines[-1] == "assumed, not measured: each L4 is twice as fast"


def test_one_group_at_a_time_here_starts_no_worker_and_cores_get_in_each_others_way() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    one = forecast(plan, costs, parse_cluster("1xhere"))
    assert one.schedule.starting == 0
    two = forecast(regrouped(plan, costs, 2), costs, parse_cluster("2xcpu"))
    apart = forecast(regrouped(plan, costs, 2), costs, parse_cluster("2x1xcpu"))
    fixed = 0.5 * two.schedule.tasks + 0.5 * two.schedule.runs
    assert two.schedule.busy - fixed == pytest.approx((apart.schedule.busy - fixed) / 0.92)
    assert two.schedule.starting == 16.0


def with_prefixes(plan: Plan) -> Plan:
    """Taking a row through the frozen blocks takes 0.05 s."""
    runs = tuple(replace(run, timing=StepTiming(0.1, 0.001, 0.05)) for run in plan.runs)
    return replace(plan, runs=runs)


def test_every_point_follows_one_rule() -> None:
    plan = with_prefixes(timed_plan())
    costs = costs_of(plan, "cuda (NVIDIA L4)")
    assert costs is not None

    def points(text: str) -> dict[int, Point]:
        return {point.devices: point for point in forecast(plan, costs, parse_cluster(text)).curve}

    alone, together = points("2x1xL4"), points("1x8xL4")
    assert alone[8] == points("8x1xL4")[8], "nodes of one device, asked for or not"
    assert alone[8].utilisation > together[8].utilisation, "each computes frozen blocks' output for itself"
    assert points("1x2xL4")[2] == together[2], "as many as asked for, or others"
    assert points("2x2xL4")[8] == points("4x2xL4")[8]


def test_one_core_has_nobody_beside_it() -> None:
    plan = timed_plan()
    costs = costs_of(plan, "cpu")
    assert costs is not None
    found = {point.devices: point.makespan for point in forecast(plan, costs, parse_cluster("3xcpu")).curve}
    one = forecast(regrouped(plan, costs, 1), costs, parse_cluster("1xcpu"))
    two = forecast(regrouped(plan, costs, 2), costs, parse_cluster("2xcpu"))
    assert (found[1], found[2]) == (one.schedule.makespan, two.schedule.makespan)


def test_where_costs_are_assumed_groups_are_made_from_them() -> None:
    plan = timed_plan(size=1, workers=2)
    costs = costs_of(timed_plan(), "cpu")
    assert costs is not None
    cluster = parse_cluster("2xL4")
    assert forecast(plan, costs, cluster).schedule.tasks == len(plan.groups)
    guessed = costs.scaled("L4", 100.0, None, 0.005, "a guess")
    found = forecast(plan, guessed, cluster)
    assert found.schedule.tasks == len(regrouped(plan, guessed, 2).groups) < len(plan.groups)
    assert found.schedule.makespan == next(point.makespan for point in found.curve if point.devices == 2)


def test_a_forecast_keeps_the_costs_of_a_device_by_itself() -> None:
    costs = costs_of(timed_plan(), "cpu")
    assert costs is not None
    assert forecast(timed_plan(workers=2), costs, parse_cluster("2xcpu")).costs == costs


def test_a_search_is_not_on_paper() -> None:
    plan, told = timed_plan(), "that is of the final runs alone: the search before them is left out"
    costs = costs_of(plan, "cpu")
    assert costs is not None
    with_search = forecast(replace(plan, search=("20 trials",)), costs, parse_cluster("1xcpu"))
    without = forecast(plan, costs, parse_cluster("1xcpu"))
    assert [told in each.lines() for each in (with_search, without)] == [True, False]
    assert [each.document()["without_search"] for each in (with_search, without)] == [True, False]


def test_a_file_without_costs_says_why() -> None:
    with pytest.raises(ConfigError, match=r"no costs \(x\.json\)\. Found: lone runs were timed with 2 threads"):
        read_costs({"costs": None, "no_costs_because": "lone runs were timed with 2 threads"}, "x.json")

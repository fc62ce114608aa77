"""Who shares a pass, and how the plan says it."""

from __future__ import annotations

import time
from dataclasses import replace

from tunefork.config import RunConfig
from tunefork.counts import Counts
from tunefork.plan import Group, Plan, PlannedRun, Traits, expand, make_groups, parties
from tunefork.study_file import parse_study
from tunefork.uncertainty import detectable

STUDY = """
data: a.csv
seeds: 2
compare:
  - full
  - head: {learning_rate: [0.01, 0.1]}
  - lora: {rank: [8, 2], targets: [query+value, query+value+mlp]}
  - lora: {rank: 4, layers: 4+5}
  - {lora: {rank: 16}, training: {batch_size: 32}}
  - {lora: {rank: 16}, training: {weight_decay: 0.5, schedule: cosine}}
"""


def planned(seconds: float | None = None) -> tuple[PlannedRun, ...]:
    counts = Counts(0, 0, 0, 100, 100)
    return tuple(
        PlannedRun(run.config, run.name, run.blocks, counts, steps=10, seconds=seconds)
        for run in expand(parse_study(STUDY))
    )


def traits_of(config: RunConfig) -> Traits:
    strategy = config.strategy
    if strategy.kind == "full":
        return Traits("trains the backbone's own parameters", 0, 6)
    if strategy.kind == "head":
        return Traits("", 6, 6)
    return Traits("", 4 if getattr(strategy, "layers", None) else 0, 6)


def traits(runs: tuple[PlannedRun, ...]) -> dict[str, Traits]:
    return {run.config.configuration: traits_of(run.config) for run in runs}


def test_runs_share_a_pass_where_prefix_and_batches_are_the_same() -> None:
    runs = planned()
    found = [sorted({run.config.strategy.kind for run in party}) for party in parties(runs, traits(runs))]
    sizes = [len(party) for party in parties(runs, traits(runs))]
    assert list(zip(found, sizes)) == [
        (["full"], 1),
        (["full"], 1),
        (["lora"], 10),  # ranks 8 and 2 on two targets, and rank 16 with its own decay and schedule, two seeds each
        (["lora"], 2),  # batches of 32
        (["lora"], 2),  # layers 4 and 5
        (["head"], 4),
    ]


def test_runs_of_one_pass_may_weigh_classes_differently_but_see_the_same_rows() -> None:
    counts = Counts(0, 0, 0, 100, 100)
    text = """
data: a.csv
compare:
  - lora: {rank: 8}
  - {lora: {rank: 8}, training: {class_weights: auto, label_smoothing: 0.1}}
  - {lora: {rank: 8}, training: {sampling: balanced}}
"""
    runs = tuple(PlannedRun(run.config, run.name, (), counts, steps=10) for run in expand(parse_study(text)))
    found = [[run.config.training.sampling for run in party] for party in parties(runs, traits(runs))]
    assert found == [["shuffled", "shuffled"], ["balanced"]]


def test_seeds_stand_together_and_equal_ranks_beside_each_other() -> None:
    runs = planned()
    party = next(party for party in parties(runs, traits(runs)) if len(party) == 10)
    order = [(run.config.seed, getattr(run.config.strategy, "rank", 0)) for run in party]
    assert order == [(0, 2), (0, 2), (0, 8), (0, 8), (0, 16), (1, 2), (1, 2), (1, 8), (1, 8), (1, 16)]


def test_groups_are_as_even_as_can_be() -> None:
    runs = planned()
    groups = make_groups(runs, traits(runs), lambda party: 4)
    assert [len(group.runs) for group in groups] == [1, 1, 4, 3, 3, 2, 2, 4]
    assert sorted(run for group in groups for run in group.runs) == sorted(run.config.id for run in runs)
    assert [group.features for group in groups] == [False] * 7 + [True]
    assert groups[0].alone == "trains the backbone's own parameters"


def test_the_plan_says_who_trains_together_and_what_it_saves() -> None:
    runs = planned(seconds=60.0)
    groups = make_groups(runs, traits(runs), len)
    groups = tuple(replace(group, seconds=100.0) for group in groups)
    text = str(Plan(runs, groups, {"train": 100}, {}, {}))
    assert "trained in 6 passes, one after another" in text
    assert "  10 runs at once (" in text
    assert "they share the frozen model's every pass: 2 min instead of 10 min" in text
    assert "each row passes through the frozen model once, and all heads train on what it gives" in text
    assert "  one at a time, since each trains the backbone's own parameters: full" in text
    assert "the whole study: 10 min" in text


def test_the_plan_says_what_can_be_found() -> None:
    runs = planned()
    groups = make_groups(runs, traits(runs), len)
    plan = Plan(runs, groups, {"train": 100, "test": 872}, {}, {})
    assert plan.seeds == 2
    assert plan.detects == detectable(872, 2, plan.configurations)
    assert plan.detects > 0.03
    assert (
        f"872 test rows and 2 seeds of {plan.configurations} configurations: differences of "
        f"± {100 * plan.detects:.1f} points or more are found in 80 of 100 studies, if two runs disagree on 10% of the "
        "rows"
    ) in str(plan)
    alone = replace(plan, runs=runs[:1])
    assert alone.detects is None, "nothing to compare"
    single = replace(plan, groups=(), runs=(runs[0], next(run for run in runs if run.name != runs[0].name)))
    assert str(single).count("what another seed would do stays unknown") == 1


def test_a_plan_of_many_runs_finds_each_at_once() -> None:
    first = planned()[0]
    strategy, training = first.config.strategy, first.config.training
    runs = tuple(
        replace(first, config=RunConfig(strategy=strategy, training=training, seed=seed)) for seed in range(10_000)
    )
    plan = Plan(runs, tuple(Group((run.config.id,)) for run in runs), {}, {}, {}, workers=2)
    began = time.perf_counter()
    assert len(plan.schedule()) == 10_000
    assert time.perf_counter() - began < 2  # several seconds where each run is looked for among all

"""From a plan and costs to tasks: what each group keeps a device and the driver busy with, first come first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunefork.plan.groups import Party, Traits, make_groups
from tunefork.plan.pass_size import most_together, pass_size
from tunefork.plan.plan import Group, Plan
from tunefork.plan.simulate.costs import Costs
from tunefork.plan.simulate.overheads import PUT, Overheads
from tunefork.plan.steps import evaluation_interval


@dataclass(frozen=True)
class Task:
    """One group."""

    seconds: float
    """Of its device, without the frozen prefix."""
    driver: float = 0.0
    """Of the driver, for all that the group records."""
    runs: int = 1
    depth: int = 0
    """Frozen blocks, whose output is computed once for each row."""
    prefix: float = 0.0
    """Seconds to take all rows through them."""


def tasks_of(plan: Plan, costs: Costs, overheads: Overheads) -> list[Task]:
    """The plan's groups as they are, in the order in which they are given out.

    Raises:
        ConfigError: one of its configurations has no cost.
    """
    return [_task(plan, group, costs, overheads) for _, group in plan.schedule()]


def regrouped(plan: Plan, costs: Costs, devices: int) -> Plan:
    """The plan's runs in the groups that it would make for another number of devices, as far as its costs tell.

    Raises:
        ConfigError: one of its configurations has no cost.
    """
    kept = {plan.run(run).config.configuration: group for group in plan.groups for run in group.runs}
    traits = {key: _traits(group) for key, group in kept.items()}
    tokens = plan.tokens.get("train", 1.0)

    def size(party: Party) -> int:
        own = traits[party[0].config.configuration]
        most = most_together(party, tokens, costs.memory_mib, costs.precision)
        return pass_size(party, own, devices, most, lambda runs: costs.timing(runs, own).step_seconds)

    groups = make_groups(plan.runs, traits, size, devices)
    return replace(plan, groups=groups, workers=devices)


def _traits(group: Group) -> Traits:
    """What made the group; of the model's blocks it is enough to know whether some train."""
    return Traits(group.alone, group.depth, group.depth if group.features else group.depth + 1)


def _task(plan: Plan, group: Group, costs: Costs, overheads: Overheads) -> Task:
    runs = [plan.run(run) for run in group.runs]
    timing, training, count = costs.timing(runs, group), runs[0].config.training, len(runs)
    train, validation, test = (plan.rows.get(split, 0) for split in ("train", "validation", "test"))
    steps = max(run.steps or 0 for run in runs)
    evaluations = -(-steps // evaluation_interval(train, training)) if validation else 0
    seconds = steps * timing.step_seconds + (evaluations * validation + test) * timing.row_seconds
    records = -(-steps // training.log_every) + evaluations + bool(test) + PUT
    return Task(
        seconds + overheads.group + count * overheads.run,
        count * records * overheads.record + steps * overheads.event,
        count,
        group.depth,
        (train + validation + test) * timing.prefix_seconds,
    )

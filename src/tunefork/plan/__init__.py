"""What a study will do, before anything trains."""

from tunefork.plan.disk import estimate_disk_mib
from tunefork.plan.estimate import PROCESS_MIB, Sizes, StepTiming, estimate_memory_mib, estimate_seconds
from tunefork.plan.expand import ExpandedRun, expand, shared_rate_warning, warnings_of
from tunefork.plan.explain import disk, duration, findings, lengths, passes, whole
from tunefork.plan.groups import Party, Traits, make_groups, parties
from tunefork.plan.pass_size import most_together, pass_size
from tunefork.plan.plan import Group, Plan, PlannedRun
from tunefork.plan.schedule import makespan
from tunefork.plan.steps import evaluation_interval, steps_per_epoch, total_steps, warmup_steps

__all__ = [
    "PROCESS_MIB",
    "ExpandedRun",
    "Group",
    "Party",
    "Plan",
    "PlannedRun",
    "Sizes",
    "StepTiming",
    "Traits",
    "disk",
    "duration",
    "estimate_disk_mib",
    "estimate_memory_mib",
    "estimate_seconds",
    "evaluation_interval",
    "expand",
    "findings",
    "lengths",
    "make_groups",
    "makespan",
    "most_together",
    "parties",
    "pass_size",
    "passes",
    "shared_rate_warning",
    "steps_per_epoch",
    "total_steps",
    "warmup_steps",
    "warnings_of",
    "whole",
]

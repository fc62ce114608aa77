"""A plan in words: what ``print(study.plan())`` shows."""

from __future__ import annotations

from tunefork.plan.plan import Plan


def explain(plan: Plan) -> str:
    """The plan as plain text: one line per configuration, then the rows, the time, and what to know."""
    seeds: dict[str, int] = {}
    for run in plan.runs:
        seeds[run.config.configuration] = seeds.get(run.config.configuration, 0) + 1
    first = {run.config.configuration: run for run in reversed(plan.runs)}
    width = max(len(run.name) for run in plan.runs)
    lines = [f"{len(plan.runs)} runs of {len(seeds)} configurations"]
    for configuration, number in seeds.items():
        run = first[configuration]
        steps = "unknown steps" if run.steps is None else f"{run.steps:,} steps"
        lines.append(
            f"  {run.name:{width}}  {number} seed{'s' if number > 1 else ' '}  {run.counts.trainable:>13,} trainable "
            f"({run.counts.peft_percent:.3g} %)  {steps}, {duration(run.seconds)} each"
        )
    for split, rows in plan.rows.items():
        lengths = ""
        if split in plan.tokens:
            lengths = f", {plan.tokens[split]:.0f} tokens on average, {plan.truncated[split]:.1%} of the texts cut off"
        lines.append(f"{split}: {rows:,} rows{lengths}")
    lines.append(f"the whole study: {duration(plan.seconds)}")
    lines += [f"warning: {warning}" for warning in plan.warnings]
    notices = [*plan.notices, *(notice for run in plan.runs for notice in run.notices)]
    return "\n".join([*lines, *(f"note: {notice}" for notice in dict.fromkeys(notices))])


def duration(seconds: float | None) -> str:
    """Seconds for people.

    >>> duration(42), duration(600), duration(7200), duration(None)
    ('42 s', '10 min', '2.0 h', 'unknown time')
    """
    if seconds is None:
        return "unknown time"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

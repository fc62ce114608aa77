"""A plan in words: what ``print(study.plan())`` shows."""

from __future__ import annotations

from collections.abc import Iterable

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
        lines.append(f"{split}: {rows:,} rows{lengths(plan, split)}")
    lines += passes(plan)
    lines += findings(plan)
    lines += plan.search
    lines.append(f"{whole(plan)}: {duration(plan.seconds)}{disk(plan)}")
    lines += [f"warning: {warning}" for warning in plan.warnings]
    notices = [*plan.notices, *(notice for run in plan.runs for notice in run.notices)]
    return "\n".join([*lines, *(f"note: {notice}" for notice in dict.fromkeys(notices))])


def whole(plan: Plan) -> str:
    """What the plan's time is that of."""
    return "the runs above, without the search" if plan.search else "the whole study"


def disk(plan: Plan) -> str:
    """The room that it needs, as the end of a sentence; empty where nobody knows."""
    if plan.disk_mib is None:
        return ""
    room = f"{plan.disk_mib / 1024:,.1f} GiB" if plan.disk_mib >= 1000 else f"{plan.disk_mib:,.0f} MiB"
    return f", {room} on the disk at most"


def findings(plan: Plan) -> list[str]:
    """How large a difference must be for the study to find it."""
    from tunefork.uncertainty.power import ASSUMED

    if plan.detects is None:
        return []
    seeds = f"{plan.seeds} seed{'s' if plan.seeds > 1 else ''}"
    rest = "" if plan.seeds > 1 else "; what another seed would do stays unknown"
    return [
        f"{plan.rows['test']:,} test rows and {seeds} of {plan.configurations} configurations: differences of "
        f"± {100 * plan.detects:.1f} points or more are found in 80 of 100 studies, if two runs disagree on "
        f"{ASSUMED.disagree:.0%} of the rows{rest}"
    ]


def lengths(plan: Plan, split: str) -> str:
    """How long a split's rows are, as the end of a sentence; empty where nobody knows."""
    if split not in plan.tokens:
        return ""
    tokens = f"{plan.tokens[split]:.0f} tokens"
    if split not in plan.truncated:
        return f", at most {tokens} each" if plan.longest else f", {tokens} each"
    return f", {tokens} on average, {plan.truncated[split]:.1%} of the texts cut off"


def passes(plan: Plan) -> list[str]:
    """How the study is computed: in what, who trains together, and what that saves.

    A line for each group of several runs, one for all lone runs of a kind.
    """
    first = []
    if plan.precision and any(run.config.training.precision == "auto" for run in plan.runs):
        first.append(f"computed in {plan.precision}, the faster precision on this machine")
    if not plan.groups or len(plan.groups) == len(plan.runs) == 1:
        return first
    known = {run.config.id: run for run in plan.runs}
    how_many = f"trained in {len(plan.groups)} pass{'es' if len(plan.groups) > 1 else ''}"
    threads = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}"
    at_once = f"{plan.workers} at a time with {threads} each" if plan.workers > 1 else ""
    lines = [*first, f"{how_many}, {at_once or 'one after another'}"]
    lone: dict[str, list[str]] = {}
    for group in plan.groups:
        names = dict.fromkeys(known[run].name for run in group.runs)
        if len(group.runs) == 1:
            lone.setdefault(group.alone, []).extend(names)
            continue
        alone = [known[run].seconds for run in group.runs]
        times = ""
        if group.seconds is not None and None not in alone:
            times = f": {duration(group.seconds)} instead of {duration(sum(each or 0.0 for each in alone))}"
        how = (
            "each row passes through the frozen model once, and all heads train on what it gives"
            if group.features
            else "they share the frozen model's every pass"
        )
        lines.append(f"  {len(group.runs)} runs at once ({_list(names)}): {how}{times}")
    for reason, names_of in lone.items():
        why = f", since each {reason}" if reason else ""
        lines.append(f"  one at a time{why}: {_list(dict.fromkeys(names_of))}")
    return lines


def _list(names: Iterable[str], most: int = 4) -> str:
    """Names for people: a few of them, and how many more."""
    each = list(names)
    more = f" and {len(each) - most} more" if len(each) > most else ""
    return ", ".join(each[:most]) + more


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

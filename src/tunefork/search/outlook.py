"""What a search will do, before it does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunefork.config import Range, Search, StudyConfig
from tunefork.plan import duration
from tunefork.search.arms import Arm, arms_of

TRIALS = 8
"""Of each configuration, unless the study says how many."""


def trials_of(search: Search, arm: Arm) -> int:
    """How many trials an arm has where no time is set: as many as every other, or all points of a smaller space."""
    wanted = search.trials or TRIALS
    if search.method != "grid" and any(isinstance(each, Range) for each in arm.space.values()):
        return wanted
    points = 1
    for each in arm.space.values():
        points *= len(each.points())
    return min(wanted, points) if arm.space else 0


def search_lines(study: StudyConfig, seconds: Mapping[str, float] | None = None) -> tuple[str, ...]:
    """The search of a study in words; empty where there is none.

    Args:
        study: with or without a search.
        seconds: of one run of each configuration, by its id, where they are known.
    """
    search = study.search
    if search is None:
        return ()
    arms = arms_of(study, search)
    metric = study.selection.metric
    halving = f", one in {search.halving} goes on at each rung" if search.halving else ""
    if search.time is not None:
        first = f"search and final runs within {search.time:.0f} s, the same time for the trials of each configuration"
    else:
        first = f"before these runs, a search ({search.method}{halving})"
    seed = f"with seed {search.seed}"
    lines = [f"{first}; chosen by validation {metric} {seed}; the runs above then have the settings that it chose"]
    for arm in arms:
        space = "; ".join(f"{name.removeprefix('training.')} {each}" for name, each in arm.space.items())
        count = "" if search.time is not None else f"{trials_of(search, arm)} trials of "
        lines.append(f"  {count}{arm.name}: {space or 'nothing is left open'}")
    taken = _seconds(study, search, arms, seconds or {})
    if taken is not None:
        lines.append(f"  one after another the trials would take {duration(taken)}; shared passes take less")
    return tuple(lines)


def search_outlook(study: StudyConfig) -> dict[str, Any] | None:
    """The search of a study for ``--json``; None where there is none."""
    search = study.search
    if search is None:
        return None
    return {
        "method": search.method,
        "halving": search.halving,
        "seed": search.seed,
        "time": search.time,
        "configurations": [
            {
                "name": arm.name,
                "trials": None if search.time is not None else trials_of(search, arm),
                "space": {name: str(each) for name, each in arm.space.items()},
            }
            for arm in arms_of(study, search)
        ],
    }


def _seconds(study: StudyConfig, search: Search, arms: Sequence[Arm], seconds: Mapping[str, float]) -> float | None:
    """What the trials would take one after another, if none were given up; None where that is not known."""
    each = [seconds.get(arm.run({}, study, study.seeds[0]).configuration) for arm in arms]
    if search.time is not None or None in each:
        return None
    return sum(trials_of(search, arm) * (own or 0.0) for arm, own in zip(arms, each))

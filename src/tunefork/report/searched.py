"""What a search tried and chose, for every configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.report.summary import Summary
from tunefork.report.tables import Block, Row, Table
from tunefork.report.units import Units
from tunefork.report.wording import UNKNOWN, duration
from tunefork.store import TrialRecord
from tunefork.uncertainty import best_so_far, expected_best


@dataclass(frozen=True)
class SearchedArm:
    """One configuration and its trials, in the order in which they were asked for."""

    key: str
    name: str
    trials: tuple[TrialRecord, ...]

    @property
    def chosen(self) -> TrialRecord | None:
        """The trial whose settings the final runs have; None where no trial gave a number."""
        return next((trial for trial in self.trials if trial.chosen), None)

    @property
    def seconds(self) -> float:
        """Of all its trials."""
        return sum(trial.seconds for trial in self.trials)


def searched(summary: Summary) -> tuple[SearchedArm, ...]:
    """The configurations that were searched, in the order of the study; empty where there was no search."""
    by_arm: dict[str, list[TrialRecord]] = {}
    for trial in summary.trials:
        by_arm.setdefault(trial.arm, []).append(trial)
    return tuple(
        SearchedArm(key, own[0].name, tuple(sorted(own, key=lambda trial: trial.number))) for key, own in by_arm.items()
    )


def budget_curve(arm: SearchedArm, expected: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best value on validation against trials made: seconds [N] spent by then, and the value [N].

    Args:
        arm: the configuration.
        expected: over all orders of the trials, as Dodge et al. 2019 have it: for trials that were drawn independently;
            else in the order in which they were made.
    """
    values = [float("nan") if trial.value is None else trial.value for trial in arm.trials]
    seconds = np.array([trial.seconds for trial in arm.trials])
    highest = not arm.trials[0].lower
    if expected and not np.isnan(values).all():
        return seconds.mean() * np.arange(1, len(values) + 1), expected_best(values, highest)
    return np.cumsum(seconds), best_so_far(values, highest)


def search_table(summary: Summary) -> Table | None:
    """What was chosen for every configuration; None where there was no search."""
    arms = searched(summary)
    if not arms:
        return None
    metric = arms[0].trials[0].metric
    rows = tuple(
        Row((
            arm.name,
            _trials(arm),
            settings(arm.chosen.settings) if arm.chosen else "the usual ones: no trial gave a number",
            value(arm.chosen, summary.units),
            duration(arm.seconds),
        ))
        for arm in arms
    )  # fmt: skip
    columns = ("configuration", "trials", "chosen", f"validation {summary.units.name(metric)}", "time of all trials")
    caption = "What the search chose, on validation, with a seed that the final runs do not have."
    return Table(caption, columns, (Block("", rows),), ())


def settings(chosen: dict[str, Any]) -> str:
    """Settings for people.

    >>> settings({"learning_rate": 0.000512, "training.epochs": 3})
    'learning_rate=0.000512, epochs=3'
    """
    return ", ".join(
        f"{name.removeprefix('training.')}={each:.3g}" if isinstance(each, float) else
        f"{name.removeprefix('training.')}={each}"
        for name, each in chosen.items()
    )  # fmt: skip


def value(trial: TrialRecord | None, units: Units) -> str:
    """A trial's value for people."""
    if trial is None or trial.value is None:
        return UNKNOWN
    return units.value(trial.metric, trial.value)


def search_json(summary: Summary) -> dict[str, Any] | None:
    """The search for ``--json``; None where there was none."""
    arms = searched(summary)
    if not arms:
        return None
    return {
        "metric": arms[0].trials[0].metric,
        "seed": arms[0].trials[0].seed,
        "configurations": [
            {
                "name": arm.name,
                "chosen": arm.chosen.settings if arm.chosen else None,
                "value": arm.chosen.value if arm.chosen else None,
                "seconds": arm.seconds,
                "trials": [_trial(trial) for trial in arm.trials],
            }
            for arm in arms
        ],
    }


def _trial(trial: TrialRecord) -> dict[str, Any]:
    names: Sequence[str] = ("number", "settings", "value", "status", "step", "steps", "seconds", "chosen", "reason")
    return {name: getattr(trial, name) for name in names}


def _trials(arm: SearchedArm) -> str:
    """How many, and what became of those that were not trained to their end."""
    counts: dict[str, int] = {}
    for trial in arm.trials:
        counts[trial.status] = counts.get(trial.status, 0) + 1
    others = [f"{count} {status}" for status, count in counts.items() if status != "done"]
    return f"{len(arm.trials)}{f' ({chr(44).join(others)})' if others else ''}".replace(",", ", ")

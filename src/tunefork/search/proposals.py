"""Which settings to try next: Optuna's samplers, whose record lies in the study's folder.

Every trial is drawn with a seed of its own, made of the search's seed, the arm and the trial's number. A search that
was interrupted proposes what it would have proposed anyway.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.config import Dimension, Range, Search
from tunefork.errors import MissingExtraError, StoreError
from tunefork.search.arms import Arm

RANDOM_FIRST = 4
"""Trials that TPE draws at random before it learns from them."""


@dataclass(frozen=True)
class Trial:
    """Settings to try."""

    arm: Arm
    number: int
    chosen: Mapping[str, Any]


class Proposals:
    """One arm's trials.

    Args:
        arm: whose open settings are proposed.
        search: how.
        trials: at most so many; a space with fewer points has fewer.
        file: the SQLite database with the search's record.

    Raises:
        MissingExtraError: Optuna is not installed.
    """

    def __init__(self, arm: Arm, search: Search, trials: int, file: Path) -> None:
        self.arm, self._search = arm, search
        optuna = require_optuna()
        self._optuna = optuna
        try:
            self._study = optuna.create_study(
                study_name=arm.key,
                storage=f"sqlite:///{file.resolve()}",
                direction="minimize",
                load_if_exists=True,
                sampler=self._sampler(0),
            )
        except Exception as error:  # SQLAlchemy's own errors, of which there are many
            raise StoreError(
                "The search's record cannot be used",
                where=str(file),
                found=str(error).splitlines()[0],
                fix="Restore the file, or choose another folder with -o.",
            ) from error
        self._distributions = {name: _distribution(optuna, each) for name, each in arm.space.items()}
        self.trials = min(trials, self._points())
        if not self._study.trials:
            self._begin()

    def ask(self, count: int) -> list[Trial]:
        """The trials that are under way, and new ones until they are ``count``; fewer where no more are to be had."""
        states = self._optuna.trial.TrialState
        under_way = []
        for known in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            if known.params.keys() == self._distributions.keys():
                under_way.append(Trial(self.arm, known.number, dict(known.params)))
            else:  # interrupted while it was drawn
                self._study.tell(known.number, state=states.FAIL)
        while len(under_way) < count and self.made + len(under_way) < self.trials:
            number = len(self._study.get_trials(deepcopy=False, states=_begun(states)))
            self._study.sampler = self._sampler(number)
            asked = self._study.ask(fixed_distributions=self._distributions)
            under_way.append(Trial(self.arm, asked.number, dict(asked.params)))
        return under_way

    def tell(self, trial: Trial, value: float) -> None:
        """What came of a trial: the lower the better; NaN where nothing did, which is worse than any number."""
        self._study.tell(trial.number, math.inf if math.isnan(value) else value)

    @property
    def made(self) -> int:
        """Trials that have ended, whatever came of them."""
        states = self._optuna.trial.TrialState
        ended = self._study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED, states.FAIL))
        return sum(trial.params.keys() == self._distributions.keys() for trial in ended)

    def _begin(self) -> None:
        """What is tried first: every point of a grid, in an order drawn by lot; the usual settings, of TPE."""
        if self._search.method == "grid":
            points = [dict(zip(self.arm.space, point)) for point in itertools.product(*self._values())]
            random.Random(self._seed("grid")).shuffle(points)
            for point in points[: self.trials]:
                self._study.enqueue_trial(point)
        elif self._search.method == "tpe" and self.arm.defaults:
            self._study.enqueue_trial(dict(self.arm.defaults))

    def _values(self) -> list[tuple[Any, ...]]:
        return [each.points() for each in self.arm.space.values()]

    def _points(self) -> int:
        """How many different trials there can be."""
        if self._search.method != "grid" and any(isinstance(each, Range) for each in self.arm.space.values()):
            return 10**9
        return math.prod(len(values) for values in self._values())

    def _sampler(self, number: int) -> Any:
        samplers = self._optuna.samplers
        seed = self._seed(number)
        if self._search.method == "tpe":
            return samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_FIRST, constant_liar=True)
        return samplers.RandomSampler(seed=seed)

    def _seed(self, *place: object) -> int:
        text = "/".join(map(str, (self._search.seed, self.arm.key, *place)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")


def require_optuna() -> Any:
    """Optuna, quiet.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("Searching for settings", package="optuna", extra="search") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _begun(states: Any) -> tuple[Any, ...]:
    return tuple(state for state in states if state != states.WAITING)


def _distribution(optuna: Any, found: Dimension) -> Any:
    distributions = optuna.distributions
    if not isinstance(found, Range):
        return distributions.CategoricalDistribution(found.values)
    if found.whole:
        return distributions.IntDistribution(int(found.low), int(found.high), log=found.log)
    return distributions.FloatDistribution(found.low, found.high, log=found.log)

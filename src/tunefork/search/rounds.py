"""A search from its first trial to the settings that it chooses. Somebody else trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunefork.config import LOWER_IS_BETTER, RunConfig, Search, StudyConfig
from tunefork.plan.steps import evaluation_interval, total_steps
from tunefork.search.arms import Arm
from tunefork.search.proposals import Proposals, Trial
from tunefork.search.rungs import rung_steps, survivors
from tunefork.store import Store, TrialRecord


@dataclass(frozen=True)
class Request:
    """A trial that wants to be trained, up to a step."""

    trial: Trial
    run: RunConfig
    until: int
    """The step after which it is looked at."""


@dataclass(frozen=True)
class Score:
    """What came of a request."""

    value: float
    """The best evaluation on validation by the metric of selection; NaN where there was none."""
    step: int
    seconds: float
    status: str = "done"
    """``done`` (as far as was asked), ``diverged``, ``failed`` or ``stopped``."""
    reason: str = ""


Train = Callable[[str, Sequence[Request]], Mapping[str, Score]]
"""Trains requests as far as each asks, and answers by the ids of their runs. The text names the round."""


class Searching:
    """The search of a study.

    Trials of all arms are asked for in batches and trained together, so that they share passes. With halving, all
    trials of an arm are one batch, of which one in ``factor`` goes on from rung to rung.

    Args:
        arms: what is searched.
        study: the rest of the configuration.
        search: how.
        trials: of each arm, by its key.
        rows: training rows, from which the steps of a training follow.
        file: Optuna's record.
        share: how much of its training a trial makes at most.
        lower: metrics of which lower is better.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        study: StudyConfig,
        search: Search,
        trials: Mapping[str, int],
        rows: int,
        file: Path,
        share: float = 1.0,
        lower: frozenset[str] = LOWER_IS_BETTER,
    ) -> None:
        self._study, self._search, self._rows, self._share = study, search, rows, share
        self._metric = study.selection.metric
        self._sign = 1.0 if self._metric in lower else -1.0
        self._arms = [Proposals(arm, search, trials[arm.key], file) for arm in arms if arm.space]

    def go(self, train: Train, store: Store) -> None:
        """Ask, train and tell until every arm has had its trials; every trial is recorded in the store."""
        proposals = {arm.arm.key: arm for arm in self._arms}
        while asked := [trial for arm in self._arms for trial in arm.ask(self._at_once(arm))]:
            # a round is named by its first trial: an interrupted search counts on where it was
            ended = self._batch(asked, f"trials from {min(trial.number for trial in asked)}", train)
            for record in ended:
                store.put_trial(record)
            told = {trial_id(trial): trial for trial in asked}
            for record in ended:  # what is recorded here is trained only once, even if the machine stops now
                proposals[record.arm].tell(told[record.id], self._lower(record.value))

    def _at_once(self, arm: Proposals) -> int:
        return arm.trials if self._search.halving else self._search.batch

    def _batch(self, asked: Sequence[Trial], name: str, train: Train) -> list[TrialRecord]:
        """Train one batch, rung by rung."""
        runs = {trial_id(trial): trial.arm.run(trial.chosen, self._study, self._search.seed) for trial in asked}
        rungs = {trial_id(trial): self._rungs(runs[trial_id(trial)], asked, trial) for trial in asked}
        records: dict[str, TrialRecord] = {}
        alive = list(asked)
        last = max(map(len, rungs.values()))
        for rung in range(last):
            wanted = []
            for trial in alive:
                own = rungs[trial_id(trial)]
                # arms with fewer rungs are looked at as often, counted from the end
                wanted.append(Request(trial, runs[trial_id(trial)], own[max(0, rung - last + len(own))]))
            scores = train(f"{name}, rung {rung + 1} of {last}", wanted)
            for request in wanted:
                record = self._record(request, scores[request.run.id])
                records[record.id] = record
            if rung + 1 < last:
                alive, out = self._halved(alive, records)
                records |= {each: replace(records[each], status="eliminated") for each in out}
        return list(records.values())

    def _halved(self, alive: Sequence[Trial], records: Mapping[str, TrialRecord]) -> tuple[list[Trial], list[str]]:
        """Who goes on, arm by arm, and who does not."""
        on, out = [], []
        for arm in dict.fromkeys(trial.arm.key for trial in alive):
            own = [trial for trial in alive if trial.arm.key == arm]
            found = [records[trial_id(trial)] for trial in own]
            values = [self._lower(each.value) if each.status == "done" else math.nan for each in found]
            chosen = survivors(values, self._search.halving or 1)
            on += [own[number] for number in chosen]
            out += [each.id for number, each in enumerate(found) if number not in chosen and each.status == "done"]
        return on, out

    def _rungs(self, run: RunConfig, asked: Sequence[Trial], trial: Trial) -> tuple[int, ...]:
        steps, interval = total_steps(self._rows, run.training), evaluation_interval(self._rows, run.training)
        end = min(steps, math.ceil(self._share * steps / interval) * interval)
        if self._search.halving is None:
            return (end,)
        return rung_steps(end, interval, self._search.halving, sum(each.arm is trial.arm for each in asked))

    def _record(self, request: Request, score: Score) -> TrialRecord:
        trial = request.trial
        return TrialRecord(
            id=trial_id(trial),
            arm=trial.arm.key,
            name=trial.arm.name,
            number=trial.number,
            settings=dict(trial.chosen),
            metric=self._metric,
            lower=self._sign > 0,
            value=score.value if math.isfinite(score.value) else None,
            status=score.status,
            step=score.step,
            steps=total_steps(self._rows, request.run.training),
            seconds=score.seconds,
            seed=self._search.seed,
            reason=score.reason,
        )

    def _lower(self, value: float | None) -> float:
        """A value, the lower the better."""
        return math.nan if value is None else self._sign * value


def trial_id(trial: Trial) -> str:
    """The identity of a trial."""
    return f"{trial.arm.key}/{trial.number}"


def winner(trials: Sequence[TrialRecord], arm: Arm) -> TrialRecord | None:
    """The trial of an arm with the best value on validation, among those that were trained furthest.

    Of equal ones, the first. None when no trial gave a number.
    """
    own = [each for each in trials if each.arm == arm.key and each.value is not None]
    ended = [each for each in own if each.status == "done"] or own
    if not ended:
        return None
    sign = 1.0 if ended[0].lower else -1.0
    return min(ended, key=lambda each: (sign * (each.value or 0.0), each.number))

"""The search of a study: trials are trained as runs are, without models and without a look at the test rows."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tunefork.config import LOWER_IS_BETTER, Range, SaveEvery, StudyConfig
from tunefork.engine import automatic_precision
from tunefork.errors import StoreError
from tunefork.metrics import OwnMetric
from tunefork.models import Backbone
from tunefork.plan import ExpandedRun, Plan
from tunefork.runner import Job, LaidAside
from tunefork.search import TRIALS, Arm, Request, Score, Searching, arms_of, winner
from tunefork.store import RunRecord, SqliteStore, Store, StudyRecord
from tunefork.study.choices import Choices
from tunefork.study.conduct import Conduct
from tunefork.study.encoding import Encoded
from tunefork.study.grouping import Planner
from tunefork.study.prepare import plan_runs
from tunefork.study.records import register
from tunefork.study.selecting import select_all

USUALLY = SaveEvery()
FOLDER, RECORD = "search", "optuna.db"
EDGE = 0.05
"""The share of a range, on the scale of the search, that is its end."""


@dataclass(frozen=True)
class Material:
    """What trials are trained on, and how."""

    backbone: Backbone
    encoded: Encoded
    data_hash: str
    facts: Mapping[str, Any]
    conduct: Conduct
    own: tuple[OwnMetric, ...] = ()
    """The user's own metrics."""
    save_every: SaveEvery = USUALLY
    """How often groups that are under way are kept."""

    @property
    def lower(self) -> frozenset[str]:
        """Metrics of which lower is better."""
        return LOWER_IS_BETTER | {each.name for each in self.own if each.lower}


def search_settings(
    study: StudyConfig,
    store: Store,
    material: Material,
    *,
    trials: Mapping[str, int] | None = None,
    share: float = 1.0,
) -> tuple[StudyConfig, tuple[str, ...]]:
    """Look for what the study leaves open; the study with everything decided, and what to tell the user.

    Trials are kept in ``search/`` of the study's folder, their results in the study's store. An interrupted search
    goes on where it was.

    Args:
        study: with ``search``.
        store: the study's.
        material: what trials are trained on.
        trials: of each arm, by its key; those of ``search.trials`` unless given.
        share: how much of its training a trial makes at most.

    Raises:
        MissingExtraError: Optuna is not installed.
        StoreError: the trials in the folder were made on other data.
    """
    search = study.search
    assert search is not None
    arms = arms_of(study, search)
    folder = store.folder / FOLDER
    inner = SqliteStore(folder)
    try:
        _begin(inner, study, material)
        _hand_down(store, inner)
        counts = trials or {arm.key: search.trials or TRIALS for arm in arms}
        rows = len(material.encoded.rows.train)
        searching = Searching(arms, study, search, counts, rows, folder / RECORD, share, material.lower)
        searching.go(_Trainer(inner, study, material), store)
        LaidAside(inner.folder).forget()
    finally:
        inner.close()
    chosen = chosen_settings(arms, store)
    entries = tuple(entry for arm in arms for entry in arm.entries(chosen[arm.key]))
    notices = tuple(filter(None, (at_the_edge(arm, chosen[arm.key]) for arm in arms)))
    return study.model_copy(update={"compare": entries, "search": None}), notices


def chosen_settings(arms: Sequence[Arm], store: Store) -> dict[str, dict[str, Any]]:
    """The settings of each arm's best trial, by its key, marked in the store; none where no trial gave a number."""
    known, found = store.trials(), {}
    for arm in arms:
        best = winner(known, arm)
        found[arm.key] = dict(best.settings) if best else {}
        for trial in known:
            if trial.arm == arm.key and trial.chosen != (trial is best):
                store.put_trial(replace(trial, chosen=trial is best))
    return found


def at_the_edge(arm: Arm, chosen: Mapping[str, Any]) -> str:
    """What to say where the best value of a range lies at its end; empty where none does."""
    found = []
    for name, value in chosen.items():
        space = arm.space[name]
        if isinstance(space, Range) and not EDGE <= space.place(value) <= 1 - EDGE:
            found.append(f"{name.removeprefix('training.')}={value:.3g} (of {space})")
    if not found:
        return ""
    return f"search: the best of {arm.name} lies at the end of its range: {', '.join(found)}; widen it"


class _Trainer:
    """Trains requests in groups, as a study does."""

    def __init__(self, store: SqliteStore, study: StudyConfig, material: Material) -> None:
        self._store, self._metric, self._material = store, study.selection.metric, material

    def __call__(self, name: str, requests: Sequence[Request]) -> dict[str, Score]:
        wanted = {request.run.id: request for request in requests}
        known = {run.id: run for run in self._store.runs()}
        waiting = [request for run, request in wanted.items() if run not in known or _waits(known[run], request)]
        if waiting:
            self._train(name, waiting)
        LaidAside(self._store.folder).forget(keep=frozenset(wanted))
        return {run: self._score(run, request.until) for run, request in wanted.items()}

    def _train(self, name: str, requests: Sequence[Request]) -> None:
        material, store = self._material, self._store
        runs = [ExpandedRun(request.run, _title(request), ()) for request in requests]
        selections = select_all(runs, material.backbone)
        record = store.study()
        rounds = record.choices.get("rounds", {})
        chosen = Choices.from_plain(rounds.get(name, {**record.choices, "groups": []}))
        precision = chosen.precision or automatic_precision()
        until = {request.run.id: request.until for request in requests}
        planned = tuple(
            replace(run, until=until[run.config.id])
            for run in plan_runs(runs, material.backbone, material.encoded, selections, {}, precision)
        )
        planner = Planner(
            material.backbone,
            selections,
            material.encoded.rows,
            chosen,
            automatic=precision,
            workers=material.conduct.workers,
            places=material.conduct.places,
        )
        arrangement = planner.arrange(planned)
        plan = Plan(
            planned, arrangement.groups, {}, {}, {}, precision=precision, workers=arrangement.workers,
            threads=arrangement.threads,
        )  # fmt: skip
        own = Choices.of(plan).written()
        store.begin(replace(record, choices={"precision": precision, "rounds": {**rounds, name: own}}))
        register(store, planned)
        untested = replace(material.encoded.rows, test=None)
        job = Job(
            material.backbone, untested, selections, self._metric, material.facts, own=material.own, keep=False,
            deadline=material.conduct.deadline, save_every=material.save_every,
        )  # fmt: skip
        material.conduct.executes.execute(plan, job, store, material.conduct.watcher)

    def _score(self, run_id: str, until: int) -> Score:
        """What came of a trial up to a step, whatever has become of it behind that in a sitting that was cut off."""
        record = self._store.run(run_id)
        seen = [each for each in self._store.evaluations(run_id, "validation") if each.step <= until]
        finite = [value for each in seen if math.isfinite(value := each.metric(self._metric))]
        best = (min if self._metric in self._material.lower else max)(finite, default=math.nan)
        if _came(record, until):
            return Score(best, until, record.seconds)
        status = {"planned": "stopped", "running": "stopped"}.get(record.status, record.status)
        if record.broken:
            best = math.nan
        steps = 0 if record.status == "planned" else record.steps
        return Score(best, steps, record.seconds, status, record.reason)


def _begin(store: SqliteStore, study: StudyConfig, material: Material) -> None:
    """Record what the trials are made on, or refuse to mix them with others."""
    try:
        before = store.study()
    except StoreError:
        encoded = material.encoded
        store.begin(
            StudyRecord(
                name=f"{study.name}: search",
                task=material.backbone.task,
                model=study.model,
                labels=tuple(material.facts["labels"]),
                problem=material.facts["problem"],
                rows={name: len(split) for name, split in encoded.splits.items() if name != "test"},
                data_hash=material.data_hash,
                selection_metric=study.selection.metric,
            )
        )
        return
    if before.data_hash != material.data_hash:
        raise StoreError(
            "The search in this folder was made on other data",
            where=str(store.folder),
            found=f"the data's hash was {before.data_hash[:12]} and is {material.data_hash[:12]}",
            fix="Choose another folder with -o, or delete this one.",
        )


def _hand_down(store: Store, inner: Store) -> None:
    """Who asks the study to stop means its search too, which has a store of its own."""
    inner.forget_wishes(before=time.time())
    inner.put_wishes([wish for wish in store.wishes() if not wish.run])


def _waits(run: RunRecord, request: Request) -> bool:
    """Whether a trial has not come as far as it is asked to."""
    return not (run.settled or run.broken) and not _came(run, request.until)


def _came(run: RunRecord, until: int) -> bool:
    """Whether a trial has been laid aside behind a step, though it may since have gone on."""
    if run.status == "planned":
        return False
    # steps: where it went on from, of a run that is under way or failed; else how many it made
    return run.steps > until or (run.steps == until and run.status not in ("diverged", "stopped"))


def _title(request: Request) -> str:
    trial = request.trial
    told = ", ".join(f"{_short(name)}={_number(value)}" for name, value in trial.chosen.items())
    return f"{trial.arm.name}, trial {trial.number} ({told})"


def _short(name: str) -> str:
    plain = name.removeprefix("training.")
    return {"learning_rate": "lr"}.get(plain, plain)


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

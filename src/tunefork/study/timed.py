"""``search.time``: a study that spends a wall-clock budget and stops in time with the best it can show.

First a few steps of every configuration are timed. From that follows on how many rows settings are looked for, and how
many trials each configuration has (``tunefork.search.budget``). What the search prefers then decides how many rows the
final runs have. They are made as long as there is time: the best configuration first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tunefork.baselines import keep_baselines
from tunefork.config import Configuration, StudyConfig
from tunefork.data import fewer
from tunefork.engine import automatic_precision
from tunefork.errors import ConfigError, StoreError
from tunefork.search import Arm, arms_of, winner
from tunefork.search.budget import (
    FACTOR,
    PARTS,
    SEARCH,
    Allocation,
    Cost,
    Finals,
    allocate,
    finals,
    kept_rows,
    next_runs,
)
from tunefork.store import SqliteStore
from tunefork.study.conduct import Conduct
from tunefork.study.searching import FOLDER, chosen_settings, search_settings

if TYPE_CHECKING:
    from tunefork.study.study import Study

SAMPLE = {"train": 1500, "validation": 100, "test": 100}
"""Rows on which steps are timed."""
REPORT, SHARE = 8.0, 0.03
"""Seconds for the report, and the share of the budget that is kept back beside them."""
LATE = 0.2
"""The share of its part that a search may take longer than was thought."""
TESTING = 0.05
"""The share of the budget that is kept for testing and saving the first final run."""
READY = 0.5
"""The share of the budget that may be gone before the first trial."""
BASELINE = 40
"""Training rows of the baselines for each second of the budget; a thousand take them about a second."""
CAREFUL = 1.15
"""A run is begun where there is so much more time than it is estimated to need."""


class TimedStudy:
    """One study and its budget.

    Args:
        study: with ``search.time``.
        store: the study's.
        conduct: how runs are executed; its deadline is set here.
        began: when the command began, in seconds since the epoch.
    """

    def __init__(self, study: Study, store: SqliteStore, conduct: Conduct, began: float) -> None:
        search = study.config.search
        assert search is not None
        assert search.time is not None
        self._study, self._store, self._conduct, self._search = study, store, conduct, search
        self._inner = SqliteStore(store.folder / FOLDER)
        self._known = self._inner.chosen("budget")
        """What was decided, and the seconds that were spent, by earlier sittings."""
        self._began, self._budget = began, float(search.time)
        self._rows, self._hash = study.splits.rows, study.splits.hash

    def run(self) -> Study:
        """Search, train, and leave results in the store; the study of the rows that there was time for.

        Raises:
            StoreError: the folder's trials were made on other data.
        """
        before = self._known.get("data", self._hash)
        if before != self._hash:
            raise StoreError(
                "The search in this folder was made on other data",
                where=str(self._inner.folder),
                found=f"the data's hash was {before[:12]} and is {self._hash[:12]}",
                fix="Choose another folder with -o, or delete this one.",
            )
        try:
            return self._run()
        finally:
            self._remember(spent=self._spent + time.time() - self._began)
            self._inner.close()

    def _run(self) -> Study:
        costs = self._costs()
        self._check_time()
        kept = self._known.get("rows") or kept_rows(self._rows, list(costs.values()), self._left())
        self._remember(data=self._hash, rows=kept)
        known = min(self._rows["train"], max(kept["train"], int(BASELINE * self._budget)))
        keep_baselines(self._store, self._on({**kept, "train": known}).splits)  # before anything is allotted
        study = self._on(kept)
        allocation = self._allocation(study, costs)
        study = study.decided(self._allotted(study, allocation.epochs))
        search = study.config.search
        assert search is not None
        arms = dict(zip(costs, arms_of(study.config, search)))
        conduct = replace(self._conduct, deadline=time.time() + (1 + LATE) * SEARCH * self._left())
        material = study.material(conduct)
        trials = {arm.key: allocation.trials[key] for key, arm in arms.items()}
        search_settings(study.config, self._store, material, trials=trials, share=allocation.share)
        return self._final(arms, costs, kept)

    def _costs(self) -> dict[str, Cost]:
        """What each arm costs on this machine, by its key: from a few steps of its usual settings, on a few rows."""
        few = self._on({split: min(count, self._rows.get(split, 0)) for split, count in SAMPLE.items()})
        timings, _ = few.timings(automatic_precision())
        found = {}
        for arm in arms_of(few.config, self._search):
            timing = timings[arm.run({}, few.config, few.config.seeds[0]).configuration]
            found[arm.key] = Cost(timing.step_seconds, timing.row_seconds, timing.prefix_seconds)
        return found

    def _check_time(self) -> None:
        """There must be time for more than getting ready.

        Raises:
            ConfigError: there is not.
        """
        ready = time.time() - self._began
        if "allocation" not in self._known and ready > READY * self._budget:
            raise ConfigError(
                "The time is too short for this study on this machine",
                where="search.time",
                found=f"{self._budget:.0f} s, of which reading the data and timing a few steps took {ready:.0f} s",
                fix=f"Give it at least {math.ceil(ready / READY / 60):d}m, or compare fewer configurations.",
            )

    def _on(self, rows: Mapping[str, int]) -> Study:
        """The study on fewer rows."""
        return self._study.on_rows(fewer(self._study.splits, rows, self._study.config.data.rows.seed))

    def _allocation(self, study: Study, costs: Mapping[str, Cost]) -> Allocation:
        known = self._known.get("allocation")
        if known:
            return Allocation(**known)
        rows = {name: len(split) for name, split in study.encoded.splits.items()}
        found = allocate(rows, costs, self._left(), *self._wanted(rows["train"]))
        self._remember(allocation=found.written())
        return found

    def _finals(self, costs: Mapping[str, Cost], best: str, kept: Mapping[str, int]) -> Finals:
        known = self._known.get("finals")
        if known:
            return Finals(**known)
        rows = {**kept, "train": self._rows["train"]}
        found = finals(rows, costs, best, self._left(), *self._wanted(rows["train"]))
        self._remember(finals=found.written())
        return found

    def _wanted(self, rows: int) -> tuple[float, int]:
        """The epochs that were asked for, and the rows of an optimizer step."""
        training = self._study.config.training
        per_step = training.batch_size * training.accumulation
        return training.steps * per_step / rows if training.steps else training.epochs, per_step

    def _allotted(self, study: Study, epochs: Mapping[str, float]) -> StudyConfig:
        """The study with every arm's training as long as there is time for, and evaluations where trials end."""
        config, rows = study.config, len(study.encoded.rows.train)
        arms = arms_of(config, self._search)
        entries = tuple(each for arm in arms for each in _allotted(arm, config, epochs[arm.key], rows))
        search = self._search.model_copy(update={"halving": FACTOR})
        return config.model_copy(update={"compare": entries, "search": search})

    def _final(self, searched: Mapping[str, Arm], costs: Mapping[str, Cost], kept: Mapping[str, int]) -> Study:
        """Final runs while there is time, the best configuration first; the study of their rows."""
        chosen = chosen_settings(list(searched.values()), self._store)
        settings = {key: chosen[arm.key] for key, arm in searched.items()}
        ranked = self._ranked(searched)
        allocation = self._finals(costs, ranked[0], kept)
        study = self._on({**kept, "train": allocation.train})
        study = study.decided(self._allotted(study, allocation.epochs))
        arms = dict(zip(costs, arms_of(study.config, self._search)))
        seconds = {key: CAREFUL * each for key, each in allocation.seconds.items()}
        done: list[tuple[str, int]] = []
        while runs := next_runs(ranked, study.config.seeds, done, seconds, self._left()):
            wanted = {key: [seed for one, seed in runs if one == key] for key in arms}
            entries = [
                Configuration(one.kind, one.settings, block=one.block, seeds=wanted[key], training=one.training)
                for key, arm in arms.items()
                if wanted[key]
                for one in arm.entries(settings[key])
            ]
            config = study.config.model_copy(update={"compare": tuple(entries), "search": None})
            end = time.time() + self._left() - (0.0 if done else TESTING * self._budget)
            conduct = replace(self._conduct, deadline=end, finish=not done)
            study.decided(config, self._notices(allocation, kept)).train(self._store, conduct)
            done += runs
        return study

    def _ranked(self, arms: Mapping[str, Arm]) -> list[str]:
        """Keys by what the search found on validation, the best first; those without a number last."""
        trials = self._store.trials()

        def lower(key: str) -> float:
            best = winner(trials, arms[key])
            if best is None or best.value is None:
                return math.inf
            return best.value if best.lower else -best.value

        return sorted(arms, key=lower)

    def _notices(self, allocation: Finals, kept: Mapping[str, int]) -> tuple[str, ...]:
        """What the budget has done to the study."""
        config = self._study.config
        epochs = {arm.name: allocation.epochs[arm.key] for arm in arms_of(config, self._search)}
        rows = {**kept, "train": allocation.train}
        few = [
            f"{rows[split]:,} of {count:,} {split} rows"
            for split, count in self._rows.items()
            if rows.get(split, count) < count
        ]
        short = [f"{name} {each:.2g}" for name, each in epochs.items() if each < config.training.epochs - 1e-9]
        found = [f"the study had {self._budget:.0f} s; every configuration got the same time for its trials"]
        if few:
            found.append(f"there was time for {', '.join(few)}")
        if kept["train"] < allocation.train:
            found.append(f"settings were looked for on {kept['train']:,} train rows")
        if short:
            found.append(f"there was time for less than {config.training.epochs:g} epochs of {', '.join(short)}")
        return tuple(found)

    @property
    def _spent(self) -> float:
        return float(self._known.get("spent", 0.0))

    def _left(self) -> float:
        """Seconds that are left, without those for the report."""
        return self._budget * (1 - SHARE) - REPORT - self._spent - (time.time() - self._began)

    def _remember(self, **values: Any) -> None:
        self._known = {**self._known, **values}
        self._inner.choose("budget", self._known)


def _allotted(arm: Arm, config: StudyConfig, epochs: float, rows: int) -> list[Configuration]:
    """An arm's entries with a training of so many epochs, in ``PARTS`` parts."""
    entry = arm.configuration({})
    training = config.training.model_validate({**config.training.model_dump(), **entry.training})
    steps = max(PARTS, round(epochs * rows / (training.batch_size * training.accumulation)))
    own = {**entry.training, "steps": steps, "eval_every": max(1, steps // PARTS)}
    return [
        Configuration(one.kind, one.settings, block=one.block, seeds=one.seeds, training=own) for one in arm.entries({})
    ]

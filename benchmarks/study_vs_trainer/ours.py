"""tunefork's side: slices of a study's groups, and the whole study."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.config import RunConfig
from tunefork.engine import PrefixCache, Training, assemble, choose_precision
from tunefork.engine.batches import chunks
from tunefork.plan import Group, Plan
from tunefork.store import EvaluationRecord, Predictions, StepRecord

from .study import Setting
from .trainer import WARM


class Nobody:
    """An observer that is told and forgets."""

    def step(self, record: StepRecord) -> None: ...

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None: ...

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None: ...


class Ours:
    """The study's groups, as the planner makes them."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.study = setting, setting.study()
        self.configs = {run.id: run for run in setting.configs()}

    @cached_property
    def plan(self) -> Plan:
        """What the planner makes of it on this machine."""
        return self.study.plan(timings=False)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The plan's groups."""
        return self.plan.groups

    def steps(self, group: Group, count: int, part: int, warm: int = WARM) -> float:
        """Mean seconds of an optimizer step of a group; for heads on cached features, of the step alone."""
        runs = [self.configs[run] for run in group.runs]
        rows = self.study.encoded.rows
        chosen = np.random.default_rng(part).permutation(len(rows.train))[: (count + warm) * 16]
        train = rows.train.take(np.sort(chosen))
        work = self._training(runs, train)
        work.group.batch(train, [np.arange(1)] * len(runs), rows.pad_id)  # a frozen prefix is counted by ``prefix``
        took = []
        for parts in zip(*(chunks(run.seed, len(train), run.training, count + warm, train.labels) for run in runs)):
            began = time.perf_counter()
            work.step(parts)
            took.append(time.perf_counter() - began)
        return float(np.mean(took[warm:]))

    def evaluation(self, group: Group, rows: int) -> float:
        """Seconds to evaluate one row for the whole group; through the whole model, whatever is cached."""
        from tunefork.engine import evaluate

        runs = [self.configs[run] for run in group.runs]
        test = self.study.encoded.rows.test
        assert test is not None
        chosen = test.take(np.random.default_rng(0).permutation(len(test))[:rows])
        work = self._training(runs, chosen)
        began = time.perf_counter()
        evaluate(work.group, chosen, 64, self.study.encoded.rows.pad_id)
        return (time.perf_counter() - began) / len(chosen)

    def prefix(self, group: Group, rows: int) -> float:
        """Seconds to take one training row through a group's frozen prefix."""
        train = self.study.encoded.rows.train
        chosen = train.take(np.random.default_rng(1).permutation(len(train))[:rows])
        runs = [self.configs[run] for run in group.runs]
        work = self._training(runs, chosen)
        began = time.perf_counter()
        work.group.batch(chosen, [np.arange(1)] * len(runs), self.study.encoded.rows.pad_id)
        return (time.perf_counter() - began) / len(chosen)

    def whole(self, folder: Path) -> dict[str, Any]:
        """The whole study through the front door: planning, training, checks, artefacts, report."""
        began = time.perf_counter()
        results = self.study.run(folder, progress=False)
        runs = results.to_dict()["runs"]
        return {
            "seconds": time.perf_counter() - began,
            "training_seconds": sum(run["seconds"] for run in runs),
            "runs": {run["id"]: {key: run[key] for key in ("name", "seconds", "accuracy", "loss")} for run in runs},
        }

    def _training(self, runs: list[RunConfig], train: Any) -> Training:
        from dataclasses import replace

        selections = [self.study.selections[run.configuration] for run in runs]
        group = assemble(self.study.backbone, runs, selections, choose_precision("auto"), PrefixCache())
        return Training(group, runs, replace(self.study.encoded.rows, train=train), Nobody())

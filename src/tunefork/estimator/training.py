"""One configuration with one seed on given rows: trained as studies train, without test rows and without a report."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tunefork.config import Configuration
from tunefork.data import load_data
from tunefork.errors import DivergedError, RunnerError, StoppedError
from tunefork.estimator.given import IMAGE, LABEL, Given
from tunefork.estimator.labels import Classes
from tunefork.estimator.trained import Trained
from tunefork.runner import Display, Silence
from tunefork.store import RunRecord, Store
from tunefork.store.memory import MemoryStore
from tunefork.study import Study
from tunefork.study.conduct import Conduct


@dataclass(frozen=True)
class Wish:
    """What is to be trained."""

    model: str
    revision: str | None
    configuration: Configuration
    training: Mapping[str, Any]
    max_length: int
    validation: float
    seed: int
    show: bool


def train(wish: Wish, given: Given, classes: Classes) -> tuple[Trained, dict[str, Any]]:
    """Train one run in a folder that is gone afterwards.

    Returns:
        The model, and the facts of the run.

    Raises:
        TuneforkError: what a study raises.
        DivergedError, RunnerError: the run came to no end.
        KeyboardInterrupt: somebody asked to stop.
    """
    with TemporaryDirectory(prefix="tunefork-", ignore_cleanup_errors=True) as folder:
        store, study = MemoryStore(Path(folder)), _study(wish, given, classes)
        try:
            study.train(store, Conduct(Display() if wish.show else Silence(), workers=1))
        except StoppedError as error:  # there is nothing to continue: the folder goes
            if error.signal == signal.SIGINT:
                raise KeyboardInterrupt from None
            raise SystemExit(error.exit_status) from None
        (record,) = store.runs()
        _check(record)
        return Trained.read(store.run_folder(record.id)), _facts(record, study, store)


def _study(wish: Wish, given: Given, classes: Classes) -> Study:
    """A study of one run. Who uses an estimator tests by himself, so no row is held out to test on."""
    images = given.columns == (IMAGE,)
    data = load_data(
        given.frame(classes.labels),
        text=None if images else given.columns,
        image=IMAGE if images else None,
        label=LABEL,
        validation=wish.validation,
        test=0.0,
        problem="single_label",
        classes=classes.names,
        max_length=wish.max_length,
        split_seed=wish.seed,
        near_duplicates="off",
        rare="train",
    )
    revision = {} if wish.revision is None else {"revision": wish.revision}
    return Study(
        wish.model,
        replace(data, tested=False),
        [wish.configuration],
        [wish.seed],
        training=wish.training,
        name="classifier",
        **revision,
    )


def _check(record: RunRecord) -> None:
    if record.status == "diverged":
        raise DivergedError(
            "The training diverged", where=record.name, found=record.reason, fix="Give a lower learning_rate."
        )
    if record.status != "done":
        raise RunnerError("The training failed", where=record.name, found=record.reason)


def _facts(record: RunRecord, study: Study, store: Store) -> dict[str, Any]:
    """What there is to know of the run, for JSON."""
    recorded = store.study()
    evaluations = [
        {"step": each.step, "loss": each.loss, "accuracy": each.accuracy, "macro_f1": each.macro_f1}
        for each in store.evaluations(record.id, "validation")
    ]
    return {
        "name": record.name,
        "seed": record.seed,
        "rows": dict(recorded.rows),
        "steps": record.steps,
        "best_step": record.best_step,
        "converged": record.converged,
        "stopped_early": record.stopped_early,
        "precision": record.precision,
        "temperature": record.temperature,
        "trainable": record.counts.trainable,
        "seconds": record.seconds,
        "validation": evaluations,
        "notices": [*recorded.notices, *record.notices],
        "warnings": list(recorded.warnings),
        "model": study.backbone.name,
    }

"""MLflow: a run for the study and, below it, one for each run; on a server or in a database of the study's folder.

``mlflow-skinny`` is enough. Its filesystem store is in maintenance mode, so what is local is SQLite.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from tunefork.config import MLflow
from tunefork.store import RunRecord, StudyRecord
from tunefork.trackers.points import flat
from tunefork.trackers.protocol import Key, Memory, Point

ENDS = {"done": "FINISHED", "stopped": "KILLED"}
"""MLflow's word for a status; all others are FAILED."""
ONCE = 1000
"""Numbers that MLflow takes in one call."""
PARAMS = 100
"""Parameters that MLflow takes in one call."""
LONGEST = 6000
"""Characters of a parameter's value, and at most of a tag's."""


class MLflowTracker:
    """Tells MLflow.

    Args:
        choice: which server or database, and which experiment.
        folder: the study's.
        memory: keeps MLflow's ids, by which a later sitting goes on.
    """

    def __init__(self, choice: MLflow, folder: Path, memory: Memory) -> None:
        self._choice, self._memory = choice, memory
        self._artifacts: str | None = None
        uri = choice.uri
        if not uri:
            local = folder.resolve() / "mlflow"
            local.mkdir(exist_ok=True)
            uri, self._artifacts = f"sqlite:///{local / 'mlflow.db'}", (local / "artifacts").as_uri()
        self._client: Any = MlflowClient(tracking_uri=uri)
        self._experiment = self._parent = ""

    def begin_study(self, study: StudyRecord) -> None:
        """Make the experiment and the study's run, where they are not there."""
        name = self._choice.experiment or study.name
        found = self._client.get_experiment_by_name(name)
        self._experiment = (
            found.experiment_id if found else self._client.create_experiment(name, artifact_location=self._artifacts)
        )
        params = {"model": study.model, "task": study.task, "labels": len(study.labels), "data_hash": study.data_hash}
        params |= {f"rows.{split}": count for split, count in study.rows.items()}
        self._parent, _ = self._open("study", study.name, params, {})

    def begin_run(self, run: RunRecord) -> Iterable[Key]:
        """Make the run, or go on with it."""
        params = flat({"name": run.name, "seed": run.seed, **run.config})
        tags = {"mlflow.parentRunId": self._parent, "tunefork.run": run.id}
        made, new = self._open(run.id, f"{run.name}, seed {run.seed}", params, tags)
        if new:
            return ()
        return self._there(made)

    def tell(self, run: RunRecord, points: Sequence[Point]) -> None:
        """Log numbers."""
        now = int(1000 * time.time())
        for some in _parts([Metric(each.key.name, each.value, now, each.key.step) for each in points], ONCE):
            self._client.log_batch(self._id(run.id), metrics=some)

    def end_run(self, run: RunRecord) -> None:
        """Say how it ended."""
        made = self._id(run.id)
        self._client.set_tag(made, "tunefork.status", run.status)
        if run.reason:
            self._client.set_tag(made, "tunefork.reason", run.reason[:LONGEST])
        self._client.set_terminated(made, status=ENDS.get(run.status, "FAILED"))

    def end_study(self, study: StudyRecord) -> None:
        """End the study's run."""
        self._client.set_terminated(self._parent, status="FINISHED")

    def close(self) -> None:
        """Nothing: every call is complete in itself."""

    def _id(self, name: str) -> str:
        return str(self._memory.kept(name)["id"])

    def _open(self, name: str, title: str, params: dict[str, Any], tags: dict[str, str]) -> tuple[str, bool]:
        """The id of a run that was kept under a name, or of a new one; and whether it is new."""
        kept = self._memory.kept(name).get("id")
        if kept is not None:
            self._client.update_run(kept, status="RUNNING")
            return str(kept), False
        made = self._client.create_run(self._experiment, run_name=title, tags=tags).info.run_id
        found = [Param(key, str(value)[:LONGEST]) for key, value in params.items()]
        for some in _parts(found, PARAMS):
            self._client.log_batch(made, params=some)
        self._memory.keep(name, {"id": made})  # last: a run without its settings is made again
        return made, True

    def _there(self, made: str) -> Iterator[Key]:
        for name in self._client.get_run(made).data.metrics:
            for metric in self._client.get_metric_history(made, name):
                yield Key(name, metric.step)


def _parts(values: list[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]

"""What both stores do with the study's folder: ``runs/<id>/`` and its ``predictions.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.errors import StoreError, did_you_mean
from tunefork.store.atomic import write_bytes
from tunefork.store.records import EvaluationRecord, Predictions, RunRecord, StudyRecord

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTIONS = "predictions.parquet"


class StudyFolder:
    """The folder side of a store.

    Args:
        folder: the study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self._folder

    def run_folder(self, run_id: str) -> Path:
        """``runs/<id>/``, made where it is missing. Raises StoreError for an id that is not a plain name."""
        place = self._place(run_id)
        place.mkdir(parents=True, exist_ok=True)
        return place

    def write_predictions(self, run_id: str, label_names: Sequence[str] | None = None) -> Path:
        """Write ``runs/<id>/predictions.parquet``: validation at the kept step, and test.

        Columns are split, step, id, label, predicted, and one probability ``p_<label>`` per class: calibrated where the
        run has a temperature, as ``predict`` gives them. Where rows have several labels, ``label`` and ``predicted``
        are lists; of numbers there are no probabilities. The names are the study's labels unless given.

        Raises:
            StoreError: an unknown run, no predictions, or another number of names than classes.
        """
        run = self.run(run_id)
        best = run.best_step
        parts = []
        for split, step in (("validation", best), ("test", None)):
            known = [evaluation.step for evaluation in self.evaluations(run_id, split)]
            if known:
                step = step if step in known else known[-1]
                parts.append((split, step, self.predictions(run_id, split, step)))
        if not parts:
            raise no_predictions(run_id, "validation or test", None)
        names = self.study().labels if label_names is None else label_names
        return _write_parquet(self.run_folder(run_id) / PREDICTIONS, parts, names, run.temperature)

    def study(self) -> StudyRecord:
        """The study. Raises StoreError when none was begun."""
        raise NotImplementedError

    def run(self, run_id: str) -> RunRecord:
        """One run. Raises StoreError naming the nearest ids when there is none."""
        raise NotImplementedError

    def evaluations(self, run_id: str, split: str | None = None) -> list[EvaluationRecord]:
        """A run's evaluations by step, of one split or of all."""
        raise NotImplementedError

    def predictions(self, run_id: str, split: str, step: int | None = None) -> Predictions:
        """The predictions of one evaluation, by default the split's last."""
        raise NotImplementedError

    def _place(self, run_id: str) -> Path:
        if not run_id or run_id in (".", "..") or any(sign in run_id for sign in "/\\:\0"):
            raise StoreError("A run's id is a plain name", found=repr(run_id), fix="Use an id that the study lists.")
        return self._folder / "runs" / run_id

    def _forget_predictions(self, run_id: str) -> None:
        (self._place(run_id) / PREDICTIONS).unlink(missing_ok=True)


def no_study(folder: Path) -> StoreError:
    """The error of a folder in which no study was begun."""
    return StoreError(
        "There is no study in this folder",
        where=str(folder),
        fix="Run `tunefork run STUDY.yaml` first, or name the folder that it wrote.",
    )


def no_run(run_id: str, known: Sequence[str]) -> StoreError:
    """The error of an unknown run id."""
    return StoreError(
        f"There is no run '{run_id}'", fix=did_you_mean(run_id, known) if known else "The study has no runs yet."
    )


def no_predictions(run_id: str, split: str, step: int | None) -> StoreError:
    """The error of an evaluation that was never recorded."""
    at = "" if step is None else f" at step {step}"
    return StoreError(
        f"Run '{run_id}' has no predictions on {split}{at}",
        fix="Let the run finish, or name a split that was evaluated.",
    )


def _write_parquet(
    path: Path, parts: list[tuple[str, int, Predictions]], names: Sequence[str], temperature: float | None
) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    tables = []
    for split, step, answers in parts:
        if answers.logits.shape[1] != len(names):
            raise StoreError(
                "There must be one label name per class",
                where=str(path),
                found=f"{len(names)} names for {answers.logits.shape[1]} classes",
                fix="Give the study's labels.",
            )
        columns = {
            "split": pa.array([split] * len(answers.ids), pa.string()),
            "step": pa.array([step] * len(answers.ids), pa.int64()),
            "id": pa.array(answers.ids, pa.string()),
            **_columns(answers, names, temperature),
        }
        tables.append(pa.table(list(columns.values()), names=list(columns)))
    sink = pa.BufferOutputStream()
    table = pa.concat_tables(tables)
    if temperature is not None:
        table = table.replace_schema_metadata({"temperature": repr(temperature)})
    parquet.write_table(table, sink)
    write_bytes(path, sink.getvalue().to_pybytes())
    return path


def _columns(answers: Predictions, names: Sequence[str], temperature: float | None) -> dict[str, pa.Array]:
    """Labels, answers, and probabilities where there are some."""
    import pyarrow as pa
    from scipy.special import expit, softmax

    if answers.problem == "regression":
        return {
            "label": pa.array(answers.labels, pa.float64()),
            "predicted": pa.array(answers.predicted, pa.float64()),
        }
    scaled = answers.logits.astype("float64") / (temperature or 1.0)
    several = answers.problem == "multi_label"
    chances = expit(scaled) if several else softmax(scaled, axis=1)
    found = {}
    for column, labels in (("label", answers.labels), ("predicted", answers.predicted)):
        if several:
            sets = [[name for name, has in zip(names, row) if has] for row in labels]
            found[column] = pa.array(sets, pa.list_(pa.string()))
        else:
            found[column] = pa.array([names[label] for label in labels], pa.string())
    return found | {f"p_{name}": pa.array(chances[:, place], pa.float64()) for place, name in enumerate(names)}

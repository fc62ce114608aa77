"""What was measured of trained models after the study, for the Python API and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunefork.report import write_report
from tunefork.report.effects import (
    change_table,
    changes_json,
    changes_of,
    retention_json,
    retention_of,
    retention_table,
)
from tunefork.report.tables import Table
from tunefork.spectra import THRESHOLD, TOP_K, measure_changes
from tunefork.store import RunRecord, SqliteStore
from tunefork.study.retention import measure_retention

if TYPE_CHECKING:
    import pandas as pd

Track = Callable[[Sequence[RunRecord]], Iterable[RunRecord]]


@dataclass(frozen=True, eq=False)
class Findings:
    """Something measured of a study's runs. Printed, it says what the numbers say."""

    sentences: tuple[str, ...]
    table: Table | None
    """One line for each configuration; None where there is nothing to show."""
    document: dict[str, Any]
    rows: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return self.document

    def to_pandas(self) -> pd.DataFrame:
        """One row for each matrix of each run, or for each answered run."""
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def find_changes(
    folder: Path,
    runs: Sequence[str] = (),
    top_k: int = TOP_K,
    threshold: float = THRESHOLD,
    track: Track = iter,
) -> Findings:
    """Measure how training changed the matrices, keep it in the study, and write its report again.

    Raises:
        TuneforkError: see ``measure_changes``.
    """
    store = SqliteStore(folder)
    try:
        measure_changes(store, runs, top_k=top_k, threshold=threshold, track=track)
        write_report(store)
        found = changes_of(store)
    finally:
        store.close()
    if found is None:
        nothing = ("No finished run of this study trains a matrix of the backbone.",)
        empty = {"configurations": [], "runs": [], "sentences": list(nothing)}
        return Findings(nothing, None, {"top_k": top_k, "threshold": threshold, **empty}, ())
    document = changes_json(found, details=True)
    rows = tuple(
        {"run": run["id"], "name": run["name"], "seed": run["seed"], **matrix}
        for run in document["runs"]
        for matrix in run["measured"]
    )
    return Findings(tuple(document["sentences"]), change_table(found), document, rows)


def find_retention(
    folder: Path,
    source: Path,
    rows: int | None = None,
    text: str | None = None,
    label: str | None = None,
    track: Track = iter,
) -> Findings:
    """Ask what is left of an earlier task, keep it in the study, and write its report again.

    Raises:
        TuneforkError: see ``measure_retention``.
    """
    store = SqliteStore(folder)
    try:
        asked = measure_retention(store, source, rows=rows, text=text, label=label, track=track)
        write_report(store)
        found = next((one for one in retention_of(store) if one.task == asked.task), None)
        name = store.study().name
    finally:
        store.close()
    if found is None:
        return Findings(asked.notices, None, {"task": asked.task, "configurations": [], "notices": asked.notices}, ())
    document = retention_json(found, name) | {"notices": list(asked.notices)}
    answered = tuple(
        {"configuration": one.name, "run": record.run, "head": record.head, "accuracy": record.accuracy,
         "macro_f1": record.macro_f1, "loss": record.loss, "rows": record.rows}
        for one in found.configurations
        for part in (one.own, one.earlier)
        if part
        for record in part.records
    )  # fmt: skip
    return Findings((*document["sentences"], *asked.notices), retention_table(found), document, answered)

"""Results: a finished study, read from its store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunefork.errors import StoreError
from tunefork.report import summarise, to_json, verdict
from tunefork.store import RunRecord, SqliteStore, Store
from tunefork.store.whole import MANIFEST

if TYPE_CHECKING:
    import pandas as pd

    from tunefork.export import Format
    from tunefork.predictor import Predictor
    from tunefork.study.exporting import Exported
    from tunefork.study.findings import Findings, Track


class Results:
    """What a study found. Shows itself in a notebook."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, folder: str | Path) -> Results:
        """The results of a study's folder.

        Raises:
            StoreError: there is no study in it.
        """
        return cls(SqliteStore.open(Path(folder)))

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.store.folder

    def verdict(self) -> str:
        """What the data supports, in sentences."""
        return str(verdict(summarise(self.store)))

    def to_dict(self) -> dict[str, Any]:
        """The results as ``--json`` prints them."""
        document: dict[str, Any] = to_json(self.store)
        return document

    def to_pandas(self) -> pd.DataFrame:
        """One row per run; ``metrics.test.mcc`` and the like are all metrics on test and on validation."""
        import pandas as pd

        runs = [{key: value for key, value in run.items() if key != "per_class"} for run in self.to_dict()["runs"]]
        frame = pd.json_normalize(runs)
        return frame.set_index("id") if len(frame) else frame

    def per_class(self) -> pd.DataFrame:
        """Precision, recall, F1 and rows of every class on test, by run and label; NaN where a class has none of it."""
        import pandas as pd

        runs = self.to_dict()["runs"]
        rows = [{"run": run["id"], **each} for run in runs for each in run["per_class"]]
        names = ["run", "label", "precision", "recall", "f1", "support"]
        frame = pd.DataFrame(rows, columns=names).set_index(["run", "label"])
        return frame.astype({"precision": float, "recall": float, "f1": float})

    def runs(self) -> list[Run]:
        """All runs."""
        return [Run(self.store, record) for record in self.store.runs()]

    def best(self) -> Run:
        """The run chosen on validation.

        Raises:
            StoreError: no run finished.
        """
        best = summarise(self.store).best
        if best is None:
            raise StoreError("No run of this study finished", where=str(self.folder), fix="Run the study again.")
        return Run(self.store, self.store.run(best))

    def changes(
        self, runs: Sequence[str] = (), *, top_k: int = 10, threshold: float = 0.5, track: Track = iter
    ) -> Findings:
        """How training changed the matrices of the backbone: norms and ranks of what was added, intruder dimensions.

        It is measured from the saved models once, kept in the study, and shown in its report from then on.

        Args:
            runs: ids; all finished runs unless given.
            top_k: singular vectors of each tuned matrix that are looked at.
            threshold: a vector is an intruder where no pretrained one is as similar as this.
            track: shows progress over the runs.

        Raises:
            TuneforkError: settings that cannot be meant, runs without a model, a pretrained model out of reach.
        """
        from tunefork.study.findings import find_changes

        return find_changes(self.folder, runs, top_k, threshold, track)

    def retention(
        self,
        on: str | Path,
        *,
        rows: int | None = None,
        text: str | None = None,
        label: str | None = None,
        track: Track = iter,
    ) -> Findings:
        """What the runs of a study with ``start_from`` kept of the task that their starting model was made for.

        Args:
            on: the earlier study's folder, whose test rows are asked again, or a file with labelled rows.
            rows: at most so many of them.
            text: the text column of a file, or two joined by a plus.
            label: the label column of a file.
            track: shows progress over the runs.

        Raises:
            TuneforkError: nothing was continued, or not from there; rows that have changed or cannot be read.
        """
        from tunefork.study.findings import find_retention

        return find_retention(self.folder, Path(on), rows, text, label, track)

    def _repr_html_(self) -> str:
        import html

        from tunefork.report import markdown_table

        table = markdown_table(self.store)
        return f"<pre>{html.escape(table)}</pre><p>{html.escape(self.verdict())}</p>"


class Run:
    """One trained run of a study."""

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._store, self.record = store, record

    @property
    def folder(self) -> Path:
        """Where its artefact is: an adapter for PEFT, or a folder for transformers."""
        return self._store.run_folder(self.record.id)

    def save(self, folder: str | Path) -> Path:
        """Copy the model to a folder of its own, complete and independent of the study.

        Raises:
            StoreError: the folder is there already and not empty, or the run did not finish.
        """
        target = Path(folder)
        if self.record.status != "done":
            raise StoreError(
                "The run has no model", where=self.record.id, found=self.record.status, fix="Choose a finished run."
            )
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise StoreError("The folder is not empty", where=str(target), fix="Choose another folder, or empty it.")
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
        self._take_base_along(target)
        return target

    def _take_base_along(self, target: Path) -> None:
        """An adapter on a model that lies in the study's folder (``start_from``) gets a copy of it."""
        start = self._store.folder / "start"
        if self.record.artefact != "peft" or not start.is_dir():
            return
        shutil.copytree(start, target / "base")
        for name, key in (("tunefork.json", "model"), ("adapter_config.json", "base_model_name_or_path")):
            facts = json.loads((target / name).read_text(encoding="utf-8"))
            facts[key] = "base" if name == "tunefork.json" else str((target / "base").resolve())
            (target / name).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def export(self, folder: str | Path, form: Format = "merged", push: str = "") -> Exported:
        """Write the model for use elsewhere; it is asked held-out rows in a fresh process, kept if it answers right.

        Args:
            folder: one that is not there yet, or is empty.
            form: ``peft`` (the adapter), ``merged`` (a whole model for transformers) or ``onnx``.
            push: a repository of the hub to upload it to.

        Raises:
            StoreError: no finished run, a folder that is not empty, test rows that have changed, no upload.
            ArtefactError: it answers otherwise than the run.
            UnsupportedModelError: the run has no such form.
            MissingExtraError: ``onnx`` without its packages.
        """
        from tunefork.study.exporting import export

        return export(self._store, self.record.id, Path(folder), form, push)

    def load(self) -> Predictor:
        """The model, ready to predict."""
        from tunefork.predictor import load_model

        return load_model(self.folder)

    def __repr__(self) -> str:
        return f"Run({self.record.id}: {self.record.name}, seed {self.record.seed}, {self.record.status})"

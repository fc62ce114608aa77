"""A run of a study on disk as something to use elsewhere: written, asked held-out rows, kept if it answers right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunefork.data import Split
from tunefork.errors import StoreError
from tunefork.export import Facts, Format, Rescored, export_run, model_card, push, rescore
from tunefork.export.rescoring import MOST
from tunefork.models.builtin import MINILM_HUB
from tunefork.report import RunSummary, Summary, summarise
from tunefork.spectra.weights import read_facts
from tunefork.store import Store
from tunefork.store.whole import whole_folder
from tunefork.study.folders import kept_study

CARD = "README.md"


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    folder: Path
    checked: Rescored
    url: str = ""
    """Of the commit on the hub, where it was pushed."""


def export(store: Store, run_id: str, target: Path, form: Format, repository: str = "") -> Exported:
    """Write a run in a format, check it, and upload it where a repository is named.

    Args:
        store: the study's.
        run_id: a finished run.
        target: a folder that is not there yet, or is empty.
        form: ``peft``, ``merged`` or ``onnx``.
        repository: of the hub.

    Raises:
        StoreError: the run did not finish, the folder is not empty, the study's test rows have changed, no upload.
        ArtefactError: the export answers otherwise than the run; nothing is kept.
        UnsupportedModelError: the run has no such form.
        MissingExtraError: ``onnx`` without its packages.
    """
    summary = summarise(store)
    found = next(
        (run for one in summary.configurations for run in one.runs if run.record.id == store.run(run_id).id), None
    )
    assert found is not None
    if not found.done:
        raise StoreError(
            "The run has no model", where=run_id, found=found.record.status, fix="Export a run that is done."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreError("The folder is not empty", where=str(target), fix="Choose another folder, or empty it.")
    rows, labels = _held_out(store, found, summary)
    source = store.run_folder(run_id)
    with whole_folder(target) as folder:
        export_run(store.folder, source, folder, form, target)
        checked = rescore(source, folder, form, rows, labels)
        card = model_card(found, summary, _facts(form, source, checked))
        (folder / CARD).write_text(str(card), encoding="utf-8")
    return Exported(target, checked, push(target, repository) if repository else "")


def _facts(form: Format, run: Path, checked: Rescored) -> Facts:
    known = read_facts(run)
    base = MINILM_HUB if known["model"] == "builtin:minilm" else known["model"]
    images = known.get("task") == "image-classification"
    return Facts(form, base, known["revision"], checked, images)


def _held_out(store: Store, run: RunSummary, summary: Summary) -> tuple[Sequence[Any], Any]:
    """Test rows, and the classes of those that have one each.

    Raises:
        StoreError: they are not those that the run was tested on.
    """
    from tunefork.study.study import Study

    split = Study.from_config(kept_study(store.folder), store.folder.resolve()).splits.test_rows
    known = store.predictions(run.record.id, "test")
    if known.ids != split.ids or not np.array_equal(known.labels, split.labels):
        raise StoreError(
            "The study's test rows have changed since, so an export cannot be checked on them",
            where=str(store.folder),
            found=f"{len(known.ids):,} rows were tested on, {len(split.ids):,} are there",
            fix="Put the old data back.",
        )
    labels = split.labels[:MOST] if summary.study.problem == "single_label" else None
    return _rows(split), labels


def _rows(split: Split) -> Sequence[Any]:
    """The first rows, as a predictor takes them."""
    if split.images is None:
        return split.texts[:MOST]
    from PIL import Image

    assert split.images.pixels is not None
    return [Image.fromarray(picture) for picture in split.images.pixels.take(split.images.places[:MOST])]

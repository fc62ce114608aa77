"""The task that a study's starting model was made for: its model, and rows to ask it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from tunefork.config import DataConfig, digest
from tunefork.data import EncodedSplit, Splits, load_splits
from tunefork.errors import StoreError
from tunefork.models import Backbone, ImageReader, load_backbone, load_config, load_image_reader, task_of
from tunefork.spectra import base_model, tuned_model
from tunefork.store import SqliteStore, Store
from tunefork.study.encoding import check_task, encode_rows
from tunefork.study.folders import kept_study
from tunefork.study.study import Study

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""How far the weights of one model may be apart: an adapter that is merged again is rounded anew."""


@dataclass(frozen=True, eq=False)
class EarlierTask:
    """An earlier task and the model that knows it."""

    key: str
    """Equal for the same rows and the same model."""
    name: str
    """Of the earlier study, or of the file."""
    source: str
    """The earlier study's folder, or the file."""
    run: str
    """The earlier study's run that training began with; empty for a file."""
    data_hash: str
    model: Backbone
    """What training began with, with its own head."""
    labels: tuple[str, ...]
    rows: EncodedSplit
    places: np.ndarray
    """[N] the rows that are asked."""


def earlier_task(
    store: Store, source: Path, *, rows: int | None = None, text: str | None = None, label: str | None = None
) -> EarlierTask:
    """What a study continued from, and rows of that task.

    Args:
        store: the study that continued.
        source: the earlier study's folder, whose test rows are taken; or a file (a folder of pictures) with labels.
        rows: at most so many, drawn by chance but always the same.
        text: the text column of a file, or two joined by a plus.
        label: the label column of a file.

    Raises:
        StoreError: the study did not continue from another model, not from a run of that study, or that study's data
            has changed.
        TuneforkError: rows that cannot be read.
    """
    start = _start(store)
    names = load_config(str(start)).id2label
    labels = tuple(str(names[number]) for number in sorted(names))
    study = kept_study(store.folder)
    of_study = (source / "study.db").is_file()
    if of_study:
        data = kept_study(source).data
        splits, name = _test_rows(source)
    else:
        data = _file_config(source, study.data, labels, text, label)
        splits, name = (
            load_splits(data, resize=lambda: _reader(start, data.image_size)),
            source.name,
        )
    if splits.problem != "single_label":
        raise StoreError(
            "What is left of an earlier task is told as accuracy, and its rows do not have one class each",
            where=str(source),
            found=f"problem: {splits.problem}",
            fix="Compare the metrics of both studies' test rows instead.",
        )
    if splits.labels.names != labels:
        raise StoreError(
            "The earlier task's classes are not those of the model that this study began with",
            where=str(source),
            found=f"{', '.join(splits.labels.names)}; the model's are {', '.join(labels)}",
            fix="Name the study whose run start_from continued.",
        )
    model = load_backbone(str(start), labels, image_size=data.image_size, any_head=True)
    run = _ancestor(store.folder, Path(study.start_from or ""), source, model) if of_study else ""
    test_only = replace(splits, train=replace(splits.test_rows, name="train"), validation=None)
    encoded = encode_rows(test_only, model, data).rows.test
    assert encoded is not None
    key = digest([splits.hash, run, rows], 12)
    places = _drawn(len(splits.test_rows), rows)
    return EarlierTask(key, name, str(source), run, splits.hash, model, labels, encoded, places)


def _start(store: Store) -> Path:
    """The folder of the model that the study's training began with.

    Raises:
        StoreError: that was the pretrained one.
    """
    start = store.folder / "start"
    if not start.is_dir():
        raise StoreError(
            "This study did not continue from an earlier model",
            where=str(store.folder),
            found=f"it began with {store.study().model}",
            fix="What is left of an earlier task can be asked of studies with start_from: RUN_OF_AN_EARLIER_STUDY.",
        )
    return start


def _reader(start: Path, size: int | None) -> ImageReader:
    """What makes pictures the size that the model wants; asked for where rows turn out to be pictures."""
    check_task("image-classification", task_of(load_config(str(start))), str(start))
    return load_image_reader(str(start), size=size)


def _test_rows(folder: Path) -> tuple[Splits, str]:
    """An earlier study's rows, read anew, and its name.

    Raises:
        StoreError: they are not those that it was trained and tested with.
    """
    store = SqliteStore.open(folder)
    try:
        known = store.study()
    finally:
        store.close()
    splits = Study.from_config(kept_study(folder), folder.resolve()).splits
    if splits.hash == known.data_hash:
        return splits, known.name
    differences = [f"its hash was {known.data_hash[:12]} and is {splits.hash[:12]}"]
    differences += [
        f"{part} rows were {known.rows.get(part, 0):,} and are {splits.rows.get(part, 0):,}"
        for part in dict.fromkeys([*known.rows, *splits.rows])
        if known.rows.get(part, 0) != splits.rows.get(part, 0)
    ]
    if known.labels != splits.labels.names:
        differences.append(f"classes were {', '.join(known.labels)} and are {', '.join(splits.labels.names)}")
    raise StoreError(
        "The earlier study's data has changed since",
        where=str(folder),
        found="; ".join(differences),
        fix="Put the old data back, or name a file with rows of that task instead.",
    )


def _ancestor(study: Path, named: Path, earlier: Path, model: Backbone) -> str:
    """The run of the earlier study with the weights that the study began with: the one it names, else any."""
    store = SqliteStore.open(earlier)
    try:
        done = [run.id for run in store.runs() if run.status == "done" and (earlier / "runs" / run.id).is_dir()]
    finally:
        store.close()
    ids = sorted(done, key=lambda run: run != named.name or named.parent.resolve() != (earlier / "runs").resolve())
    for run in ids:
        folder = earlier / "runs" / run
        found = tuned_model(folder, base_model(earlier, folder))
        if found is not None and _equal(found, model.model):
            return run
    raise StoreError(
        "This study did not begin with a run of that study",
        where=str(study),
        found=f"start_from: {named}; no finished run of {earlier} has the weights in {study / 'start'}",
        fix="Name the study whose run it continued, or a file with rows of the earlier task.",
    )


def _equal(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(
        tensor.shape == second[name].shape and torch.allclose(tensor, second[name], rtol=RELATIVE, atol=ABSOLUTE)
        for name, tensor in first.items()
    )


def _file_config(
    source: Path, own: DataConfig, labels: tuple[str, ...], text: str | None, label: str | None
) -> DataConfig:
    """All rows of a file as test rows, read as the study's own are."""
    return DataConfig(
        train=str(source),
        test=str(source),
        validation=0.0,
        leakage="allow",
        classes=labels,
        text=tuple(text.split("+")) if text else own.text,
        label=label or "",
        max_length=own.max_length,
        truncation=own.truncation,
        image_size=own.image_size,
    )


def _drawn(count: int, rows: int | None) -> np.ndarray:
    if rows is None or rows >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, rows, replace=False))

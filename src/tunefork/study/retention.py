"""What a study's models still know of the task that their starting model was made for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tunefork import metrics
from tunefork.data import EncodedSplit
from tunefork.engine import best_device, model_inputs
from tunefork.errors import StoreError
from tunefork.models import Backbone
from tunefork.spectra import base_model, tuned_model
from tunefork.store import Predictions, RetentionRecord, RunRecord, Store
from tunefork.store.changes import Head
from tunefork.study.earlier import EarlierTask, earlier_task

BATCH = 64
Track = Callable[[Sequence[RunRecord]], Iterable[RunRecord]]


@dataclass(frozen=True)
class Asked:
    """What was asked of a study's runs."""

    task: str
    """Of the records: ``one.task == asked.task`` for ``one in store.retentions()``."""
    notices: tuple[str, ...]
    """Runs that could not be asked."""


def measure_retention(
    store: Store,
    source: Path,
    *,
    rows: int | None = None,
    text: str | None = None,
    label: str | None = None,
    track: Track = iter,
) -> Asked:
    """Ask every finished run the rows of the task that training began with, and record the answers.

    The model that training began with answers first. Of each run its backbone answers under the earlier head; where
    the classes are the same, the run's model also answers as it is. All compute in fp32, as transformers has them, on
    padded rows. What was asked before is not asked again.

    Args:
        store: a study with ``start_from``, open for writing.
        source: the earlier study's folder, or a file with rows of the earlier task.
        rows: at most so many rows, drawn by chance but always the same.
        text: the text column of a file.
        label: the label column of a file.
        track: shows progress over the runs.

    Returns:
        The task, by which its records are found, and notices.

    Raises:
        StoreError, TuneforkError: see ``earlier_task``.
    """
    task = earlier_task(store, source, rows=rows, text=text, label=label)
    done = [run for run in store.runs() if run.status == "done"]
    if not done:
        raise StoreError("No run of this study finished", where=str(store.folder), fix="Run the study again.")
    known = {(one.run, one.head) for one in store.retentions() if one.task == task.key}
    before = f"earlier:{task.key}"
    if (before, "before") not in known:
        _keep(store, task, before, "before", task.model.model)
    heads: tuple[Head, ...] = ("earlier", "own") if store.study().labels == task.labels else ("earlier",)
    missing = [run for run in done if any((run.id, head) not in known for head in heads)]
    base: Backbone | None = None
    notices = []
    for run in track(missing):
        place = store.run_folder(run.id)
        base = base or base_model(store.folder, place)
        tuned = tuned_model(place, base)
        if tuned is None:
            notices.append(f"{run.name} puts tokens in front of the rows, which cannot be put before an earlier head.")
            continue
        for head in heads:
            _keep(store, task, run.id, head, tuned if head == "own" else under_head(tuned, task.model, base))
    return Asked(task.key, tuple(dict.fromkeys(notices)))


def under_head(tuned: Any, earlier: Backbone, later: Backbone) -> Any:
    """The earlier model with the backbone of a tuned one: everything outside the heads is taken from there.

    Args:
        tuned: a model of the later study, with any head.
        earlier: the model whose head is kept.
        later: what the tuned model was trained from.
    """
    heads = tuple(f"{module}." for module in {*earlier.anatomy.head, *later.anatomy.head})
    model = earlier.copy()
    backbone = {name: tensor for name, tensor in tuned.state_dict().items() if not name.startswith(heads)}
    left = model.load_state_dict(backbone, strict=False)
    assert not left.unexpected_keys
    assert all(name.startswith(heads) for name in left.missing_keys)
    return model


def _keep(store: Store, task: EarlierTask, run: str, head: Head, model: Any) -> None:
    began = time.perf_counter()
    logits = answers(model, task.rows, task.places, task.model.pad_id)
    labels = task.rows.labels[task.places]
    scores = metrics.score(logits, labels)
    record = RetentionRecord(
        run=run,
        task=task.key,
        head=head,
        name=task.name,
        source=task.source,
        earlier=task.run,
        rows=len(labels),
        loss=scores.loss,
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        data_hash=task.data_hash,
        seconds=time.perf_counter() - began,
    )
    ids = tuple(str(task.rows.ids[place]) for place in task.places)
    store.put_retention(record, Predictions(ids, labels.astype(np.int64), logits))


def answers(model: Any, split: EncodedSplit, places: np.ndarray, pad_id: int) -> np.ndarray:
    """[N, classes] logits of transformers' own forward for some rows of a split, in fp32.

    Args:
        model: transformers' own; it is moved to the best device.
        split: encoded rows.
        places: [N] their numbers.
        pad_id: fills up short texts.
    """
    device = best_device()
    model.to(device).eval()
    found: np.ndarray | None = None
    by_length = np.argsort(-split.lengths[places], kind="stable")  # rows of similar length share a batch
    with torch.no_grad():
        for at in range(0, len(places), BATCH):
            chosen = by_length[at : at + BATCH]
            logits = model(**model_inputs(split, places[chosen], pad_id, device)).logits.float().cpu().numpy()
            if found is None:
                found = np.empty((len(places), logits.shape[1]), dtype=np.float32)
            found[chosen] = logits
    assert found is not None, "a task has at least one row"
    return found

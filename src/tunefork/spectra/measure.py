"""Measures the saved runs of a study, and keeps what was found in its store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tunefork.errors import StoreError
from tunefork.models import Backbone, Linear
from tunefork.spectra.change import THRESHOLD, TOP_K, Change, change_of, check_settings, count_intruders
from tunefork.spectra.singular import Floats, left_vectors
from tunefork.spectra.weights import base_model, matrix_of, tuned_model
from tunefork.store import ChangeRecord, RunRecord, Store

Track = Callable[[Sequence[RunRecord]], Iterable[RunRecord]]


def measure_changes(
    store: Store,
    runs: Sequence[str] = (),
    *,
    top_k: int = TOP_K,
    threshold: float = THRESHOLD,
    track: Track = iter,
) -> None:
    """Compare the matrices of finished runs with those that their training began with, and record it.

    What was measured with the same settings is not measured again; runs that were measured with others are, so that
    the counts of a study can be compared. Heads are no part of it: they are new. Linears that did not change have no
    record. The pretrained matrices are decomposed once for all runs.

    Args:
        store: the study; it must be open for writing.
        runs: ids; all finished runs unless given.
        top_k: singular vectors that are looked at.
        threshold: ε, below which a vector is an intruder.
        track: shows progress over the runs.

    Raises:
        ConfigError: settings that cannot be meant.
        StoreError: no such run, one that did not finish, or whose files are gone.
        ModelNotFoundError: the pretrained model is out of reach.
    """
    check_settings(top_k, threshold)
    wanted = []
    for run in _chosen(store, runs):
        known = store.changes(run.id)
        if not known or known[0].top_k != top_k:
            wanted.append(run)
        elif known[0].threshold != threshold:
            store.put_changes(run.id, [_counted(change, threshold) for change in known])
    comparison: _Comparison | None = None
    for run in track([run for run in wanted if run.strategy != "head"]):
        comparison = comparison or _Comparison(store, base_model(store.folder, store.run_folder(run.id)))
        store.put_changes(run.id, comparison.of(run, top_k, threshold))


def _chosen(store: Store, runs: Sequence[str]) -> list[RunRecord]:
    """The runs that are asked for and those that were measured before, in the study's order."""
    asked = {run: store.run(run) for run in runs}
    for run in asked.values():
        if run.status != "done":
            raise StoreError("The run has no model", where=run.id, found=run.status, fix="Choose a finished run.")
    done = [run for run in store.runs() if run.status == "done"]
    if not done:
        raise StoreError("No run of this study finished", where=str(store.folder), fix="Run the study again.")
    return [run for run in done if not asked or run.id in asked or store.changes(run.id)]


def _counted(change: ChangeRecord, threshold: float) -> ChangeRecord:
    return replace(change, threshold=threshold, intruders=count_intruders(change.similarities, threshold))


class _Comparison:
    """A study's pretrained model, and the singular vectors of its matrices."""

    def __init__(self, store: Store, base: Backbone) -> None:
        self._store, self._base = store, base
        self._left: dict[str, Any] = {}

    def of(self, run: RunRecord, top_k: int, threshold: float) -> list[ChangeRecord]:
        """What became of the matrices that the run trained."""
        tuned = tuned_model(self._store.run_folder(run.id), self._base, exact=True)
        found: list[ChangeRecord] = []
        if tuned is None:
            return found
        for linear in self._base.anatomy.linears:
            before, after = (matrix_of(model, linear.name) for model in (self._base.model, tuned))
            if not np.array_equal(before, after):
                change = change_of(before, after, top_k, self._vectors(linear.name, before))
                found.append(_record(run, linear, change, top_k, threshold))
        return found

    def _vectors(self, name: str, base: Floats) -> Any:
        if name not in self._left:  # in float32 they take no more room than the model
            self._left[name] = left_vectors(base).astype(np.float32)
        return self._left[name]


def _record(run: RunRecord, linear: Linear, found: Change, top_k: int, threshold: float) -> ChangeRecord:
    return ChangeRecord(
        run=run.id,
        matrix=linear.name,
        block=linear.block,
        roles="+".join(linear.roles),
        outputs=linear.outputs,
        inputs=linear.inputs,
        norm=found.norm,
        base_norm=found.base_norm,
        spectral_norm=found.spectral_norm,
        effective_rank=found.effective_rank,
        stable_rank=found.stable_rank,
        top_k=top_k,
        threshold=threshold,
        intruders=count_intruders(found.similarities, threshold),
        similarities=found.similarities,
    )

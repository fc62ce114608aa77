"""Records as flat rows: numbers and text as they are, everything else as JSON text. Both stores keep records this way.

Columns follow the records' fields, so a new field needs no second description of the tables. A field that an older row
lacks gets the record's default.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from tunefork.errors import StoreError
from tunefork.problem import Labels, Problem, problem_of
from tunefork.store.changes import ChangeRecord
from tunefork.store.records import Predictions

Record = TypeVar("Record")
_STORED: dict[Problem, str] = {"single_label": "<i8", "multi_label": "<i1", "regression": "<f8"}
_SQL = {str: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL"}


@functools.cache
def columns(record: type) -> dict[str, str]:
    """The columns of a record and their SQL types.

    >>> from tunefork.store.records import StepRecord
    >>> columns(StepRecord)["loss"]
    'REAL'
    """
    return {name: _SQL.get(kind, "TEXT") for name, (kind, _) in _kinds(record).items()}


def encode(record: Any) -> dict[str, Any]:
    """A record as a row of None, numbers and text."""
    return {field.name: _encoded(getattr(record, field.name)) for field in fields(record)}


def decode(record: type[Record], row: Mapping[str, Any]) -> Record:
    """The record of a row. SQLite keeps NaN as NULL, so NULL in a number that is never None is NaN."""
    kinds = _kinds(cast(Any, record))
    values: dict[str, Any] = {}
    for field in fields(cast(Any, record)):
        if field.name not in row:
            continue
        kind, optional = kinds[field.name]
        value = row[field.name]
        if value is None and not optional:
            if kind is not float and (field.default is not MISSING or field.default_factory is not MISSING):
                continue
            value = math.nan
        values[field.name] = _decoded(kind, value)
        item = _items(cast(Any, record)).get(field.name)
        if item is not None and values[field.name]:
            values[field.name] = tuple(item(**part) for part in values[field.name])
    return record(**values)


def check(predictions: Predictions) -> None:
    """Raises StoreError unless ids, labels and logits are of one length."""
    shape = predictions.logits.shape
    if len(shape) != 2 or not len(predictions.ids) == len(predictions.labels) == shape[0]:
        raise StoreError(
            "Predictions need one id, one label and one row of logits per row",
            found=f"{len(predictions.ids)} ids, {len(predictions.labels)} labels, logits of shape {tuple(shape)}",
            fix="Record the evaluation with the whole split.",
        )


def check_changes(run_id: str, changes: Sequence[ChangeRecord]) -> None:
    """Raises StoreError unless all are of the run, and of matrices that differ."""
    matrices = [change.matrix for change in changes]
    if {change.run for change in changes} - {run_id} or len(set(matrices)) != len(matrices):
        raise StoreError(
            "The changes of a run are recorded together, one for each matrix",
            where=run_id,
            found=f"{len(matrices)} for {len(set(matrices))} matrices, of the runs "
            f"{', '.join(sorted({change.run for change in changes}))}",
            fix="Record them run by run.",
        )


def split_key(predictions: Predictions) -> str:
    """The hash under which a split's ids and labels are stored once."""
    text = json.dumps(predictions.ids, ensure_ascii=True).encode()
    return hashlib.sha256(text + label_bytes(predictions.labels)).hexdigest()


def label_bytes(labels: Labels) -> bytes:
    """Labels as they are stored, little-endian: class numbers int64, 0 and 1 of labels int8, numbers float64."""
    return labels.astype(_STORED[problem_of(labels)]).tobytes()


def stored_labels(data: bytes, rows: int, problem: Problem) -> Labels:
    """The labels of ``label_bytes``."""
    found = np.frombuffer(data, _STORED[problem])
    native = found.astype(found.dtype.newbyteorder("="))
    return native.reshape(rows, -1) if problem == "multi_label" else native


def plain(predictions: Predictions) -> Predictions:
    """With labels and logits in the types that stores give back."""
    labels = stored_labels(label_bytes(predictions.labels), len(predictions.labels), predictions.problem)
    return Predictions(tuple(predictions.ids), labels, predictions.logits.astype("float32"))


@functools.cache
def _kinds(record: type) -> dict[str, tuple[Any, bool]]:
    return {name: _kind(hint) for name, hint in get_type_hints(record).items()}


@functools.cache
def _items(record: type) -> dict[str, type]:
    """The record in fields that are tuples of records."""
    hints = {name: get_args(hint) for name, hint in get_type_hints(record).items() if get_origin(hint) is tuple}
    return {name: cast(type, parts[0]) for name, parts in hints.items() if is_dataclass(parts[0])}


def _kind(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return _kind(inner)[0], True
    return (str, False) if get_origin(hint) is Literal else (get_origin(hint) or hint, False)


def _encoded(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, set | frozenset | np.ndarray) else str(value)


def _decoded(kind: Any, value: Any) -> Any:
    if value is None or kind in (str, int, float):
        return value
    if kind is bool:
        return bool(value)
    plain = json.loads(value)
    if kind is tuple:
        return tuple(plain)
    return cast(Any, kind)(**plain) if is_dataclass(kind) else plain

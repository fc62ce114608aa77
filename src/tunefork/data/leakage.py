"""The same text or image on both sides of splits that the user supplied, and the same one with two labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tunefork.data.rows import RowSet
from tunefork.data.table import count, either, quoted, shorten
from tunefork.errors import LeakageError
from tunefork.problem import Problem

_DIFFERENT: dict[Problem, str] = {
    "single_label": "more than one label",
    "multi_label": "different labels in different rows",
    "regression": "different numbers",
}


@dataclass(frozen=True)
class Overlap:
    """Texts that two splits share."""

    texts: int
    """Distinct normalised texts."""
    first: list[int]
    """Places in the first split, ascending."""
    second: list[int]
    """Places in the second split, ascending."""


def overlap(first: RowSet, second: RowSet) -> Overlap:
    """The texts that are in both, after normalisation."""
    shared = set(first.keys) & set(second.keys)
    return Overlap(
        len(shared),
        [place for place, key in enumerate(first.keys) if key in shared],
        [place for place, key in enumerate(second.keys) if key in shared],
    )


def settle(
    first: tuple[str, RowSet], second: tuple[str, RowSet], policy: Literal["error", "drop_train", "allow"]
) -> tuple[RowSet, str, str]:
    """The first split, without what it shares with the second if ``policy`` says so; a notice and a warning, or empty.

    Raises:
        LeakageError: texts are in both and the policy is ``error``; with their number and the first rows.
    """
    (name, rows), (other, held) = first, second
    shared = overlap(rows, held)
    if not shared.texts:
        return rows, "", ""
    found = f"{count(shared.texts, f'distinct {rows.kind}')} in both {name} and {other}"
    if policy == "allow":
        return rows, "", f"{found}: results on {other} are too good ({name}: {count(len(shared.first), 'row')})."
    if policy == "drop_train":
        out = set(shared.first)
        kept = rows.take([place for place in range(len(rows)) if place not in out])
        return kept, f"{found}: {count(len(out), 'row')} left out of {name}.", ""
    example = held.texts[shared.second[0]][0]
    raise LeakageError(
        f"{count(shared.texts, rows.kind)} {'is' if shared.texts == 1 else 'are'} in both {name} and {other}",
        where=f"{rows.places(shared.first)}; {held.places(shared.second)}",
        found=f"for one, {example[:60]!r}",
        fix=f"Remove them, leave them out of {'training' if name == 'train' else name} with --leakage drop_train "
        "(leakage: drop_train), or keep them with --leakage allow (leakage: allow).",
        past={"leakage": "allow"},
    )


def two_labels(rows: RowSet, name: str) -> str:
    """A warning that names texts whose rows have different labels; empty where there are none."""
    first: dict[str, object] = {}
    torn = {key for key, label in zip(rows.keys, rows.labels.values) if first.setdefault(key, label) != label}
    if not torn:
        return ""
    places = [place for place, key in enumerate(rows.keys) if key in torn]
    verb = f"{rows.kind} has" if len(torn) == 1 else f"{rows.kind}s have"
    return f"{len(torn):,} {verb} {_DIFFERENT[rows.labels.problem]} in {name} ({rows.places(places)})."


def labels_apart(first: tuple[str, RowSet], second: tuple[str, RowSet]) -> str:
    """A warning of texts in both splits whose labels differ between them; empty where there are none."""
    (name, rows), (other, held) = first, second
    here, there = _labels_by_key(rows), _labels_by_key(held)
    torn = {key for key, labels in here.items() if key in there and there[key] != labels}
    if not torn:
        return ""
    places = [one.places([at for at, key in enumerate(one.keys) if key in torn]) for one in (rows, held)]
    labels = "numbers" if rows.labels.problem == "regression" else "labels"
    has = either(len(torn), "has", "have")
    return f"{count(len(torn), rows.kind)} {has} other {labels} in {other} than in {name} ({places[0]}; {places[1]})."


def _labels_by_key(rows: RowSet) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for key, label in zip(rows.keys, rows.labels.values):
        found.setdefault(key, set()).add(label)
    return found


def torn_groups(first: tuple[str, RowSet], second: tuple[str, RowSet], column: str) -> str:
    """A warning that names groups which the user's own splits tear apart; empty where there are none."""
    (name, rows), (other, held) = first, second
    shared = sorted({g for g in rows.groups if g is not None} & {g for g in held.groups if g is not None})
    if not shared:
        return ""
    return f"{count(len(shared), 'value')} of {column} in both {name} and {other}: {shorten(quoted(shared))}."

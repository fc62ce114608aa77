"""Made-up rows that can be learnt: texts whose words, or pictures whose colours and shapes, tell the class."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tunefork.smoke.schema import Schema
from tunefork.store.atomic import write_bytes

COMMON = 240
"""Words that say nothing of the class."""
TELLING = 6
"""Words of each class."""
LEVELS = 8
"""Kinds of rows of a regression."""
SYLLABLES = ("ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "zu")
SIDE = 40
"""Pixels of a made-up picture; the tiny model reads fewer, so that resizing is tried too."""
TRAIN, HELD = 96, 64
"""Rows of a split at least; more where there are many classes, some of each."""
TRAIN_EACH, HELD_EACH = 4, 2


@dataclass(frozen=True)
class Source:
    """Seeded rows of one schema, none of them twice."""

    schema: Schema
    random: np.random.Generator

    def table(self, rows: int, first: int) -> pa.Table:
        """So many rows; their ids begin at ``first``."""
        schema = self.schema
        kinds = [self._kind(number) for number in range(rows)]
        content: dict[str, Any] = {name: [] for name in schema.content}
        make = self._picture if schema.images else self._text
        for kind in kinds:
            for column in schema.content:
                content[column].append(make(kind))
        if schema.id:
            content[schema.id] = [f"row {number}" for number in range(first, first + rows)]
        if schema.group:
            content[schema.group] = [f"group {number // 2}" for number in range(first, first + rows)]
        return pa.table({**content, **dict(self._labels(kinds))})

    def _kind(self, number: int) -> tuple[int, ...]:
        """The classes of a row, by turns; of several labels any number."""
        if self.schema.problem == "multi_label":
            on = self.random.random(len(self.schema.classes)) < 0.4
            on[number % len(on)] = number % 3 > 0  # each label is there, and each is missing
            return tuple(int(each) for each in np.flatnonzero(on))
        return (number % (LEVELS if self.schema.problem == "regression" else len(self.schema.classes)),)

    def _labels(self, kinds: list[tuple[int, ...]]) -> Iterator[tuple[str, list[Any]]]:
        schema = self.schema
        if schema.problem == "regression":
            noise = self.random.normal(size=len(kinds))
            yield schema.label[0], [round(10.0 * kind + value, 3) for (kind,), value in zip(kinds, noise)]
        elif len(schema.label) > 1:
            for number, column in enumerate(schema.label):
                yield column, [int(number in kind) for kind in kinds]
        elif schema.problem == "multi_label":
            yield schema.label[0], [schema.separator.join(schema.classes[each] for each in kind) for kind in kinds]
        else:
            yield schema.label[0], [schema.classes[kind] for (kind,) in kinds]

    def _text(self, kind: tuple[int, ...]) -> str:
        own = [word(COMMON + TELLING * each + int(self.random.integers(TELLING))) for each in (*kind, *kind)][:8]
        rest = [word(each) for each in self.random.integers(COMMON, size=self.random.integers(8, 20))]
        return " ".join(self.random.permutation([*own, *rest]).tolist())

    def _picture(self, kind: tuple[int, ...]) -> bytes:
        from PIL import Image

        pixels = self.random.integers(0, 60, size=(SIDE, SIDE, 3))
        for each in kind:
            left, top = (5 * each) % 16, (11 * each) % 16
            pixels[top : top + 20, left : left + 20] += np.array(
                [(37 * each) % 190, (83 * each) % 190, (151 * each) % 190]
            )
        written = io.BytesIO()
        Image.fromarray(np.minimum(pixels, 255).astype(np.uint8)).save(written, "PNG")
        return written.getvalue()


def word(number: int) -> str:
    """A word that nobody says; every number has its own.

    >>> word(0), word(12), word(1234)
    ('bababa', 'bakelo', 'kelominu')
    """
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:03}")


def vocabulary(schema: Schema) -> list[str]:
    """Every word of the texts."""
    kinds = LEVELS if schema.problem == "regression" else len(schema.classes)
    return [word(number) for number in range(COMMON + TELLING * kinds)]


def write_rows(schema: Schema, folder: Path, *, held_out: float) -> dict[str, Path]:
    """Parquet files with made-up rows, and ``unlabelled.parquet`` without labels.

    Args:
        schema: what they look like.
        folder: where they go.
        held_out: the share of the training rows that the study takes away for validation and test.

    Returns:
        the files by split.
    """
    source = Source(schema, np.random.default_rng(0))
    kinds = 1 if schema.problem != "single_label" else len(schema.classes)
    train, held = max(TRAIN, TRAIN_EACH * kinds), max(HELD, HELD_EACH * kinds)
    sizes = {"train": round(train / (1 - held_out)), **dict.fromkeys(schema.apart, held), "unlabelled": held}
    paths, first = {}, 0
    for name, size in sizes.items():
        table = source.table(size, first)
        paths[name] = folder / f"{name}.parquet"
        _write(paths[name], table.drop_columns(list(schema.label)) if name == "unlabelled" else table)
        first += size
    return paths


def write_synonyms(folder: Path) -> Path:
    """A table of synonyms: every word that says nothing of the class can stand for the next."""
    lines = [f"{word(number)},{word((number + 1) % COMMON)}" for number in range(COMMON)]
    path = folder / "synonyms.csv"
    write_bytes(path, "\n".join(["word,synonym", *lines, ""]).encode())
    return path


def _write(path: Path, table: pa.Table) -> None:
    written = io.BytesIO()
    pq.write_table(table, written)
    write_bytes(path, written.getvalue())

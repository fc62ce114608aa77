"""The rows that a study leaves out, listed in a file of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from tunefork.data import LeftOut
from tunefork.data.left_out import FILE
from tunefork.errors import one_line
from tunefork.report import rows_as_csv
from tunefork.store.atomic import write_text

HEADER = tuple(each.name for each in fields(LeftOut))


def keep_left_out(folder: Path, rows: Sequence[LeftOut]) -> None:
    """Write ``left_out.csv``: split, row, name, reason; where nothing was left out there is no such file."""
    if not rows:
        (folder / FILE).unlink(missing_ok=True)
        return
    plain = [{name: one_line(text) for name, text in asdict(row).items()} for row in rows]
    write_text(folder / FILE, rows_as_csv(plain, HEADER))

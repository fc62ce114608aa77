"""Puts a report together: files in the study's folder, and text on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunefork.config import Judging
from tunefork.report.effects.section import effects_of
from tunefork.report.examples import examples
from tunefork.report.figures import draw, save
from tunefork.report.html import html
from tunefork.report.records import csv_text
from tunefork.report.searched import search_table
from tunefork.report.sections import Material
from tunefork.report.summary import summarise
from tunefork.report.tables import as_markdown, as_rich, rich_table, table
from tunefork.report.verdict import verdict
from tunefork.store import Store
from tunefork.store.atomic import write_text

if TYPE_CHECKING:
    from rich.console import Console


def write_report(store: Store, judging: Judging | None = None) -> list[Path]:
    """Write report.html, table.md, table.csv and figures/ into the study's folder; the files written.

    Raises:
        StoreError: the store has no study.
        OSError: the folder cannot be written.
    """
    summary = summarise(store, judging)
    found = verdict(summary)
    drawings, effects = draw(summary, found), effects_of(store, summary)
    shown = Material(summary, found, drawings, examples(store, summary), effects, _study_file(store.folder))
    contents = {
        "report.html": html(shown),
        "table.md": "\n".join(as_markdown(each) for each in (table(summary), search_table(summary)) if each),
        "table.csv": csv_text(summary),
    }
    written = []
    for name, content in contents.items():
        write_text(store.folder / name, content)
        written.append(store.folder / name)
    return written + save(drawings + (effects.drawings if effects else []), store.folder / "figures")


def _study_file(folder: Path) -> str:
    """The resolved study file; empty where the folder has none, as that of a store in memory."""
    path = folder / "study.yaml"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def print_report(store: Store, console: Console, judging: Judging | None = None) -> None:
    """Print notices, warnings, the table and the verdict. Text of the study is shown as it is, never as markup."""
    from rich.text import Text

    summary = summarise(store, judging)
    found = verdict(summary)
    for notice in summary.study.notices:
        console.print(Text(f"Note: {notice}", style="dim"))
    if summary.configurations:
        console.print(rich_table(summary))
    for note in table(summary).notes:
        console.print(Text(note, style="dim"))
    chosen = search_table(summary)
    if chosen is not None:
        console.print()
        console.print(as_rich(chosen))
    console.print()
    for warning in found.warnings:
        console.print(Text(f"Warning: {warning}", style="yellow"))
    for sentence in found.sentences:
        console.print(Text(sentence))

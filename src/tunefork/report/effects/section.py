"""What fine-tuning did to the models, as a section of the report's page."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.report.effects.change_words import change_sentences, change_table
from tunefork.report.effects.changes import changes_of
from tunefork.report.effects.retention import retention_of
from tunefork.report.effects.retention_words import retention_sentences, retention_table
from tunefork.report.figures import Drawing, draw_changes
from tunefork.report.summary import Summary
from tunefork.report.tables import Table
from tunefork.store import Store


@dataclass(frozen=True, eq=False)
class Part:
    """A heading with sentences and a table."""

    title: str
    sentences: tuple[str, ...]
    table: Table


@dataclass(frozen=True, eq=False)
class Effects:
    """The whole section."""

    changes: Part | None
    tasks: tuple[Part, ...]
    drawings: list[Drawing]


def effects_of(store: Store, summary: Summary) -> Effects | None:
    """The section of a study; None where nothing was measured.

    Raises:
        StoreError: the store cannot be read.
    """
    changes, tasks = changes_of(store), retention_of(store)
    if changes is None and not tasks:
        return None
    moved = Part("Weights", change_sentences(changes), change_table(changes)) if changes else None
    study = summary.study.name
    asked = tuple(
        Part(f"What is left of {one.before.name}", retention_sentences(one, study), retention_table(one))
        for one in tasks
    )
    return Effects(moved, asked, draw_changes(changes, summary) if changes else [])

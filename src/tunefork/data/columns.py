"""Which columns hold the text or image, the label, the id and the group: as configured, or guessed and said so."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.config import DataConfig
from tunefork.data.guessing import PAIRS, guess_id, guess_image, guess_label, guess_number, guess_text
from tunefork.data.images.class_folders import UNIT
from tunefork.data.table import Table, shorten
from tunefork.errors import ColumnError, did_you_mean


@dataclass(frozen=True)
class Columns:
    """The chosen columns."""

    text: tuple[str, ...]
    """One column, or two for a pair; none where rows are images."""
    label: str
    """One column; of several, for messages, their names with a + between."""
    id: str = ""
    """Empty where rows are numbered."""
    group: str = ""
    image: str = ""
    labels: tuple[str, ...] = ()
    """Several columns, each of which says 0 or 1 of a label; empty where there is one column."""

    @property
    def with_labels(self) -> tuple[str, ...]:
        """The columns that labels are read from."""
        return self.labels or ((self.label,) if self.label else ())

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that a model reads."""
        return (self.image,) if self.image else self.text

    @property
    def kind(self) -> str:
        """What a row is, for messages."""
        return "image" if self.image else "text"


def choose_columns(table: Table, config: DataConfig) -> tuple[Columns, tuple[str, ...]]:
    """The configured columns, the missing ones guessed, and a notice for each guess. Neither a pair nor several label
    columns are ever guessed.

    Raises:
        ColumnError: a named column is not there, two roles share one, or nothing sensible can be guessed.
    """
    label, several = label_columns(table, config.label)
    named = Columns(config.text, label, config.id, config.group, config.image, several)
    check_columns(table, named)
    _distinct_roles(table, named)
    notices: list[str] = []
    others = (config.id, config.group)
    image = config.image or ("" if config.text else guess_image(table, taken=(*named.with_labels, *others)))
    if not label:
        guess = guess_number if config.problem == "regression" else guess_label
        label = guess(table, taken=(*config.text, image, *others))
        notices.append(f"label column guessed: {label}")
    labels = several or (label,)
    text = config.text
    if not text and not image:
        text = (guess_text(table, taken=(*labels, *others)),)
        notices.append(f"text column guessed: {text[0]}{_pair_hint(table)}")
    if image and not config.image:
        notices.append(f"image column guessed: {image}")
    identity = config.id or guess_id(table, taken=(*text, image, *labels, config.group))
    if identity and not config.id:
        notices.append(f"id column guessed: {identity}")
    if table.unit == UNIT:
        notices = []  # what folders are called is no guess
    return Columns(text, label, identity, config.group, image, several), tuple(notices)


def label_columns(table: Table, label: str | tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The configured label: its name for messages, and the columns where it is several.

    A tuple is several columns, also of one. ``a+b`` is a column where there is one of that name, else several, if any
    of its parts is a column.
    """
    if not isinstance(label, str):
        return "+".join(label), label
    parts = tuple(part.strip() for part in label.split("+"))
    if len(parts) == 1 or label in table.values or not any(part in table.values for part in parts):
        return label, ()
    return "+".join(parts), parts


def check_columns(table: Table, columns: Columns) -> None:
    """Every named column is there.

    Raises:
        ColumnError: naming the columns present and the nearest name.
    """
    roles = [(column, "text") for column in columns.text] + [(columns.image, "image")]
    roles += [(column, "label") for column in columns.with_labels] + [(columns.id, "id"), (columns.group, "group")]
    for column, role in roles:
        given = column or role in ("text", "label")  # of which nobody lists an empty one
        if given and column not in table.values:
            raise ColumnError(
                f"There is no column '{column}' for the {role}",
                where=table.name,
                found=f"columns {shorten(table.columns, 20)}",
                fix=did_you_mean(column, table.columns),
            )


def _distinct_roles(table: Table, columns: Columns) -> None:
    named = [column for column in (*columns.text, columns.image, *columns.with_labels, columns.id) if column]
    for place, column in enumerate(named):
        if column in named[:place]:
            raise ColumnError(
                f"The column '{column}' is given two parts to play",
                where=table.name,
                found=f"columns {shorten(table.columns, 20)}",
                fix="Name different columns for text or image, label and id.",
            )


def _pair_hint(table: Table) -> str:
    names = {column.lower(): column for column in table.columns}
    for first, second in PAIRS:
        if first in names and second in names:
            pair = f"{names[first]}+{names[second]}"
            return f" ({pair} looks like a pair; to use both, give --text {pair})"
    return ""

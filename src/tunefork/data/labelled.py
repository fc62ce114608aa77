"""Which problem the labels of a table are, and the labels of its rows."""

from __future__ import annotations

from tunefork.config import DataConfig
from tunefork.data.columns import Columns
from tunefork.data.flags import read_flags
from tunefork.data.label_sets import has_lists, read_label_sets
from tunefork.data.labels import read_classes
from tunefork.data.numbers import read_numbers
from tunefork.data.row_labels import Labelled
from tunefork.data.table import Table
from tunefork.errors import ConfigError
from tunefork.problem import Problem


def which_problem(table: Table, columns: Columns, config: DataConfig) -> tuple[Problem, tuple[str, ...]]:
    """What the labels are, and a notice where that was found out.

    Several columns, a separator and lists mean any number of labels per row. Texts that write lists do so too, unless
    ``problem: single_label`` says that each text is a class. Numbers are classes unless ``problem: regression``.

    Args:
        table: the training rows.
        columns: as chosen.
        config: what is asked for.

    Raises:
        ConfigError: settings that contradict each other.
    """
    _check(columns, config)
    if config.problem != "auto":
        return config.problem, ()
    if columns.labels or config.label_separator:
        return "multi_label", ()
    if has_lists(table.values[columns.label]):
        return "multi_label", (
            f"Column '{columns.label}' has a list in every row: rows may have any number of labels (multi_label).",
        )
    return "single_label", ()


def read_labels(table: Table, columns: Columns, config: DataConfig, problem: Problem) -> Labelled:
    """The labels of a table.

    Raises:
        LabelError: see ``read_classes``, ``read_flags``, ``read_label_sets`` and ``read_numbers``.
    """
    drop = config.drop_missing
    if problem == "regression":
        return read_numbers(table, columns.label, drop_missing=drop)
    if problem == "single_label":
        return read_classes(table, columns.label, drop_missing=drop, classes=config.classes)
    if columns.labels:
        return read_flags(table, columns.labels, drop_missing=drop)
    return read_label_sets(table, columns.label, config.label_separator, drop_missing=drop, classes=config.classes)


def _check(columns: Columns, config: DataConfig) -> None:
    several, asked = f"label: {columns.label}", config.problem
    if columns.labels and asked in ("single_label", "regression"):
        what = "the class" if asked == "single_label" else "the number"
        raise ConfigError(
            f"problem: {asked} has one label column",
            where=several,
            found=f"{len(columns.labels)} columns",
            fix=f"Name the column with {what}; several columns of 0 and 1 are problem: multi_label.",
        )
    if config.label_separator and (columns.labels or asked in ("single_label", "regression")):
        raise ConfigError(
            "label_separator stands between the labels in one column (multi_label)",
            where=f"label_separator: {config.label_separator!r}",
            found=f"{len(columns.labels)} label columns" if columns.labels else f"problem: {asked}",
            fix="Leave label_separator out.",
        )
    if config.classes and asked == "regression":
        raise ConfigError(
            "classes names labels, and numbers have none",
            where="classes",
            found="problem: regression",
            fix="Leave classes out, or set problem: single_label.",
        )

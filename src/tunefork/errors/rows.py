"""Rows that cannot be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tunefork.errors.base import ProblemsError, TuneforkError


class DataError(TuneforkError):
    """Rows that cannot be trained on.

    Cause: Rows that were read, but make no sense: an id that stands twice, a probability that is none, an empty
    text to predict.
    Remedy: Mend the rows at the place that is named, or leave the column out where the message says so.
    Example: The id 'm1' stands in 2 rows of column 'id' (twice.csv lines 2, 3). Found: 1 id that repeats. Make
    the ids unique, or leave the id column out: rows are then numbered.

    Args:
        past: settings of ``data`` that leave out what is wrong, so that the rest can be looked at.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        found: str = "",
        fix: str = "",
        past: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.past = past
        super().__init__(what, where=where, found=found, fix=fix)


class DataProblemsError(ProblemsError, DataError):
    """Several things are wrong with the rows.

    Cause: Missing labels, empty texts, too few classes and the like at the same time.
    Remedy: Deal with each line; `--drop-missing` and `--drop-empty` leave such rows out, and `left_out.csv` lists
    them.
    Example: 3 problems in the rows:
      1. 1 row has no label in column 'label' (two.csv line 3). Found: 2 labels in 3 rows. Fill them in, or leave
    these rows out with --drop-missing (drop_missing: true).
      2. 1 row has an empty text in column text (two.csv line 4). Fill them in, or leave these rows out with
    --drop-empty (drop_empty: true).
      3. There is only one class (two.csv, column 'label'). Found: 'yes' in 1 row. Classification needs two classes
    at least; check the label column.
    """

    place = "the rows"
    past: Mapping[str, object] = MappingProxyType({})


class ReadError(DataError):
    """A file that cannot be read.

    Cause: There is no such file, or it is damaged, in another encoding, with ragged lines, or larger than it
    pretends to be.
    Remedy: Correct the path, or mend the file at the line that is named; `--encoding` names another encoding.
    Example: There is no such file (mesages.csv). Did you mean 'messages.csv'?
    """


class ColumnError(DataError):
    """A column that is not there, or that cannot be guessed.

    Cause: The column is misspelt, or several columns may be meant and none is named.
    Remedy: Name it: `--text COLUMN`, `--label COLUMN`, `--image COLUMN`. The message lists the columns.
    Example: There is no column 'mesage' for the text (messages.csv). Found: columns id, message, intent. Did you
    mean 'message'?
    """


class LabelError(DataError):
    """Labels that are missing, of one class only, unseen in training, or colliding.

    Cause: Labels are missing, all the same, in the test rows alone, or look like another kind: `1.0` beside `1`,
    `1,500` for a number.
    Remedy: Correct the labels, name the right column with `--label`, or say what a label is with `--problem`.
    Example: There is only one class (one.csv, column 'label'). Found: 'yes' in 3 rows. Classification needs two
    classes at least; check the label column.
    """


class SplitError(DataError):
    """A split that cannot be made.

    Cause: There are too few rows, or too few of a class, to hold some out; or no row is left of a split.
    Remedy: Add rows, give files of your own for validation and test, or decide what happens to rare classes with
    `--rare`.
    Example: There is 1 class with a single row, which cannot be in both training and test (rare.csv line 42).
    Found: 'c': 1. Add rows, keep them in training with --rare train (rare: train), or leave them out with --rare
    drop (rare: drop).
    """


class LeakageError(DataError):
    """The same text on both sides of a split that the user supplied.

    Cause: Rows of the test or validation file stand in the training file too. A model would know them by heart.
    Remedy: `--leakage drop_train` takes them out of training, which keeps the test rows as they are.
    Example: 1 text is in both train and test (train.csv line 9; test.csv line 2). Found: for one, 'text number 7'.
    Remove them, leave them out of training with --leakage drop_train (leakage: drop_train), or keep them with
    --leakage allow (leakage: allow).
    """


class EstimatorInputError(DataError, ValueError):
    """X or y that an estimator cannot take: scikit-learn's tools expect a ValueError.

    Cause: X holds no texts or pictures, has gaps, or has not as many rows as y.
    Remedy: Give X as a list, a Series or an array with one entry for each row, and y with one label for each.
    Example: X and y have inconsistent numbers of samples (y). Found: 2 rows in X and 1 labels in y. Give one label
    for each row.
    """

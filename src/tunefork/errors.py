"""Every error that tunefork raises on purpose.

    TuneforkError                   what, where, found, fix
    ├── ConfigError                 an option or a setting that cannot be meant
    │   └── EstimatorSettingError   a parameter of an estimator; a ValueError too
    ├── ProblemsError               several errors, told together
    │   ├── StudyFileError          every problem of a study file; a ConfigError too
    │   └── DataProblemsError       everything that is wrong with the rows; a DataError too
    ├── DataError                   rows that cannot be trained on
    │   ├── ReadError               a file that cannot be read
    │   ├── ColumnError             a column that is not there, or cannot be guessed
    │   ├── LabelError              labels: missing, one class only, unseen, colliding
    │   ├── SplitError              a split that cannot be made
    │   ├── LeakageError            the same text on both sides of a split
    │   └── EstimatorInputError     X or y that an estimator cannot take; a ValueError too
    ├── ModelError                  a model that cannot be used
    │   ├── ModelNotFoundError      no files under that name
    │   ├── UnsupportedModelError   an architecture, or a wish that makes no sense for it
    │   ├── TargetError             targets that match nothing, ranks that do not fit
    │   └── WeightsError            weights with NaN, of another shape, or in a format that is refused
    ├── MetricError                 a metric of the user's own that cannot be computed
    ├── MissingExtraError           an optional package is not installed
    ├── StoreError                  a study's folder that cannot be used
    │   ├── DamagedError            files that are not what was written
    │   ├── OtherStudyError         a folder that holds another study, or one that began with other libraries
    │   ├── BusyError               somebody else is at work in the folder
    │   └── DiskFullError           no room for what has to be written
    ├── StoppedError                 a study that was asked to stop, and can be continued
    ├── DivergedError               a run whose loss is no longer a number
    └── ArtefactError               a saved model that does not give the logits of the model in memory

Each says what is wrong, where, what was found and what to do. ``str(error)`` is one paragraph; the command line prints
it without a traceback and exits with ``exit_status``.

>>> print(ColumnError("There is no column 'txt'", where="a.csv", found="columns text, label", fix="Use --text text."))
There is no column 'txt' (a.csv). Found: columns text, label. Use --text text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

LONGEST = 1000
"""Characters of one part of a message at most: a cell of a table may have millions."""
SIGNS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that end a line, steer a terminal, turn the direction of a text around, or are none at all."""
NAME, LISTED = 200, 40
"""Characters of a name that is compared with others, and names that are listed, at most."""


class TuneforkError(Exception):
    """An error a user can act on.

    Args:
        what: what is wrong, as a sentence without its full stop.
        where: file and row, column, option or module.
        found: what was there instead.
        fix: what to do, as a whole sentence.
    """

    exit_status = 1

    def __init__(self, what: str, *, where: str = "", found: str = "", fix: str = "") -> None:
        self.what, self.where, self.found, self.fix = what, where, found, fix
        super().__init__(what)

    def __str__(self) -> str:
        what, where, found, fix = map(one_line, (self.what, self.where, self.found, self.fix))
        place = f" ({where})" if where else ""
        found = f" Found: {found}." if found else ""
        fix = f" {fix}" if fix else ""
        return f"{what}{place}.{found}{fix}"


class ConfigError(TuneforkError):
    """An option or a setting that cannot be meant."""

    exit_status = 2


class ProblemsError(TuneforkError):
    """Several errors, told together, one line each. What is wrong alone is raised as it is.

    Args:
        problems: in the order in which they were found.
        where: what has them all.
    """

    place = "the study"
    """In what they are."""

    def __init__(self, problems: Sequence[TuneforkError], *, where: str = "") -> None:
        self.problems = tuple(problems)
        self.exit_status = max(each.exit_status for each in self.problems)
        TuneforkError.__init__(
            self, f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''} in {self.place}", where=where
        )

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n  {n}. {problem}" for n, problem in enumerate(self.problems, 1))
        place = f" ({one_line(self.where)})" if self.where else ""
        return f"{self.what}{place}:{lines}"


class StudyFileError(ProblemsError, ConfigError):
    """Every problem of a study file, reported together, in the order of the file."""


class DataError(TuneforkError):
    """Rows that cannot be trained on.

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
    """Several things are wrong with the rows."""

    place = "the rows"
    past: Mapping[str, object] = MappingProxyType({})


class ReadError(DataError):
    """A file that cannot be read."""


class ColumnError(DataError):
    """A column that is not there, or that cannot be guessed."""


class LabelError(DataError):
    """Labels that are missing, of one class only, unseen in training, or colliding."""


class SplitError(DataError):
    """A split that cannot be made."""


class LeakageError(DataError):
    """The same text on both sides of a split that the user supplied."""


class EstimatorSettingError(ConfigError, ValueError):
    """A parameter of an estimator that cannot be meant: scikit-learn's tools expect a ValueError."""


class EstimatorInputError(DataError, ValueError):
    """X or y that an estimator cannot take: scikit-learn's tools expect a ValueError."""


class ModelError(TuneforkError):
    """A model that cannot be used."""


class ModelNotFoundError(ModelError):
    """No model files under that name."""


class UnsupportedModelError(ModelError):
    """An architecture that is not supported, or a wish that makes no sense for it."""


class TargetError(ModelError):
    """LoRA targets that match nothing, or ranks that do not fit."""


class WeightsError(ModelError):
    """Weights with NaN or Inf, of another shape, or in a format that is refused."""


class MetricError(TuneforkError):
    """A metric of the user's own that raises, or that gives no number."""

    exit_status = 2


class MissingExtraError(TuneforkError):
    """An optional package that is not installed.

    >>> print(MissingExtraError("Reading hub: data sets", package="datasets", extra="hub"))
    Reading hub: data sets needs the package datasets, which is not installed. Run: pip install 'tunefork[hub]'
    """

    def __init__(self, purpose: str, *, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            fix=f"Run: pip install 'tunefork[{extra}]'",
        )


class StoreError(TuneforkError):
    """A study's folder that cannot be used."""


class DamagedError(StoreError):
    """Files that are not what was written: truncated, changed, missing."""


class OtherStudyError(StoreError):
    """A folder that holds another study than the one that is to be run, or the same with other rows or libraries."""


class BusyError(StoreError):
    """Another process is at work in a study's folder."""


class DiskFullError(StoreError):
    """There is no room for what has to be written; what was written before is whole."""


class StoppedError(TuneforkError):
    """A study was asked to stop, has kept where it was, and can be continued.

    Args:
        signal: its number; the exit status is 128 more.
    """

    def __init__(self, signal: int, *, where: str = "", fix: str = "") -> None:
        self.signal, self.exit_status = signal, 128 + signal
        super().__init__("Stopped; everything up to here is kept", where=where, fix=fix)


class RunnerError(TuneforkError):
    """What trains the runs cannot go on: a worker process died."""


class LostError(RunnerError):
    """A process that trains the same group is gone; the group goes on from its last checkpoint when started again."""


class PartnerError(RunnerError):
    """A process that trains the same group failed, and so all of them stopped."""


class DivergedError(TuneforkError):
    """A run whose loss is no longer a number."""


class ArtefactError(TuneforkError):
    """A saved model that does not give the logits of the model in memory."""


def one_line(text: str) -> str:
    r"""Text of unknown origin as a message may hold it: one line, not too long, nothing that a terminal would obey.

    >>> one_line("two\nlines")
    'two\\nlines'
    """
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text):,} characters)"
    return SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def nearest(name: str, known: Sequence[str], limit: int = 3) -> list[str]:
    """The known names most like ``name``, best first; empty when nothing is near.

    >>> nearest("learning_rat", ["learning_rate", "epochs"])
    ['learning_rate']
    """
    from difflib import get_close_matches

    short = [each for each in known if len(each) <= NAME]  # what comparing takes grows with the square of the length
    return get_close_matches(name[:NAME], short, n=limit, cutoff=0.5)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence that proposes the nearest known name, or lists them all.

    >>> did_you_mean("epoch", ["epochs", "seeds"])
    "Did you mean 'epochs'?"
    """
    near = nearest(name, known, limit=1)
    more = f" and {len(known) - LISTED:,} more" if len(known) > LISTED else ""
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known[:LISTED])}{more}."

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
    ├── RunnerError                 what trains the runs cannot go on
    │   ├── LostError               a process that trains the same group is gone
    │   └── PartnerError            a process that trains the same group failed
    ├── DivergedError               a run whose loss is no longer a number
    └── ArtefactError               a saved model that does not give the logits of the model in memory

Each says what is wrong, where, what was found and what to do. ``str(error)`` is one paragraph; the command line prints
it without a traceback and exits with ``exit_status``. Each class says its cause, its remedy and an example, from which
the page on troubleshooting is made.

>>> print(ColumnError("There is no column 'txt'", where="a.csv", found="columns text, label", fix="Use --text text."))
There is no column 'txt' (a.csv). Found: columns text, label. Use --text text.
"""

from tunefork.errors.base import LONGEST, SIGNS, ProblemsError, TuneforkError, one_line
from tunefork.errors.models import (
    ArtefactError,
    ModelError,
    ModelNotFoundError,
    TargetError,
    UnsupportedModelError,
    WeightsError,
)
from tunefork.errors.names import LISTED, NAME, did_you_mean, nearest
from tunefork.errors.rows import (
    ColumnError,
    DataError,
    DataProblemsError,
    EstimatorInputError,
    LabelError,
    LeakageError,
    ReadError,
    SplitError,
)
from tunefork.errors.settings import ConfigError, EstimatorSettingError, MetricError, MissingExtraError, StudyFileError
from tunefork.errors.studies import (
    BusyError,
    DamagedError,
    DiskFullError,
    DivergedError,
    LostError,
    OtherStudyError,
    PartnerError,
    RunnerError,
    StoppedError,
    StoreError,
)

__all__ = [
    "LISTED",
    "LONGEST",
    "NAME",
    "SIGNS",
    "ArtefactError",
    "BusyError",
    "ColumnError",
    "ConfigError",
    "DamagedError",
    "DataError",
    "DataProblemsError",
    "DiskFullError",
    "DivergedError",
    "EstimatorInputError",
    "EstimatorSettingError",
    "LabelError",
    "LeakageError",
    "LostError",
    "MetricError",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "OtherStudyError",
    "PartnerError",
    "ProblemsError",
    "ReadError",
    "RunnerError",
    "SplitError",
    "StoppedError",
    "StoreError",
    "StudyFileError",
    "TargetError",
    "TuneforkError",
    "UnsupportedModelError",
    "WeightsError",
    "did_you_mean",
    "nearest",
    "one_line",
]

"""What was asked for cannot be meant, or needs a package that is not there."""

from __future__ import annotations

from tunefork.errors.base import ProblemsError, TuneforkError


class ConfigError(TuneforkError):
    """An option or a setting that cannot be meant.

    Cause: An option of a command, or an argument in Python, has a value that there is not, or two of them
    contradict each other.
    Remedy: Correct the value that the message names; `tunefork COMMAND --help` lists what may be given.
    Example: --seeds is a list of whole numbers. Found: 'three'. Write --seeds 0,1,2.
    """

    exit_status = 2


class StudyFileError(ProblemsError, ConfigError):
    """Every problem of a study file, reported together, in the order of the file.

    Cause: Keys that are misspelt or that there are not, values of the wrong type or out of range, entries of
    `compare` that name no strategy.
    Remedy: Go through the lines that it names; the page on study files has every key. Then try again with `tunefork
    plan`.
    Example: 2 problems in the study (study.yaml):
      1. There is no setting 'traning' here (study.yaml line 2, traning). Did you mean 'training'?
      2. lora.rank: Input should be greater than or equal to 1 (study.yaml line 3, compare.1.lora). Found: 0.
    Correct the value.
    """


class EstimatorSettingError(ConfigError, ValueError):
    """A parameter of an estimator that cannot be meant: scikit-learn's tools expect a ValueError.

    Cause: A parameter of `Classifier` is of the wrong type or out of range. They are checked by `fit`.
    Remedy: Correct the parameter that the message names.
    Example: validation_fraction is a share from 0 to below 1. Found: 2. Give one such as 0.1, or 0 to train on all
    rows.
    """


class MetricError(TuneforkError):
    """A metric of the user's own that raises, or that gives no number.

    Cause: The function raised, or gave something that is no finite number.
    Remedy: Call it with labels [N] and probabilities [N, classes] yourself; let it return one float.
    Example: The metric 'cost' gives no number (prices:cost). Found: str 'high'. Let the function return one float.
    """

    exit_status = 2


class MissingExtraError(TuneforkError):
    """An optional package that is not installed.

    Cause: Something was asked for that a plain installation does not bring: the hub, ONNX, a tracker, serving.
    Remedy: Run the command in the message.
    Example: Reading hub: data sets needs the package datasets, which is not installed. Run: pip install
    'tunefork[hub]'

    >>> print(MissingExtraError("Reading hub: data sets", package="datasets", extra="hub"))
    Reading hub: data sets needs the package datasets, which is not installed. Run: pip install 'tunefork[hub]'
    """

    def __init__(self, purpose: str, *, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            fix=f"Run: pip install 'tunefork[{extra}]'",
        )

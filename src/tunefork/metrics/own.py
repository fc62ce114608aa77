"""The user's own metric: a function of labels and probabilities, named on the command line or handed over in Python.

A study file never names code, only a metric by its name: who hands on a study file must not run anything with it.
"""

from __future__ import annotations

import importlib
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunefork.config import METRICS, digest
from tunefork.errors import ConfigError, MetricError, did_you_mean
from tunefork.metrics.figures import Metrics
from tunefork.metrics.scoring import probabilities, score
from tunefork.problem import Labels, problem_of

Function = Callable[[NDArray[Any], NDArray[np.float64]], float]
LOWER = "lower:"
KNOWN = (*METRICS, "ece", "brier")
"""Names that are taken."""


def _elsewhere(_labels: NDArray[Any], _probabilities: NDArray[np.float64]) -> float:
    raise RuntimeError("another process computes this metric")


@dataclass(frozen=True)
class OwnMetric:
    """A metric of the user's own.

    >>> OwnMetric("missed", lambda labels, chances: float((chances.argmax(1) != labels).mean()), lower=True).source
    'missed'
    """

    name: str
    function: Function
    """Of labels [N] int64 (or [N, C] of 0 and 1) and probabilities [N, C] float64; in regression of the numbers [N] and
    the answers [N], both float64. Gives one number."""
    lower: bool = False
    """Whether lower is better."""
    source: str = ""
    """Where the function is from, ``module:function``; the name where nobody knows."""

    def __post_init__(self) -> None:
        if not self.source:
            object.__setattr__(self, "source", _source(self.function) or self.name)
        if not self.name.isidentifier() or self.name in KNOWN:
            raise ConfigError(
                f"A metric of your own cannot be called '{self.name}'",
                where=self.source,
                found="a name that is taken" if self.name in KNOWN else "something else than letters, digits and _",
                fix="Give the function another name.",
            )

    @property
    def importable(self) -> bool:
        """Whether another process finds the same function under its module's name."""
        module, _, name = self.source.partition(":")
        return bool(name) and module != "__main__" and getattr(sys.modules.get(module), name, None) is self.function

    def stand_in(self) -> OwnMetric:
        """The same name for a process that never computes it, and need not be able to import it."""
        return OwnMetric(self.name, _elsewhere, self.lower, self.source)

    @property
    def code(self) -> str:
        """A hash of the function's source, by which a changed one is noticed; empty where nobody has it."""
        try:
            return digest(inspect.getsource(self.function))
        except (OSError, TypeError):  # typed in at a prompt, written in C, or an object that can be called
            return ""

    def __call__(self, labels: Labels, probabilities: NDArray[np.floating]) -> float:
        """The metric of labels and probabilities (of numbers: answers); NaN where the function gives no finite number.

        Raises:
            MetricError: the function raises, or gives something else than one number.
        """
        try:
            plain = labels.astype(np.float64 if problem_of(labels) == "regression" else np.int64)
            found = self.function(plain, probabilities.astype(np.float64))
        except Exception as error:
            raise MetricError(
                f"The metric '{self.name}' failed",
                where=self.source,
                found=f"{type(error).__name__}: {error}",
                fix="Correct the function: it is given labels [N] and probabilities [N, classes].",
            ) from error
        if isinstance(found, bool | str) or np.ndim(found) or not isinstance(found, int | float | np.number):
            raise MetricError(
                f"The metric '{self.name}' gives no number",
                where=self.source,
                found=f"{type(found).__name__} {found!r}"[:120],
                fix="Let the function return one float.",
            )
        value = float(found)
        return value if math.isfinite(value) else math.nan


def own_metrics(wanted: Iterable[Function | str | OwnMetric], where: str = "metrics") -> tuple[OwnMetric, ...]:
    """The user's metrics, in the order given: see ``as_own_metric``.

    Raises:
        ConfigError: one cannot be had, or two have one name.
    """
    found = tuple(as_own_metric(each, where) for each in wanted)
    twice = [one.name for place, one in enumerate(found) if one.name in {before.name for before in found[:place]}]
    if twice:
        raise ConfigError(f"Two metrics are called '{twice[0]}'", where=where, fix="Give one another name.")
    return found


def as_own_metric(wanted: Function | str | OwnMetric, where: str = "metrics") -> OwnMetric:
    """One metric: itself, a function, or ``module:function``; ``lower:`` in front says that lower is better.

    Modules are looked for where Python looks, and in the working directory.

    Raises:
        ConfigError: there is no such module or function, or its name is taken.
    """
    if isinstance(wanted, OwnMetric):
        return wanted
    if isinstance(wanted, str):
        return _imported(wanted, where)
    if not callable(wanted):
        raise ConfigError(
            "A metric is a function", where=where, found=repr(wanted)[:80], fix="Give a function, or 'module:function'."
        )
    return OwnMetric(getattr(wanted, "__name__", type(wanted).__name__), wanted)


def try_on(metrics: Sequence[OwnMetric], labels: Labels, classes: int) -> None:
    """Call each once with labels and uniform probabilities (of numbers: their mean), so that mistakes are told before
    anything trains.

    Raises:
        MetricError: one raises, or gives no finite number.
    """
    problem = problem_of(labels)
    shares = {"single_label": 1 / classes, "multi_label": 0.5}
    numbers = problem == "regression"
    uniform = np.full(len(labels), labels.mean()) if numbers else np.full((len(labels), classes), shares[problem])
    given = "their mean as answers" if numbers else "uniform probabilities"
    for each in metrics:
        if math.isnan(each(labels, uniform)):
            raise MetricError(
                f"The metric '{each.name}' gives no finite number",
                where=each.source,
                found=f"nan or an infinity for {len(labels):,} rows with {given}",
                fix=f"Let the function return a finite number for any {'answers' if numbers else 'probabilities'}.",
            )


def evaluated(
    logits: NDArray[np.floating], labels: Labels, own: Sequence[OwnMetric] = ()
) -> tuple[Metrics, dict[str, float]]:
    """What an evaluation's record holds: the metrics of [N, C] logits, and by name what is known beside the first four.

    Raises:
        MetricError: a metric of the user's own fails.
    """
    found = score(logits, labels)
    chances = probabilities(logits, problem_of(labels)) if own else None
    values = {each.name: each(labels, chances) for each in own if chances is not None}
    return found, found.others | {name: value for name, value in values.items() if math.isfinite(value)}


def described(metrics: Sequence[OwnMetric]) -> dict[str, Mapping[str, Any]]:
    """What a store keeps of them: by name whether lower is better, where the function is, a hash of its code."""
    return {each.name: {"lower": each.lower, "source": each.source, "code": each.code} for each in metrics}


def _imported(text: str, where: str) -> OwnMetric:
    lower = text.startswith(LOWER)
    module_name, colon, name = text.removeprefix(LOWER).partition(":")
    if not colon or not module_name or not name:
        raise ConfigError(
            "A metric of your own is named module:function",
            where=where,
            found=repr(text),
            fix="Write mymodule:cost, or lower:mymodule:cost where lower is better.",
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` has it; the command's own folder is no place for a user's module
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigError(
            f"The module '{module_name}' cannot be imported",
            where=f"{where} {text}",
            found=f"{type(error).__name__}: {error}",
            fix=f"Run the command in the folder of {module_name.partition('.')[0]}.py, or correct the module.",
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ConfigError(
            f"The module '{module_name}' has no function '{name}'",
            where=f"{where} {text}",
            found=f"the file {getattr(module, '__file__', None) or 'of a built-in module'}",
            fix=did_you_mean(name, known) if known else "Write the function.",
        )
    return OwnMetric(name, function, lower, f"{module_name}:{name}")


def _source(function: Function) -> str:
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    return f"{module}:{name}" if module and name.isidentifier() else ""

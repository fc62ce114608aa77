"""An estimator's parameters → what a study says; and → JSON and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from tunefork.config import Configuration, LoRA, parse_run
from tunefork.config.strategies import SYNONYMS
from tunefork.errors import ConfigError, DataError, EstimatorInputError, EstimatorSettingError, ProblemsError
from tunefork.estimator.labels import Classes

BALANCED = "balanced"
"""scikit-learn's word for ``class_weights: auto``."""


@contextmanager
def value_errors() -> Iterator[None]:
    """Errors about parameters and rows as the ValueErrors that scikit-learn's tools expect."""
    try:
        yield
    except (EstimatorSettingError, EstimatorInputError):
        raise
    except (ConfigError, DataError) as error:
        kind = EstimatorSettingError if isinstance(error, ConfigError) else EstimatorInputError
        if isinstance(error, ProblemsError):
            lines = " ".join(f"{n}. {problem}" for n, problem in enumerate(error.problems, 1))
            alone = len(error.problems) == 1
            what = str(error.problems[0]).rstrip(".") if alone else f"{error.what}: {lines}".rstrip(".")
            raise kind(what) from error
        raise kind(error.what, where=error.where, found=error.found, fix=error.fix) from error


def configuration_of(strategy: Any, learning_rate: Any) -> Configuration:
    """The one configuration that is trained.

    Args:
        strategy: ``LoRA(8)`` and the like, or as the command line writes it; LoRA unless given.
        learning_rate: instead of the strategy's own, unless None.

    Raises:
        ConfigError: no strategy, or a grid of several.

    >>> configuration_of("lora:rank=2", 0.01)
    lora(rank=2, learning_rate=0.01)
    """
    found = LoRA() if strategy is None else parse_run(strategy) if isinstance(strategy, str) else strategy
    if not isinstance(found, Configuration):
        raise EstimatorSettingError(
            "strategy is no strategy", found=repr(strategy)[:80], fix="Give Full(), Head(), LastLayers(1) or LoRA(8)."
        )
    if len(found.strategies) != 1 or found.seeds is not None:
        what = f"a grid of {len(found.strategies)}" if len(found.strategies) != 1 else f"seeds={found.seeds}"
        raise EstimatorSettingError(
            "An estimator trains one configuration with one seed", where="strategy", found=what,
            fix="Let GridSearchCV vary strategy and random_state, or use tunefork.Study.",
        )  # fmt: skip
    if learning_rate is None:
        return found
    return changed(found, {"learning_rate": plain(learning_rate)})


def changed(strategy: Configuration | None, settings: Mapping[str, Any]) -> Configuration:
    """A strategy with other settings.

    >>> changed(LoRA(8), {"rank": 2})
    lora(rank=2)
    """
    old = LoRA() if strategy is None else strategy
    new = {name: plain(value) for name, value in settings.items()}
    kept = {name: value for name, value in old.settings.items() if SYNONYMS.get(name) not in new}
    return Configuration(old.kind, kept | new, block=old.block, seeds=old.seeds, training=old.training)


def share_of(validation_fraction: Any) -> float:
    """The share of the rows that is held out of training.

    Raises:
        EstimatorSettingError: no number from 0 to below 1.
    """
    share = plain(validation_fraction)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise EstimatorSettingError(
            "validation_fraction is a share from 0 to below 1", found=repr(share)[:80],
            fix="Give one such as 0.1, or 0 to train on all rows.",
        )  # fmt: skip
    return float(share)


def plain(value: Any) -> Any:
    """NumPy's scalars, which grids of parameters are made of, as Python's own numbers."""
    return value.item() if isinstance(value, np.generic) else value


def seed_of(random_state: Any) -> int:
    """A whole number is the seed; of None and generators one is drawn.

    Raises:
        EstimatorSettingError: anything else.
    """
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError:
        raise EstimatorSettingError(
            "random_state is no seed", found=repr(random_state)[:80], fix="Give a whole number, or None to draw one."
        ) from None


def class_weights(weights: Any, classes: Classes) -> Any:
    """scikit-learn's ``class_weight`` as the setting ``class_weights``, by names of classes.

    Raises:
        EstimatorSettingError: neither ``balanced`` nor weights of classes that there are.
    """
    if weights is None or weights == BALANCED:
        return None if weights is None else "auto"
    if not isinstance(weights, Mapping):
        raise EstimatorSettingError(
            "class_weight is 'balanced' or a mapping of labels to weights", found=repr(weights)[:80],
            fix="Write class_weight='balanced', or {label: weight}.",
        )  # fmt: skip
    names = dict(zip(classes.values.tolist(), classes.names))
    unknown = [label for label in weights if plain(label) not in names]
    if unknown:
        raise EstimatorSettingError(
            f"There is no label {unknown[0]!r} to give a weight", where="class_weight",
            found=f"labels {', '.join(classes.names[:12])}", fix="Correct it, or take it out.",
        )  # fmt: skip
    return {names[plain(label)]: float(weight) for label, weight in weights.items()}


def written(parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Parameters for JSON; a generator is written as the seed that was drawn of it."""
    found = {name: plain(value) for name, value in parameters.items()}
    strategy, weights = found["strategy"], found["class_weight"]
    if isinstance(strategy, Configuration):
        found["strategy"] = {"configuration": strategy.written()}
    if isinstance(weights, Mapping):
        found["class_weight"] = [[plain(label), float(weight)] for label, weight in weights.items()]
    if not isinstance(found["random_state"], int | None):
        found["random_state"] = seed
    return found


def parameters_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """What ``written`` wrote."""
    parameters = dict(found)
    if isinstance(parameters["strategy"], Mapping):
        entry = dict(parameters["strategy"]["configuration"])
        own = {name: entry.pop(name) for name in ("block", "seeds", "training") if name in entry}
        ((kind, settings),) = entry.items()
        parameters["strategy"] = Configuration(kind, settings, **own)
    if isinstance(parameters["class_weight"], list):
        parameters["class_weight"] = dict(parameters["class_weight"])
    return parameters

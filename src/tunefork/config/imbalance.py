"""Settings for classes of unequal size: what each class's rows count in the training loss."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer

LARGEST = sys.float_info.max
Pairs = tuple[tuple[str, float], ...]


def class_weights(value: Any) -> Any:
    """``auto``, or a mapping of labels to weights, sorted by label.

    >>> class_weights({"spam": 5, "ham": 1}), class_weights("auto")
    ((('ham', 1.0), ('spam', 5.0)), 'auto')
    """
    if value is None or value == "auto":
        return value
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
    ):
        raise ValueError(f"class_weights is auto or a mapping of labels to weights, but got {value!r}")
    for label, weight in pairs:
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 < weight <= LARGEST:
            raise ValueError(f"a class's weight is a number above 0, but {label!r} has {weight!r}")
    if not pairs:
        raise ValueError("class_weights names no label; leave it out, or write auto")
    return tuple(sorted((str(label), float(weight)) for label, weight in pairs))


def _written(value: Any) -> Any:
    return dict(value) if isinstance(value, tuple) else value


ClassWeights = Annotated[Literal["auto"] | Pairs | None, BeforeValidator(class_weights), PlainSerializer(_written)]
"""What a row of each class counts in the training loss."""

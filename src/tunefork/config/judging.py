"""What the verdict of a study is to go by: what difference matters, and what the model may cost."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tunefork.config.values import Count, Positive, Value

_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
_MEMORY = {"": 1.0, "mb": 1.0, "gb": 1024.0}
_LATENCIES = {"": 1.0, "ms": 1.0, "s": 1000.0}
_TIMES = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parameter_count(value: Any) -> Any:
    """A number of parameters, also as ``1M`` or ``300k``.

    >>> parameter_count("1M"), parameter_count("592k"), parameter_count(500)
    (1000000, 592000, 500)
    """
    found = _scaled(value, _SIZES, "a number of parameters such as 1M or 300k")
    return int(found) if isinstance(found, float) and found.is_integer() else found


def megabytes(value: Any) -> Any:
    """Memory in MB, also as ``4GB``.

    >>> megabytes("4GB"), megabytes("900 MB"), megabytes(512)
    (4096.0, 900.0, 512)
    """
    return _scaled(value, _MEMORY, "memory such as 4GB or 900MB")


def seconds(value: Any) -> Any:
    """A time in seconds, also as ``10m`` or ``1.5h``.

    >>> seconds("10m"), seconds("90 s"), seconds("1.5h")
    (600.0, 90.0, 5400.0)
    """
    return _scaled(value, _TIMES, "a time such as 90s, 10m or 2h")


def milliseconds(value: Any) -> Any:
    """A short time in milliseconds, also as ``50ms`` or ``0.2s``.

    >>> milliseconds("50ms"), milliseconds("0.2 s"), milliseconds(30)
    (50.0, 200.0, 30)
    """
    return _scaled(value, _LATENCIES, "a time such as 50ms or 0.2s")


class Judging(Value):
    """What the verdict goes by. It changes what is said of the runs, not the runs."""

    margin: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Differences of so many points (percentage points) or fewer do not matter."""
    max_trainable: Annotated[Count | None, BeforeValidator(parameter_count)] = None
    """The most trainable parameters that the recommended configuration may have."""
    max_memory: Annotated[Positive | None, BeforeValidator(megabytes)] = None
    """The most memory that its training may need at its peak, in MB."""
    max_seconds: Annotated[Positive | None, BeforeValidator(seconds)] = None
    """The most seconds that one run of it may take on its own."""
    max_latency: Annotated[Positive | None, BeforeValidator(milliseconds)] = None
    """The most milliseconds that its saved model may take for one row, on this machine's CPU."""


def _scaled(value: Any, units: dict[str, Any], expected: str) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*", value.lower().replace(",", "").replace("_", ""))
    if match is None or match[2] not in units:
        raise ValueError(f"{expected} but got {value!r}")
    return float(match[1]) * units[match[2]]

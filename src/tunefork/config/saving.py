"""How often a training that is under way is kept, so that little is lost when it is cut off."""

from __future__ import annotations

import re
from typing import Any

from pydantic import model_validator

from tunefork.config.judging import seconds
from tunefork.config.values import Count, Positive, Value

USUAL = 60.0
"""Seconds between two checkpoints."""


class SaveEvery(Value):
    """Written ``60s``, ``5m`` or ``100 steps``. It changes nothing that is trained.

    >>> SaveEvery.model_validate("5m").seconds, SaveEvery.model_validate("100 steps").steps
    (300.0, 100)
    """

    seconds: Positive = USUAL
    """Seconds between two checkpoints; also ``60s``, ``5m``."""
    steps: Count | None = None
    """Optimizer steps instead."""

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"seconds": value}
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"\s*(\d+)\s*steps?\s*", value)
        return {"steps": int(match[1])} if match else {"seconds": seconds(value)}

"""The base of all configuration: frozen values that refuse what they do not know."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=2**53)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""As wide as databases and random generators take it."""
Share = Annotated[float, Field(ge=0, lt=1)]

MOST_LAYERS = 10_000
"""Above the number of any model's blocks."""


class Value(BaseModel):
    """A frozen value: unknown keys are errors, and two equal values have equal hashes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text.

    >>> canonical_json({"b": 1, "a": (2,)})
    '{"a":[2],"b":1}'
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any, length: int = 12) -> str:
    """The first ``length`` hex digits of the SHA-256 of ``canonical_json(value)``."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def plus_list(value: Any) -> Any:
    """A composite value, written ``a+b`` or as a tuple, as a tuple of its parts.

    >>> plus_list("query+value"), plus_list(("query", "value")), plus_list("mlp")
    (('query', 'value'), ('query', 'value'), ('mlp',))
    """
    if isinstance(value, str):
        # a regular expression has a + of its own
        return (value,) if value.startswith("re:") else tuple(part.strip() for part in value.split("+"))
    return tuple(value) if isinstance(value, list | tuple) else value


def layer_list(value: Any) -> Any:
    """Block numbers, written ``0+3+6-11``, an integer or a tuple, sorted and without repeats.

    >>> layer_list("0+3+6-8"), layer_list(2), layer_list((1, "4-5"))
    ((0, 3, 6, 7, 8), (2,), (1, 4, 5))
    """
    if value is None or isinstance(value, bool):
        return value
    found: set[int] = set()
    if not isinstance(value, str | int | list | tuple):
        raise ValueError(f"layers are numbers and ranges such as 0+3+6-11 but got {value!r}")
    for part in plus_list(str(value)) if isinstance(value, str | int) else value:
        first, dash, last = str(part).partition("-")
        try:
            span = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise ValueError(f"layers are numbers and ranges such as 0+3+6-11 but got {value!r}") from None
        if span.stop > MOST_LAYERS:
            raise ValueError(f"no model has a layer {span.stop - 1}")
        found.update(span)
        if dash and int(last) < int(first):
            raise ValueError(f"a range of layers goes upwards but got {part!r}")
    return tuple(sorted(found))

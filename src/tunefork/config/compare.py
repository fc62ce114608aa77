"""What a study compares: configurations, in which a list is always a grid.

    LoRA(rank=[2, 8, 32], targets="query+value")      three configurations
    LoRA(rank=8, targets=("query", "value"))          one; a tuple, or ``+``, writes a composite value

A **run** is one of them with one seed. These objects keep the settings as they were written; ``expand`` resolves them
into the strategies of ``tunefork.config.strategies``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tunefork.config.strategies import STRATEGIES, SYNONYMS, Strategy
from tunefork.config.values import canonical_json
from tunefork.errors import ConfigError, did_you_mean

LARGEST_GRID = 10_000
"""Configurations of one entry at most."""


class Configuration:
    """One entry of ``compare``: a kind of strategy, its settings (lists are grids), and where it is shown.

    Args:
        kind: full, head, last_layers, lora or peft.
        settings: the strategy's settings as the user wrote them.
        block: the title of the table it is shown in.
        seeds: seeds of its own, where the study's do not apply.
        training: settings of ``training`` that differ for it, such as ``{"batch_size": 64}``.

    Raises:
        ConfigError: unknown kind or setting, or a value that cannot be meant.
    """

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, Any] | None = None,
        *,
        block: str = "",
        seeds: int | Sequence[int] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        if kind not in STRATEGIES:
            raise ConfigError(f"There is no strategy '{kind}'", fix=did_you_mean(kind, list(STRATEGIES)))
        self.kind, self.settings = kind, dict(settings or {})
        self.block, self.seeds, self.training = block, seeds, dict(training or {})
        self.strategies = self._expand()

    def _expand(self) -> tuple[Strategy, ...]:
        grids = {key: value if isinstance(value, list) else [value] for key, value in self.settings.items()}
        for key, values in grids.items():
            if not values:
                raise ConfigError(f"The grid of {self.kind}.{key} is empty", fix="Give it at least one value.")
        if self.kind == "peft":  # its settings are PEFT's own and may well hold lists
            grids["settings"] = [self.settings.get("settings", {})]
        number = math.prod(map(len, grids.values()))
        if number > LARGEST_GRID:
            raise ConfigError(
                f"The grid of {self.kind} has too many configurations",
                found=f"{number:,}, more than {LARGEST_GRID:,}",
                fix="Shorten its lists, or look for settings with search:.",
            )
        combinations = itertools.product(*grids.values())
        return tuple(resolve(self.kind, dict(zip(grids, combination))) for combination in combinations)

    def written(self) -> dict[str, Any]:
        """The entry as a study file has it."""
        entry: dict[str, Any] = {"block": self.block} if self.block else {}
        entry[self.kind] = {
            key: "+".join(map(str, value)) if isinstance(value, tuple) else value
            for key, value in self.settings.items()
        }
        if self.seeds is not None:
            entry["seeds"] = self.seeds if isinstance(self.seeds, int) else list(self.seeds)
        return entry | ({"training": self.training} if self.training else {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configuration) and self.written() == other.written()

    def __hash__(self) -> int:
        return hash(canonical_json(self.written()))

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in self.settings.items())
        return f"{self.kind}({settings})"


def resolve(kind: str, settings: Mapping[str, Any]) -> Strategy:
    """One strategy from scalar settings.

    >>> resolve("lora", {"r": 2, "targets": "query+value"}).alpha
    4.0

    Raises:
        ConfigError: naming the setting, what was given and what is known.
    """
    model = STRATEGIES[kind]
    known = [name for name in model.model_fields if name != "kind"] + [
        short for short, name in SYNONYMS.items() if name in model.model_fields
    ]
    for key in settings:
        if key not in known:
            raise ConfigError(f"{kind} has no setting '{key}'", fix=did_you_mean(str(key), known))
    try:
        return model.model_validate({"kind": kind, **settings})
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ConfigError(
            f"{kind}.{setting}: {first['msg'].removeprefix('Value error, ')}",
            found=repr(settings.get(setting, settings)),
            fix="Correct the value.",
        ) from None


def Full(  # noqa: N802 - the public constructors read as the names of methods: Full(), LoRA(8)
    *,
    learning_rate: float | list[float] | None = None,
    block: str = "",
    seeds: int | Sequence[int] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Configuration:
    """Full fine-tuning: every parameter trains."""
    settings = _given(learning_rate=learning_rate)
    return Configuration("full", settings, block=block, seeds=seeds, training=training)


def Head(  # noqa: N802
    *,
    learning_rate: float | list[float] | None = None,
    block: str = "",
    seeds: int | Sequence[int] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Configuration:
    """Only the head trains."""
    settings = _given(learning_rate=learning_rate)
    return Configuration("head", settings, block=block, seeds=seeds, training=training)


def LastLayers(  # noqa: N802
    count: int | list[int] = 1,
    *,
    learning_rate: float | list[float] | None = None,
    block: str = "",
    seeds: int | Sequence[int] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Configuration:
    """The last ``count`` blocks and the head train."""
    settings = _given(count=count, learning_rate=learning_rate)
    return Configuration("last_layers", settings, block=block, seeds=seeds, training=training)


def LoRA(  # noqa: N802
    rank: int | list[int] = 8,
    *,
    targets: str | tuple[str, ...] | list[str] | None = None,
    alpha: float | list[float] | None = None,
    dropout: float | list[float] | None = None,
    layers: str | int | tuple[int, ...] | list[str] | None = None,
    bias: str | list[str] | None = None,
    use_rslora: bool | list[bool] | None = None,
    modules_to_save: str | tuple[str, ...] | None = None,
    learning_rate: float | list[float] | None = None,
    block: str = "",
    seeds: int | Sequence[int] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Configuration:
    """Low-rank adapters on the target linears, and the head.

    >>> [strategy.label() for strategy in LoRA(rank=[2, 8], targets="query+value").strategies]
    ['LoRA r=2 query+value', 'LoRA r=8 query+value']
    """
    settings = _given(
        rank=rank,
        targets=targets,
        alpha=alpha,
        dropout=dropout,
        layers=layers,
        bias=bias,
        use_rslora=use_rslora,
        modules_to_save=modules_to_save,
        learning_rate=learning_rate,
    )
    return Configuration("lora", settings, block=block, seeds=seeds, training=training)


def Peft(  # noqa: N802
    type: str,  # noqa: A002 - PEFT's own word for it
    *,
    learning_rate: float | None = None,
    block: str = "",
    seeds: int | Sequence[int] | None = None,
    training: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Configuration:
    """Any other PEFT method: ``Peft("IA3", target_modules=["key", "value", "output.dense"])``."""
    given = _given(learning_rate=learning_rate) | {"type": type, "settings": settings}
    return Configuration("peft", given, block=block, seeds=seeds, training=training)


def _given(**settings: Any) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}

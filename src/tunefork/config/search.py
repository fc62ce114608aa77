"""``search``: settings that are looked for, instead of given."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from tunefork.config.compare import resolve
from tunefork.config.judging import seconds
from tunefork.config.space import dimension
from tunefork.config.strategies import STRATEGIES, SYNONYMS
from tunefork.config.training import TrainingConfig
from tunefork.config.values import Count, Positive, Seed, Value
from tunefork.errors import ConfigError, did_you_mean

FACTOR = 3
"""Of halving, unless given: one trial in three goes on."""
SEARCHED = ("epochs", "steps", "batch_size", "accumulation", "weight_decay", "warmup", "schedule", "max_grad_norm")
"""Settings of ``training`` that a search may look for."""


def _factor(value: Any) -> Any:
    return (FACTOR if value else None) if isinstance(value, bool) else value


class Search(Value):
    """How settings are looked for: on validation, with a seed of its own, before anything is tested."""

    method: Literal["tpe", "random", "grid"] = "tpe"
    """``tpe`` learns from earlier trials (Bergstra et al. 2011), ``random`` draws, ``grid`` takes every combination."""
    trials: Count | None = None
    """Of each configuration, as many for one as for any other. 8 unless given; with ``time``, what fits."""
    batch: Count = 4
    """Trials of a configuration that are asked for at once, so that they can train in one pass."""
    halving: Annotated[int | None, Field(ge=2), BeforeValidator(_factor)] = None
    """Synchronous successive halving (Jamieson & Talwalkar 2016): one trial in so many goes on at each rung."""
    seed: Seed = 1000
    """Of every trial. The final runs have the study's seeds, so that nothing is chosen by what it is judged by."""
    space: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By strategy, or ``training``: settings with their ranges and lists. Learning rates unless given."""
    time: Annotated[Positive | None, BeforeValidator(seconds)] = None
    """Wall-clock seconds for everything, from the search to the report."""

    @model_validator(mode="after")
    def _meant(self) -> Search:
        if self.time is not None and {"epochs", "steps"} & self.space.get("training", {}).keys():
            raise ValueError("search.time decides how long a training is; take epochs and steps out of search.space")
        for section, settings in self.space.items():
            if section not in (*STRATEGIES, "training"):
                known = [*STRATEGIES, "training"]
                raise ValueError(f"search.space has no '{section}'. {did_you_mean(section, known)}")
            for name, value in settings.items():
                try:
                    _check(section, name, value)
                except (ConfigError, ValueError) as error:
                    found = error.what if isinstance(error, ConfigError) else _said(error)
                    fix = f". {error.fix}" if isinstance(error, ConfigError) and error.fix else ""
                    raise ValueError(f"search.space.{section}.{name}: {found}{fix}") from None
        return self


def _said(error: ValueError) -> str:
    """What is wrong, in one sentence: pydantic writes a paragraph about each problem."""
    return str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)


def _check(section: str, name: str, value: Any) -> None:
    """Refuse what the setting cannot be: the ends of ranges and every value of lists are tried."""
    found = dimension(value)
    if section == "training":
        if name not in SEARCHED:
            raise ConfigError("this is not searched", fix=did_you_mean(name, SEARCHED))
        for each in found.ends:
            TrainingConfig.model_validate({name: each})
        return
    known = [key for key in STRATEGIES[section].model_fields if key != "kind"] + list(SYNONYMS)
    if name not in known:
        raise ConfigError(f"{section} has no such setting", fix=did_you_mean(name, known))
    needed = {"type": "IA3"} if section == "peft" and name != "type" else {}
    for each in found.ends:
        resolve(section, needed | {name: each})

"""Every setting of a study file with values of other kinds and numbers that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.faults.hostile.case import Hostile
from tunefork.config import DataConfig, EarlyStopping, Judging, Rows, Search, TextAugmentation, TrainingConfig
from tunefork.config.strategies import STRATEGIES
from tunefork.study_file import parse_study

SECTIONS: dict[tuple[str, ...], Any] = {
    ("data",): DataConfig,
    ("data", "rows"): Rows,
    ("data", "augment"): TextAugmentation,
    ("training",): TrainingConfig,
    ("training", "early_stopping"): EarlyStopping,
    ("verdict",): Judging,
    ("search",): Search,
}
NO_NUMBERS = (float("nan"), float("inf"), float("-inf"))
BASE = {"data": {"train": "a.csv"}, "compare": ["full"]}


def numeric(model: Any) -> list[str]:
    """The settings of a part that are numbers."""
    return [
        name
        for name, field in model.model_fields.items()
        if any(word in str(field.annotation) for word in ("int", "float")) and "tuple" not in str(field.annotation)
    ]


def put(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    found: Any = value
    for part in reversed(path):
        found = {part: found}
    inner = found[path[0]]
    return {**BASE, path[0]: {**BASE.get(path[0], {}), **inner}}  # type: ignore[dict-item]


def told(name: str, plain: dict[str, Any], says: str) -> Hostile:
    text = yaml.safe_dump(plain)
    return Hostile(f"setting {name}", lambda folder: parse_study(text, "study.yaml"), says)


def _settings() -> Iterator[Hostile]:
    for path, model in SECTIONS.items():
        for name in model.model_fields:
            where = ".".join((*path, name))
            yield told(f"{where} of settings", put((*path, name), {"a": {"b": 1}}), name)
        for name in numeric(model):
            where = ".".join((*path, name))
            for value in NO_NUMBERS:
                yield told(f"{where} of {value}", put((*path, name), value), name)
            if "seed" not in name:
                yield told(f"{where} of -1", put((*path, name), -1), name)
    for kind, strategy in STRATEGIES.items():
        needed = {"type": "IA3"} if kind == "peft" else {}
        for name in numeric(strategy):
            for value in (*NO_NUMBERS, -1, "many", {"a": 1}):
                plain = {**BASE, "compare": [{kind: {**needed, name: value}}]}
                yield told(f"{kind}.{name} of {value}", plain, name)


SETTINGS = tuple(_settings())

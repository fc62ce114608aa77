"""Study files: YAML and overrides → StudyConfig. Every problem is reported at once, with its line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tunefork.config import (
    Configuration,
    DataConfig,
    EarlyStopping,
    Judging,
    Rows,
    Search,
    Selection,
    StudyConfig,
    TextAugmentation,
    TrainingConfig,
    parse_trackers,
    seed_list,
    unknown_metrics,
    which_metric,
)
from tunefork.config.strategies import STRATEGIES
from tunefork.errors import ConfigError, StudyFileError, did_you_mean
from tunefork.study_problems import Problems
from tunefork.yaml_lines import LARGEST, load_yaml

ROWS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
"""Files that hold rows. Who plans a study for the first time names the data."""
ENTRY_KEYS = ("block", "seeds", "training")
_SECTIONS: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "training": TrainingConfig,
    "selection": Selection,
    "verdict": Judging,
    "search": Search,
}
_NESTED: dict[tuple[str, str], type[BaseModel]] = {
    ("data", "rows"): Rows,
    ("data", "augment"): TextAugmentation,
    ("training", "early_stopping"): EarlyStopping,
}


def read_study(path: str | Path, overrides: Mapping[str, Any] | None = None, own: Collection[str] = ()) -> StudyConfig:
    """A study from its file.

    Args:
        path: the YAML file.
        overrides: values that replace the file's, by dotted name: ``{"training.epochs": 1, "seeds": [0]}``.
        own: names of metrics of the user's own, which a study file may choose by but not define.

    Raises:
        StudyFileError: every problem of the file.
        ConfigError: there is no such file.
    """
    path = Path(path)
    if path.suffix.lower() in ROWS and path.is_file():
        raise ConfigError(
            "This is a file of rows, not a study file", where=str(path),
            fix=f"Write tunefork compare {path}, or a study file with two lines: data: {path} and "
            "compare: [full, head, lora].",
        )  # fmt: skip
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST + 1)  # a device or a file of data may have no end
    except FileNotFoundError:
        near = sorted(found.name for found in path.parent.glob("*.y*ml"))[:5]
        fix = f"Study files there: {', '.join(near)}." if near else "Check the name."
        raise ConfigError("There is no such study file", where=str(path), fix=fix) from None
    except (OSError, ValueError) as error:  # bytes that are not UTF-8, or a NUL in the name
        raise ConfigError(
            "The study file cannot be read", where=str(path), found=str(error), fix="Write it as UTF-8."
        ) from None
    return parse_study(text, where=str(path), overrides=overrides, own=own)


def parse_study(
    text: str, where: str = "study", overrides: Mapping[str, Any] | None = None, own: Collection[str] = ()
) -> StudyConfig:
    """A study from YAML text; see ``read_study``."""
    plain, lines = load_yaml(text, where)
    for name, value in (overrides or {}).items():
        _put(plain, name.split("."), value)
    return build_study(plain, where, lines, own)


def build_study(
    plain: Mapping[str, Any],
    where: str = "study",
    lines: Mapping[tuple[Any, ...], int] | None = None,
    own: Collection[str] = (),
) -> StudyConfig:
    """A study from plain values, as YAML gives them.

    Args:
        plain: the study file's content.
        where: the file's name, for messages.
        lines: the line of each key by its path, for messages.
        own: names of metrics of the user's own.

    Raises:
        StudyFileError: every problem at once.
    """
    problems = Problems(where, lines or {}, _all_names())
    for path, name in unknown_metrics(plain, own):
        problems.add(path, f"There is no metric '{name}'", fix=which_metric(name, own))
    values: dict[str, Any] = {}
    problems.unknown_keys((), plain, StudyConfig)
    for key, value in plain.items():
        if key == "search" and value is None:  # a study file that has every default spelled out
            continue
        if key in _SECTIONS:
            values[key] = _section(key, value, problems)
        elif key == "compare":
            values[key] = _entries(value, problems)
        elif key == "trackers":
            values[key] = _trackers(value, problems)
        elif key in StudyConfig.model_fields:
            values[key] = value
    for key in ("data", "compare"):
        if key not in plain:
            problems.add((), f"The study has no '{key}'", fix=f"Add {key}: to the file.")
    rest = {key: value for key, value in values.items() if value is not None}
    if problems.found:
        rest |= {"data": DataConfig(train="-"), "compare": (Configuration("head"),)}
    study: StudyConfig | None = problems.validated((), StudyConfig, rest)
    if problems.found or study is None:
        raise StudyFileError(problems.found, where=where)
    return study


def judged(plain: Mapping[str, Any], where: str = "command line") -> Judging:
    """What a verdict goes by, from plain values.

    Raises:
        StudyFileError: every problem at once.
    """
    problems = Problems(where, {}, _all_names())
    found = _section("verdict", plain, problems)
    if problems.found or not isinstance(found, Judging):
        raise StudyFileError(problems.found, where=where)
    return found


def write_study(study: StudyConfig) -> str:
    """The study as YAML, every default spelled out; ``parse_study`` reads it back to an equal study."""
    return yaml.safe_dump(study.written(), sort_keys=False, allow_unicode=True, width=110)


def _all_names() -> set[str]:
    models: tuple[type[BaseModel], ...] = (StudyConfig, *_SECTIONS.values(), *_NESTED.values())
    return {name for model in models for name in model.model_fields}


def _section(name: str, value: Any, problems: Problems) -> Any:
    model = _SECTIONS[name]
    if name == "data" and isinstance(value, str):
        value = {"train": value}
    if not isinstance(value, Mapping):
        problems.add((name,), f"'{name}' holds settings", found=repr(value), fix="Write key: value pairs below it.")
        return None
    problems.unknown_keys((name,), value, model)
    for key, item in value.items():
        nested = _NESTED.get((name, key))
        if nested is not None and isinstance(item, Mapping):
            problems.unknown_keys((name, key), item, nested)
        elif isinstance(item, list) and key not in ("text", "label", "classes", "betas", "augment"):
            problems.add(
                (name, key), f"'{key}' takes one value, no grid", found=repr(item), fix="Grids belong in compare."
            )
            return None
    before = len(problems.found)
    found = problems.validated((name,), model, {key: item for key, item in value.items() if item is not None})
    return found if len(problems.found) == before else None


def _trackers(value: Any, problems: Problems) -> Any:
    try:
        return None if value is None else parse_trackers(value)
    except ConfigError as error:
        problems.add(("trackers",), error.what, error.found, error.fix)
        return None


def _entries(value: Any, problems: Problems) -> Any:
    if not isinstance(value, list):
        problems.add(
            ("compare",),
            "'compare' is a list of configurations",
            found=repr(value),
            fix="Write - full, - lora: {rank: 8} below it.",
        )
        return None
    found = [_entry(number, entry, problems) for number, entry in enumerate(value)]
    return tuple(entry for entry in found if entry is not None)


def _entry(number: int, entry: Any, problems: Problems) -> Configuration | None:
    path = ("compare", number)
    entry = {entry: {}} if isinstance(entry, str) else entry
    if not isinstance(entry, Mapping):
        problems.add(
            path,
            "A configuration is a strategy's name with its settings",
            found=repr(entry),
            fix="Write lora: {rank: 8}.",
        )
        return None
    kinds = [key for key in entry if key not in ENTRY_KEYS]
    if len(kinds) != 1 or kinds[0] not in STRATEGIES:
        wrong = next((key for key in kinds if key not in STRATEGIES), None)
        fix = did_you_mean(str(wrong), [*STRATEGIES, *ENTRY_KEYS]) if wrong else f"Name one of {', '.join(STRATEGIES)}."
        problems.add(
            (*path, wrong) if wrong else path,
            "A configuration names one strategy",
            ", ".join(map(str, kinds)) or "none",
            fix,
        )
        return None
    kind = kinds[0]
    settings = entry[kind] or {}
    if not isinstance(settings, Mapping):
        problems.add(
            (*path, kind),
            f"The settings of {kind} are key: value pairs",
            found=repr(settings),
            fix="Write lora: {rank: 8}.",
        )
        return None
    if kind == "peft":
        own = {key: settings[key] for key in ("type", "learning_rate", "lr") if key in settings}
        rest = {key: item for key, item in settings.items() if key not in own and key != "settings"}
        inner = settings.get("settings") or {}
        if not isinstance(inner, Mapping):
            problems.add((*path, kind, "settings"), "'settings' holds settings", repr(inner), "Write {key: value}.")
            return None
        settings = own | {"settings": {**rest, **inner}}
    training = entry.get("training") or {}
    if not isinstance(training, Mapping):
        problems.add((*path, "training"), "'training' holds settings", repr(training), "Write {batch_size: 64}.")
        return None
    problems.unknown_keys((*path, "training"), training, TrainingConfig)
    problems.validated((*path, "training"), TrainingConfig, training)
    try:
        seeds = _own_seeds(entry.get("seeds"))
        return Configuration(kind, settings, block=str(entry.get("block") or ""), seeds=seeds, training=training)
    except ConfigError as error:
        problems.add((*path, kind), error.what, error.found, error.fix)
        return None


def _own_seeds(seeds: Any) -> int | list[int] | None:
    if seeds is None:
        return None
    try:
        found = seed_list(seeds)
    except ValueError as error:
        raise ConfigError(str(error), found=repr(seeds), fix="Write a number of seeds, or a list.") from None
    if not isinstance(found, tuple) or any(
        not isinstance(each, int) or isinstance(each, bool) or each < 0 for each in found
    ):
        raise ConfigError(
            "seeds is a number of seeds or a list of whole numbers", found=repr(seeds), fix="Write [0, 1]."
        )
    return seeds if isinstance(seeds, int) else list(seeds)


def _put(plain: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = plain.get(part)
        if not isinstance(inner, dict):
            inner = {"train": inner} if part == "data" and isinstance(inner, str) else {}
            plain[part] = inner
        plain = inner
    plain[path[-1]] = value

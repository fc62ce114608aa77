"""Whatever a study file or ``--run`` says, the answer is a study or one of our errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.mutations_of import damaged
from tests.faults.test_any_rows import PROPERTY, ours
from tests.test_study_file import DESIGN
from tunefork.config import DataConfig, EarlyStopping, Judging, Rows, Search, StudyConfig, TrainingConfig
from tunefork.config.grammar import parse_run
from tunefork.config.strategies import STRATEGIES
from tunefork.config.text_augmentation import parse_text_augmentation
from tunefork.plan import expand
from tunefork.study_file import parse_study, read_study, write_study

WORDS = (
    "data", "compare", "training", "seeds", "lora", "full", "rank", "train", "&a", "*a", "<<", "!!int", "!!python/x",
    "!!binary", "!!timestamp", "!!bool", "!!set", "!!omap", "!!float", "2024-13-01", "1:59", "0x1f", ".nan", ".inf",
    "~", "null", "yes", "off", "- ", ": ", "? ", "\n", "\n  ", "\t", "{", "}", "[", "]", ",", "|", ">", "'", '"', "#",
    "%YAML 1.2", "---", "...", "\\ud800", "\x00", "\x1b", "\ufeff", "\u2028", "\ud800", "9" * 50, "a", "é", "=",
)  # fmt: skip
MODELS = (StudyConfig, DataConfig, Rows, TrainingConfig, EarlyStopping, Judging, Search, *STRATEGIES.values())
NAMES = st.sampled_from(
    sorted({name for model in MODELS for name in model.model_fields} | {*STRATEGIES, "r", "lr", "block"})
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([10**300, -1, 0, 1, "auto", "1e-4..1e-2", "0-99999999", "query+value", "re:(", "5m", "9 epochs"]),
    NAMES,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, st.integers(0, 2)), inner, max_size=3)
    ),
    max_leaves=6,
)


def taken(text: str) -> None:
    """What is understood can be planned, written down and read again."""
    with ours():
        study = parse_study(text, "study.yaml")
        if sum(len(entry.strategies) for entry in study.compare) * len(study.seeds) < 100:
            expand(study)
        assert parse_study(write_study(study)) == study


@settings(max_examples=150, **PROPERTY)
@given(text=st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_text_that_is_like_yaml(text: str) -> None:
    taken(text)


@settings(max_examples=150, **PROPERTY)
@given(content=damaged(DESIGN.encode()))
def test_study_files_that_were_whole(tmp_path_factory: Any, content: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_bytes(content)
    with ours():
        read_study(path)


@settings(max_examples=150, **PROPERTY)
@given(
    changes=st.lists(st.tuples(NAMES, st.one_of(st.none(), NAMES), VALUES), min_size=1, max_size=3),
)
def test_settings_of_any_value(changes: list[tuple[str, str | None, Any]]) -> None:
    plain: dict[Any, Any] = {"data": {"train": "a.csv"}, "compare": ["full"]}
    for first, second, value in changes:
        if second is None or not isinstance(plain.get(first, {}), dict):
            plain[first] = value
        else:
            plain[first] = {**plain.get(first, {}), second: value}
    taken(yaml.safe_dump(plain, allow_unicode=True))


@settings(max_examples=150, **PROPERTY)
@given(
    kind=st.sampled_from([*STRATEGIES, "training", "block"]),
    inner=st.dictionaries(st.one_of(NAMES, st.integers(0, 2)), VALUES, max_size=3),
    own=st.dictionaries(st.sampled_from(["seeds", "training", "block"]), VALUES, max_size=2),
)
def test_configurations_of_any_value(kind: str, inner: dict[Any, Any], own: dict[str, Any]) -> None:
    taken(yaml.safe_dump({"data": "a.csv", "compare": [{**own, kind: inner}]}))


@settings(max_examples=150, **PROPERTY)
@given(
    parts=st.lists(st.one_of(NAMES, st.sampled_from([":", ",", "=", "+", "-", "9" * 400, "nan", "re:("]), st.text())),
    value=st.text(max_size=9),
)
def test_any_run(parts: list[str], value: str) -> None:
    for text in ("".join(parts), f"lora:{''.join(parts)}", f"lora:rank={value}", f"peft:type=ia3,layers={value}"):
        with ours():
            parse_run(text)
        with ours():
            parse_text_augmentation(text)


@settings(max_examples=50, **PROPERTY)
@given(plain=VALUES)
def test_json_is_a_study_file_too(plain: Any) -> None:
    taken(json.dumps({"data": plain, "compare": plain, "search": plain}))

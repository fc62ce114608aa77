"""Whatever bytes or values rows are made of, the answer is data or one of our errors."""

from __future__ import annotations

import contextlib
import datetime
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.hostile.archives import PNG, tarred, zipped
from tests.faults.hostile.pictures import GIF, JPEG, animated
from tests.faults.hostile.tables import GOOD, LINES, PLAIN
from tests.faults.mutations_of import damaged
from tests.faults.test_hostile import check_message
from tunefork.baselines.included import read_predictions
from tunefork.config import DataConfig
from tunefork.data import load_splits, read_unlabelled, read_unlabelled_pictures
from tunefork.data.images.decoding import BadPictureError, decode_picture
from tunefork.errors import TuneforkError

LENIENT = {"rare": "train", "drop_missing": True, "drop_empty": True, "leakage": "allow", "bad_images": "skip"}
PROPERTY = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
SUFFIXED = {
    ".csv": st.one_of(damaged(GOOD.encode()), st.text('ab,"\t\n\r;01\x0b\u2028', max_size=60).map(str.encode)),
    ".tsv": st.one_of(damaged(GOOD.replace(",", "\t").encode()), st.text('ab"\t\n\r', max_size=60).map(str.encode)),
    ".jsonl": st.one_of(damaged(LINES.encode()), st.text('{}[]":,ab1\\ud8e-\n', max_size=60).map(str.encode)),
    ".parquet": damaged(PLAIN),
    ".txt": st.binary(max_size=300),
}


@contextlib.contextmanager
def ours() -> Any:
    """Nothing but errors of ours, each with a message that a person can use."""
    try:
        yield
    except TuneforkError as error:
        check_message(error)


@pytest.mark.parametrize("suffix", SUFFIXED)
@settings(max_examples=80, **PROPERTY)
@given(data=st.data())
def test_files_of_rows(suffix: str, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data.draw(SUFFIXED[suffix]))
    for config in (LENIENT, {"text": "text", "label": "label", **LENIENT}):
        with ours():
            load_splits(DataConfig(train=str(path), **config))
    with ours():
        read_unlabelled(path)
    for problem, labels in (("single_label", ("a", "b")), ("multi_label", ("a", "b")), ("regression", ("label",))):
        with ours():
            read_predictions(path, tuple(map(str, range(20))), labels, problem)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("any.zip", zipped({"cat/x.png": PNG})),
        ("any.tar", tarred("cat/x.png", PNG)),
        ("any.tar.gz", None),
    ],
)
@settings(max_examples=80, **PROPERTY)
@given(data=st.data())
def test_archives(name: str, content: bytes | None, tmp_path: Path, data: st.DataObject) -> None:
    import gzip

    whole = content or gzip.compress(tarred("cat/x.png", PNG), mtime=0)
    path = tmp_path / name
    path.write_bytes(data.draw(damaged(whole)))
    with ours():
        load_splits(DataConfig(train=str(path), validation=0, **LENIENT))
    with ours():
        read_unlabelled_pictures(str(path))


@settings(max_examples=60, **PROPERTY)
@given(content=damaged(tarred("cat/" + "x" * 200 + ".png", PNG), tarred("cat/x.png", PNG, pax_headers={"a": "b"})))
def test_heads_of_tars(tmp_path: Path, content: bytes) -> None:
    """Damage at the end, where the head of the last member is."""
    path = tmp_path / "any.tar"
    path.write_bytes(content)
    with ours():
        read_unlabelled_pictures(str(path))


@settings(max_examples=150, **PROPERTY)
@given(content=st.one_of(damaged(PNG, JPEG, GIF, animated("WEBP"), animated("PNG")), st.binary(max_size=200)))
def test_pictures(content: bytes) -> None:
    import warnings

    with contextlib.suppress(BadPictureError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert decode_picture(content).image.mode == "RGB"


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 2),
    st.floats(),
    st.sampled_from([0.0, 1.0, -0.0, 10**400, 10**5000, float("nan"), pd.NaT, pd.NA]),
    st.decimals(),
    st.text(max_size=8),
    st.sampled_from(["0", "1", "1.0", "NA", "true", "yes", "[]", "['a']", '["a", "b"]', "a|b", "\ud800", " ", "1e999"]),
    st.binary(max_size=4),
    st.datetimes(),
    st.complex_numbers(),
    st.builds(Decimal, st.sampled_from(["sNaN", "NaN", "Infinity", "1e99999", "-0", "1.50"])),
    st.sampled_from([np.float32("nan"), np.int64(3), np.str_("x"), np.bool_(True), np.datetime64("NaT")]),
    st.just(datetime.date(2020, 2, 29)),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.tuples(SCALARS),
    st.dictionaries(st.text(max_size=2), SCALARS, max_size=2),
    st.lists(st.text(max_size=3), max_size=3).map(np.array),
    st.just(np.zeros((2, 2))),
)
FEW = st.lists(VALUES, min_size=1, max_size=3)


@settings(max_examples=150, **PROPERTY)
@given(
    kinds=FEW,
    order=st.lists(st.integers(0, 99), min_size=4, max_size=24),
    problem=st.sampled_from(["auto", "single_label", "multi_label", "regression"]),
    separator=st.sampled_from(["", "|", ",", " "]),
    named=st.booleans(),
)
def test_columns_of_labels(kinds: list[Any], order: list[int], problem: str, separator: str, named: bool) -> None:
    values = [kinds[number % len(kinds)] for number in order]
    frame = pd.DataFrame({"text": [f"text number {row}" for row in range(len(values))]})
    frame["label"] = pd.Series(values, dtype=object)
    columns = {"text": "text", "label": "label"} if named else {}
    with ours():
        config = DataConfig(train="-", problem=problem, label_separator=separator, **columns, **LENIENT)
        load_splits(config, frames={"train": frame})


@settings(max_examples=100, **PROPERTY)
@given(texts=st.lists(VALUES, min_size=6, max_size=12), ids=st.lists(SCALARS, min_size=12, max_size=12))
def test_columns_of_texts_and_ids(texts: list[Any], ids: list[Any]) -> None:
    frame = pd.DataFrame({"label": (["a", "b"] * 6)[: len(texts)]})
    frame["text"] = pd.Series(texts, dtype=object)
    frame["id"] = pd.Series(ids[: len(texts)], dtype=object)
    for columns in ({}, {"text": "text"}, {"text": "text", "label": "label", "id": "id", "group": "id"}):
        with ours():
            load_splits(DataConfig(train="-", **columns, **LENIENT), frames={"train": frame})
    with ours():
        read_unlabelled(frame)


@settings(max_examples=60, **PROPERTY)
@given(cells=st.lists(st.tuples(VALUES, SCALARS, SCALARS), min_size=3, max_size=3))
def test_predictions_of_any_values(tmp_path: Path, cells: list[tuple[Any, Any, Any]]) -> None:
    """As JSON and Parquet can hold them."""
    import json

    out = io.StringIO()
    for row, (said, first, second) in enumerate(cells):
        one = {"id": row, "prediction": said, "p_a": first, "p_b": second}
        try:
            out.write(json.dumps(one, default=repr) + "\n")
        except ValueError:  # whole numbers of more digits than Python writes down
            return
    path = tmp_path / "said.jsonl"
    path.write_text(out.getvalue(), encoding="utf-8", errors="surrogatepass")
    for problem in ("single_label", "multi_label", "regression"):
        with ours():
            read_predictions(path, ("0", "1", "2"), ("a", "b"), problem)  # type: ignore[arg-type]

"""Somebody else's predictions: matched by id, checked, and judged on the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.studies import S0, make, run_id
from tunefork.baselines import include_predictions, read_predictions
from tunefork.errors import ColumnError, DataError, LabelError, ReadError, StoreError
from tunefork.report import summarise, table, to_json, verdict
from tunefork.store import MemoryStore

IDS, LABELS = ("a", "b", "c", "d"), ("no", "yes")


def file(folder: Path, **columns: object) -> Path:
    pd.DataFrame(columns).to_csv(folder / "theirs.csv", index=False)
    return folder / "theirs.csv"


def test_rows_are_found_by_their_ids(tmp_path: Path) -> None:
    path = file(tmp_path, prediction=["yes", "no", "no", "yes", "no"], number=["d", "a", "x", "b", "c"])
    found = read_predictions(path, IDS, LABELS)
    assert found.logits.argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert (found.name, found.probabilities) == ("theirs", False)
    assert found.notices == (f"{path}: rows that are no test rows, passed over: 1.",)


def test_probabilities_are_read_where_every_label_has_them(tmp_path: Path) -> None:
    shares = [0.9, 0.2, 0.6, 0.0]
    path = file(tmp_path, id=IDS, pred=["no", "yes", "no", "yes"], p_no=shares, p_yes=[1 - each for each in shares])
    found = read_predictions(path, IDS, LABELS)
    assert found.probabilities
    np.testing.assert_allclose(np.exp(found.logits[:, 0]), shares, atol=1e-6)
    path = file(tmp_path, id=IDS, pred=["no", "yes", "no", "yes"], p_no=shares)
    assert not read_predictions(path, IDS, LABELS).probabilities


def test_without_ids_the_order_is_taken_and_said(tmp_path: Path) -> None:
    path = file(tmp_path, prediction=["no", "yes", "yes", "no"])
    found = read_predictions(path, IDS, LABELS)
    assert found.logits.argmax(axis=1).tolist() == [0, 1, 1, 0]
    assert "has no ids; its rows are taken in the test rows' order" in found.notices[0]


@pytest.mark.parametrize(
    ("columns", "error", "parts"),
    [
        ({"id": IDS, "guess": ["no"] * 4}, ColumnError, ["no column with predictions", "columns id, guess"]),
        ({"prediction": ["no"] * 5}, ColumnError, ["No column holds the ids", "5 rows for 4 test rows", "a, b, c"]),
        ({"id": IDS[:3], "prediction": ["no"] * 3}, DataError, ["1 of 4 test rows have no prediction", "ids: d"]),
        (
            {"id": [*IDS, "b"], "prediction": ["no"] * 5},
            DataError,
            ["The id 'b' has two predictions", "lines 3, 6"],
        ),
        (
            {"id": IDS, "prediction": ["no", "maybe", "no", "so"]},
            LabelError,
            ["'maybe' is no label of this study", "line 3, column prediction", "2 such", "no, yes"],
        ),
        (
            {"id": IDS, "prediction": ["no"] * 4, "p_no": [0.5, 1.5, 1, 1], "p_yes": [0.5] * 4},
            DataError,
            ["A probability is not between 0 and 1", "line 3", "1.5"],
        ),
    ],
)
def test_what_does_not_fit_is_named(
    columns: dict[str, object], error: type[Exception], parts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        read_predictions(file(tmp_path, **columns), IDS, LABELS)
    for part in parts:
        assert part in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nowhere"):
        read_predictions(tmp_path / "nowhere.csv", IDS, LABELS)


def test_they_stand_in_the_table_and_in_the_verdict(tmp_path: Path) -> None:
    store = make(tmp_path / "study", S0[:2], seeds=2)
    test = store.predictions(run_id(S0[0], 0), "test")
    names = np.array(store.study().labels)
    path = tmp_path / "theirs.csv"
    pd.DataFrame({"id": test.ids, "prediction": names[test.predicted]}).to_csv(path, index=False)
    include_predictions(store, [path])
    (found,) = to_json(store)["baselines"]
    assert (found["name"], found["kind"], found["loss"]) == ("theirs", "file", None)
    assert found["accuracy"] == test.correct.mean()
    assert any("theirs (accuracy" in sentence for sentence in verdict(summarise(store)).sentences)
    pd.DataFrame({"prediction": names[test.predicted]}).to_csv(path, index=False)
    include_predictions(store, [path])
    assert f"{path} has no ids; its rows are taken in the test rows' order." in table(summarise(store)).notes
    assert len(store.baselines()) == 1, "the same file again replaces it"


def test_without_a_tested_run_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    store = make(tmp_path / "study", S0[:1], seeds=1, rows=0, store=MemoryStore(tmp_path / "study"))
    with pytest.raises(StoreError, match="No run has answered the test rows yet"):
        include_predictions(store, [tmp_path / "x.csv"])

"""Somebody else's labels and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.baselines.test_included import IDS, file
from tunefork.baselines import read_predictions
from tunefork.errors import ColumnError, DataError, LabelError

LABELS = ("joy", "fear")
SAID = [[1, 1], [0, 0], [1, 0], [0, 1]]


def answers(path: Path, labels: tuple[str, ...] = LABELS, separator: str = "|") -> list[list[int]]:
    found = read_predictions(path, IDS, labels, "multi_label", separator)
    assert not found.probabilities
    assert set(np.abs(found.logits).ravel().tolist()) == {30.0}
    return (found.logits > 0).astype(int).tolist()


def test_labels_as_texts_and_as_lists(tmp_path: Path) -> None:
    assert answers(file(tmp_path, id=IDS, prediction=["joy|fear", "", "joy", "fear"])) == SAID
    assert answers(file(tmp_path, id=IDS, prediction=["fear, joy", None, "joy", " fear "]), separator=",") == SAID
    lists = [["joy", "fear"], [], ["joy"], ["fear"]]
    assert answers(file(tmp_path, id=IDS, prediction=lists)) == SAID
    assert answers(file(tmp_path, id=IDS, prediction=[json.dumps(each) for each in lists])) == SAID
    pd.DataFrame({"id": IDS, "prediction": lists}).to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    assert answers(tmp_path / "a.jsonl") == SAID


def test_a_column_of_0_and_1_for_each_label(tmp_path: Path) -> None:
    path = file(tmp_path, id=IDS[::-1], fear=[1, 0, 0, 1], joy=["no", "yes", "no", "yes"])
    assert answers(path) == SAID
    assert answers(file(tmp_path, id=IDS, prediction=[1, 0, 1, 0]), ("prediction",)) == [[1], [0], [1], [0]]
    truth = file(tmp_path, id=IDS, joy=[0] * 4, fear=[0] * 4, prediction=["joy|fear", "", "joy", "fear"])
    assert answers(truth) == SAID, "beside a prediction, such columns are the truth"


def test_probabilities_of_labels_are_log_odds(tmp_path: Path) -> None:
    path = file(tmp_path, id=IDS, prediction=["joy"] * 4, p_joy=[0.9, 0.5, 1, 0], p_fear=[0.2, 0.25, 0, 1])
    found = read_predictions(path, IDS, LABELS, "multi_label")
    assert found.probabilities
    expected = [[np.log(9), np.log(0.25)], [0, -np.log(3)], [30, -30], [-30, 30]]
    np.testing.assert_allclose(found.logits, expected, rtol=1e-5, atol=1e-6)


def test_numbers_are_found_by_their_ids(tmp_path: Path) -> None:
    path = file(tmp_path, number=["d", "a", "x", "b", "c"], prediction=["4", 1.25, 0, " -2e1", 3])
    found = read_predictions(path, IDS, ("stars",), "regression")
    assert found.logits.tolist() == [[1.25], [-20.0], [3.0], [4.0]]
    assert found.logits.dtype == np.float32
    assert found.notices == (f"{path}: rows that are no test rows, passed over: 1.",)


@pytest.mark.parametrize(
    ("problem", "columns", "error", "message"),
    [
        (
            "multi_label",
            {"id": IDS, "joy": [1] * 4},
            ColumnError,
            "There is no column with predictions (FILE). Found: columns id, joy. Call it prediction, or give a column "
            "of 0 and 1 for each label: joy, fear.",
        ),
        (
            "multi_label",
            {"id": IDS, "prediction": ["joy|glee", "", "fear", "glee"]},
            LabelError,
            "'glee' is no label of this study (FILE line 2, column prediction). Found: 2 such predictions; the labels "
            "are joy, fear. Write the predictions as the study's labels are called.",
        ),
        (
            "multi_label",
            {"id": IDS, "joy": [1, 0.7, 0, 0.1], "fear": [1] * 4},
            LabelError,
            "'0.7' is neither 0 nor 1 (FILE line 3, column joy). Found: 2 such predictions. Write 0 or 1 in the column "
            "of each label; probabilities stand in columns p_<label>.",
        ),
        (
            "multi_label",
            {"id": IDS[:3], "prediction": ["joy"] * 3},
            DataError,
            "1 of 4 test rows have no prediction (FILE, column id). Found: missing ids: d. Predict all test rows, so "
            "that the comparison is fair.",
        ),
        (
            "regression",
            {"id": IDS, "prediction": [1, "two", 3, "inf"]},
            LabelError,
            "'two' is no number (FILE line 3, column prediction). Found: 2 such predictions; this study predicts "
            "numbers. Write plain numbers such as 12.5.",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    problem: str, columns: dict[str, object], error: type[Exception], message: str, tmp_path: Path
) -> None:
    path = file(tmp_path, **columns)
    with pytest.raises(error) as caught:
        read_predictions(path, IDS, LABELS, problem)  # type: ignore[arg-type]
    assert str(caught.value) == message.replace("FILE", str(path))

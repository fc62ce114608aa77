from __future__ import annotations

import pandas as pd
import pytest

from tunefork.config import DataConfig
from tunefork.data import Columns, read_rows
from tunefork.data.columns import choose_columns
from tunefork.errors import ColumnError

TEXTS = [f"the parcel number {row} came late" for row in range(30)]


def choose(frame: dict[str, object], **config: object) -> tuple[Columns, tuple[str, ...]]:
    return choose_columns(read_rows(pd.DataFrame(frame)), DataConfig(train="-", **config))


def refused(frame: dict[str, object], **config: object) -> ColumnError:
    with pytest.raises(ColumnError) as caught:
        choose(frame, **config)
    return caught.value


def test_named_columns_are_taken_as_they_are():
    frame = {"a": TEXTS, "b": TEXTS, "c": ["x", "y"] * 15, "n": range(30), "g": range(30)}
    columns, notices = choose(frame, text=("a", "b"), label="c", id="n", group="g")
    assert columns == Columns(("a", "b"), "c", "n", "g")
    assert notices == ()


@pytest.mark.parametrize("role", ["text", "label", "id", "group"])
def test_missing_column(role):
    error = refused({"message": TEXTS, "class": ["x", "y"] * 15}, **{role: "mesage"})
    assert error.what == f"There is no column 'mesage' for the {role}"
    assert error.where == "DataFrame"
    assert error.found == "columns message, class"
    assert error.fix == "Did you mean 'message'?"


def test_one_column_for_two_roles():
    assert "'a' is given two parts" in refused({"a": TEXTS}, text="a", label="a").what


def test_guesses():
    frame = {
        "url": [f"https://example.org/{row}/{'long' * 30}" for row in range(30)],
        "message": TEXTS,
        "price": ["1.5"] * 30,
        "Label": ["x", "y"] * 15,
        "ticket_id": range(30),
    }
    columns, notices = choose(frame)
    assert columns == Columns(("message",), "Label", "ticket_id")
    assert notices == ("label column guessed: Label", "text column guessed: message", "id column guessed: ticket_id")


def test_a_column_called_text_is_the_text():
    assert choose({"Text": TEXTS, "more": [t + " again and again" for t in TEXTS], "y": [0, 1] * 15})[0].text == (
        "Text",
    )


def test_label_by_few_values():
    assert choose({"message": TEXTS, "kind": ["x", "y", "z"] * 10})[0].label == "kind"


def test_a_pair_is_never_guessed():
    columns, notices = choose({"premise": TEXTS, "hypothesis": TEXTS, "label": [0, 1] * 15})
    assert len(columns.text) == 1
    assert "give --text premise+hypothesis" in notices[1]


def test_ids_need_an_ids_name_and_differ():
    assert choose({"text": TEXTS, "label": [0, 1] * 15, "id": [1] * 30})[0].id == ""
    assert choose({"text": TEXTS, "label": [0, 1] * 15, "serial": range(30)})[0].id == ""
    assert choose({"text": TEXTS, "label": [0, 1] * 15, "user_id": range(30), "idx": range(30)})[0].id == "idx"


def test_nothing_to_guess():
    error = refused({"message": TEXTS, "other": TEXTS})
    assert "label column cannot be guessed" in error.what
    assert error.found == "columns message, other"
    assert "--label" in error.fix
    error = refused({"message": TEXTS, "topic": [0, 1] * 15, "sentiment": [0, 1] * 15})
    assert "sentiment, topic all look like one" in error.what
    error = refused({"message": TEXTS, "label": range(30)})
    assert error.what == "The label column cannot be guessed: 'label' has 30 different values in 30 rows"
    error = refused({"number": range(30), "label": [0, 1] * 15})
    assert "text column cannot be guessed" in error.what
    assert "--text" in error.fix

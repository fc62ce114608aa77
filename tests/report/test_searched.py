"""What a report says of a search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.studies import S0, make
from tunefork.report import summarise, to_json, write_report
from tunefork.report.figures import draw
from tunefork.report.searched import budget_curve, search_table, searched
from tunefork.report.verdict import verdict
from tunefork.store import Store, TrialRecord


def trial(number: int, value: float | None, arm: str = "a", **fields: object) -> TrialRecord:
    known = TrialRecord(
        f"{arm}/{number}", arm, {"a": "full", "b": "head"}[arm], number, {"learning_rate": 10.0**-number}, "loss",
        value, "done", 90, 90, 10.0, 1000,
    )  # fmt: skip
    return replace(known, **fields)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make(tmp_path, S0[:2], seeds=2, search={"method": "tpe", "trials": 3})
    for each in (
        trial(0, 0.6), trial(1, 0.4, chosen=True), trial(2, None, status="diverged", reason="nan", step=3, seconds=1.0),
        trial(0, 0.7, "b", status="eliminated", step=30, seconds=2.0), trial(1, 0.65, "b", chosen=True, seconds=2.0),
    ):  # fmt: skip
        made.put_trial(each)
    return made


def test_the_table_says_what_was_chosen(store: Store) -> None:
    found = search_table(summarise(store))
    assert found is not None
    assert found.columns == ("configuration", "trials", "chosen", "validation loss", "time of all trials")
    assert [row.cells for row in found.blocks[0].rows] == [
        ("full", "3 (1 diverged)", "learning_rate=0.1", "0.4000", "21.0 s"),
        ("head", "2 (1 eliminated)", "learning_rate=0.1", "0.6500", "4.0 s"),
    ]


def test_an_arm_of_which_no_trial_gave_a_number_says_so(store: Store) -> None:
    for number in (0, 1):
        store.put_trial(trial(number, None, "b", status="diverged"))
    found = search_table(summarise(store))
    assert found is not None
    assert found.blocks[0].rows[1].cells[1:4] == (
        "2 (2 diverged)", "the usual ones: no trial gave a number", "–",
    )  # fmt: skip


def test_curves_go_on_with_the_best_so_far_or_with_what_is_expected(store: Store) -> None:
    arm = searched(summarise(store))[0]
    seconds, values = budget_curve(arm, expected=False)
    assert (seconds.tolist(), values.tolist()) == ([10, 20, 21], [0.6, 0.4, 0.4])
    seconds, values = budget_curve(arm, expected=True)
    assert seconds.tolist() == pytest.approx([7, 14, 21])
    assert values[0] == pytest.approx((0.6 + 0.4 + 0.6) / 3)
    assert values[2] == pytest.approx(0.4 * (1 - (2 / 3) ** 3) + 0.6 * (2 / 3) ** 3)


def test_json_and_files(store: Store) -> None:
    document = to_json(store)["search"]
    assert (document["metric"], document["seed"]) == ("loss", 1000)
    assert document["configurations"][0]["chosen"] == {"learning_rate": 0.1}
    assert [each["value"] for each in document["configurations"][0]["trials"]] == [0.6, 0.4, None]
    names = [path.name for path in write_report(store)]
    assert "search.svg" in names
    assert "| full | 3 (1 diverged) | learning\\_rate=0.1 |" in (store.folder / "table.md").read_text().replace(
        "learning_rate", "learning\\_rate"
    )


def test_without_a_search_there_is_nothing_of_it(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    summary = summarise(store)
    assert (search_table(summary), searched(summary), to_json(store)["search"]) == (None, (), None)
    assert "search" not in {drawing.name for drawing in draw(summary, verdict(summary))}

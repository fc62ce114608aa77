from __future__ import annotations

from pathlib import Path

from tests.report.studies import S0, make
from tunefork.report import judge, summarise
from tunefork.report.pairs import pair_rows


def test_every_configuration_stands_against_every_other(tmp_path: Path) -> None:
    judgement = judge(summarise(make(tmp_path, S0[:3])))
    assert judgement is not None
    rows = pair_rows(judgement)
    assert [(row.number, row.name) for row in rows] == [(1, "full"), (2, "head"), (3, S0[2].name)]
    for number, row in enumerate(rows):
        assert row.cells[number].text == ""
    assert rows[0].cells[1].outcome == "better"
    assert rows[0].cells[1].text.startswith("▲ +")
    assert rows[1].cells[0].outcome == "worse"
    assert rows[1].cells[0].text == rows[0].cells[1].text.replace("▲ +", "▼ −")
    assert "95 % interval" in rows[0].cells[1].title
    assert rows[0].cells[2].outcome in ("better", "undecided", "equivalent")


def test_nothing_to_compare_makes_no_table(tmp_path: Path) -> None:
    assert pair_rows(None) == ()
    assert pair_rows(judge(summarise(make(tmp_path, S0[:1])))) == ()

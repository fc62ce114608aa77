from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.report.effects.measured import answered, changed
from tests.report.effects.test_changes import FULL, LORA, measured
from tests.report.effects.test_retention import BEFORE, wrong
from tests.report.studies import S0, make, run_id
from tests.report.test_figures import overlapping
from tests.report.test_html import Page, page
from tunefork.report import summarise
from tunefork.report.effects import changes_of
from tunefork.report.effects.section import effects_of
from tunefork.report.figures import CHANGES, draw_changes


def test_a_study_without_measurements_has_no_section(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    assert effects_of(store, summarise(store)) is None
    assert "What fine-tuning did" not in page(store)


def test_the_page(tmp_path: Path) -> None:
    store = measured(tmp_path)
    answered(store, "earlier:t1", "before", BEFORE)
    answered(store, run_id(LORA, 0), "earlier", wrong(6))
    text = page(store)
    content = Page(text)
    assert content.open == []
    places = [
        text.index(each)
        for each in (
            "What fine-tuning did to the model", "has 5.5 intruder dimensions in 2 matrices", "effective rank",
            'aria-label="Relative norm of what training added, by block"', "What is left of reviews",
            "LoRA r=8 query+value+mlp keeps 96.7 %", "before (reviews)", "<h2>Runs</h2>",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {f"{name}.{kind}" for name in CHANGES for kind in ("svg", "png")} <= figures


def test_figures_go_when_the_runs_train_again(tmp_path: Path) -> None:
    store = measured(tmp_path)
    page(store)
    assert (tmp_path / "figures" / "movement.png").is_file()
    for run in store.runs():
        store.clear(run.id)
    page(store)
    assert not (tmp_path / "figures" / "movement.png").exists()


def test_names_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    strange = replace(FULL, name=evil)
    store = make(tmp_path, [strange], seeds=1)
    changed(store, strange, 0, {(0, "query"): 1})
    answered(store, "earlier:t1", "before", BEFORE, name=evil)
    answered(store, run_id(strange, 0), "earlier", wrong(3), name=evil)
    content = Page(page(store))
    assert content.open == []
    assert content.tags.count("script") == 1, "ours alone"


def test_figures_show_every_configuration_and_its_range(tmp_path: Path) -> None:
    store = measured(tmp_path)
    changes = changes_of(store)
    assert changes is not None
    movement, intruders = draw_changes(changes, summarise(store))
    lines = movement.figure.axes[0].get_lines()
    assert [list(line.get_xdata()) for line in lines] == [[0, 1], [0, 1]]
    assert [[round(float(each), 6) for each in line.get_ydata()] for line in lines] == [[8, 16], [2, 4]]
    bars = [bar.get_width() for bar in intruders.figure.axes[0].patches]
    assert bars == [0, 5.5]
    assert [text.get_text() for text in intruders.figure.axes[0].texts][-2:] == ["0 in 6", "5.5 in 2"]
    assert [overlapping(drawing) for drawing in (movement, intruders)] == [[], []]


def test_many_configurations_fit(tmp_path: Path) -> None:
    many = [replace(LORA, name=f"LoRA r={2**number} query+value+mlp") for number in range(9)]
    store = make(tmp_path, many, seeds=1)
    for number, one in enumerate(many):
        changed(store, one, 0, {(block, "query"): number for block in range(12)}, norm=0.1 * (number + 1))
    changes = changes_of(store)
    assert changes is not None
    for drawing in draw_changes(changes, summarise(store)):
        assert overlapping(drawing) == [], drawing.name

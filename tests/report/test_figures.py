from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from tests.report import studies
from tests.report.studies import S0, Made, lora, make, run_id
from tunefork.report import summarise, verdict
from tunefork.report.figures import NAMES, Drawing, draw, inline_svg, save
from tunefork.report.figures.ablations import rank_series, target_series
from tunefork.report.figures.style import looks
from tunefork.store import Store, TrialRecord


def drawn(store: Store) -> dict[str, Drawing]:
    summary = summarise(store)
    return {drawing.name: drawing for drawing in draw(summary, verdict(summary))}


def thirty() -> list[Made]:
    targets = ("query", "query+value", "query+value+mlp", "query+key+value+output+mlp")
    grid = [lora(2**n, target, 592_130 + 2**n * 18_432, 0.88) for n in range(7) for target in targets]
    return [*(replace(one, blocks=()) for one in S0[:2]), *grid]


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    """Pairs of texts that lie on one another, after layout."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    FigureCanvasAgg(drawing.figure).draw()
    renderer = drawing.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    texts = [each for each in drawing.figure.findobj(Text) if each.get_visible() and each.get_text().strip()]
    axes = drawing.figure.axes[0]
    ticks = {*axes.get_xticklabels(), *axes.get_yticklabels()}
    low, high = sorted(axes.get_xlim())
    shown = []
    for each in texts:
        if each in ticks and each in axes.get_xticklabels() and not low <= each.get_position()[0] <= high:
            continue
        # a note's own extent takes in the line that leads to it
        shown.append((each, Text.get_window_extent(each, renderer).shrunk(0.9, 0.8)))
    return [
        (one.get_text(), other.get_text())
        for place, (one, box) in enumerate(shown)
        for other, second in shown[place + 1 :]
        if box.overlaps(second)
    ]


def test_a_study_of_nine_rows_has_every_figure(tmp_path: Path) -> None:
    found = drawn(make(tmp_path))
    assert [name for name in found if name in NAMES] == list(NAMES)
    assert [name for name in found if name not in NAMES] == ["loss-2", "accuracy-2", "loss-3", "accuracy-3"]
    assert all(drawing.alt for drawing in found.values())


@pytest.mark.parametrize("number", [2, 7, 30])
def test_texts_do_not_overlap_and_lie_inside(tmp_path: Path, number: int) -> None:
    configurations = thirty() if number == 30 else S0[:number]
    for drawing in drawn(make(tmp_path, configurations, seeds=1 if number == 30 else 3)).values():
        assert overlapping(drawing) == [], drawing.name
        frame = drawing.figure.bbox
        for legend in drawing.figure.legends:
            box = legend.get_window_extent()
            assert box.x0 >= -1, drawing.name
            assert box.x1 <= frame.x1 + 1, drawing.name
            assert box.y0 >= -1, drawing.name


def test_seeds_share_a_colour_and_configurations_differ(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path, thirty(), seeds=1))
    found = looks(summary.configurations)
    assert len({(look.colour, look.marker) for look in found.values()}) == 30
    curves = drawn(make(tmp_path, S0[:2]))["accuracy"].figure.axes[0].get_lines()
    assert len(curves) == 8  # three seeds and their mean, twice
    assert [len({str(line.get_color()) for line in curves[place : place + 4]}) for place in (0, 4)] == [1, 1]


def test_ablations_hold_what_differs_in_one_setting_only(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path))
    assert [[one.name for one in group] for group in rank_series(summary)] == [
        ["LoRA r=2 query+value+mlp", "LoRA r=8 query+value+mlp", "LoRA r=32 query+value+mlp"]
    ]
    assert [[one.name for one in group] for group in target_series(summary)] == [
        ["LoRA r=8 query+value+mlp", "LoRA r=8 query+value", "LoRA r=8 query+key+value+output+mlp"]
    ]
    one, two = lora(2, "query", 600_000, 0.9), lora(8, "query", 700_000, 0.9)
    fixed = replace(two, settings={**two.settings, "alpha": 4.0})
    other = replace(two, settings={**two.settings, "alpha": 5.0})
    assert len(rank_series(summarise(make(tmp_path, (one, fixed))))) == 1
    assert rank_series(summarise(make(tmp_path, (one, other)))) == []


def test_ablations_pass_over_what_was_looked_for(tmp_path: Path) -> None:
    one, two = lora(2, "query", 600_000, 0.9), lora(8, "query", 700_000, 0.9)
    own = replace(two, settings={**two.settings, "learning_rate": 7e-4, "alpha": 5.0})
    store = make(tmp_path, (one, own))
    assert rank_series(summarise(store)) == []
    for number, settings in enumerate(({"learning_rate": 7e-4}, {"learning_rate": 1e-3, "alpha": 5.0})):
        store.put_trial(TrialRecord(f"t{number}", f"lora-{number}", "LoRA", number, settings, "loss", 0.5, "done"))
        found = [len(group) for group in rank_series(summarise(store))]
        assert found == []  # alpha was given to one of them
    store.put_trial(replace(store.trials()[0], settings={"learning_rate": 7e-4, "alpha": 4.0}))
    assert [len(group) for group in rank_series(summarise(store))] == [2]
    axes = drawn(store)["rank"].figure.axes[0]
    title = " ".join("".join(axes.get_title(loc=place) for place in ("left", "center")).split())
    assert title.endswith("against LoRA rank, each at its best")


def test_figures_without_data_are_left_out(tmp_path: Path) -> None:
    assert tuple(drawn(make(tmp_path, S0[:1], seeds=1))) == ("scores", "parameters", "loss", "accuracy", "reliability")
    assert tuple(drawn(make(tmp_path, ()))) == ()
    store = make(tmp_path, S0[:1], seeds=1)
    studies.change(store, S0[0], 0, status="planned")
    store.clear(run_id(S0[0], 0))
    assert tuple(drawn(store)) == ("parameters",)


def test_files(tmp_path: Path) -> None:
    drawings = list(drawn(make(tmp_path, S0[:2], seeds=1)).values())
    for name in ("rank.png", "loss-9.svg"):
        (tmp_path / name).write_bytes(b"old")
    for name in ("mine.png", "loss-of-mine.png", "rank.txt"):
        (tmp_path / name).write_bytes(b"kept")
    written = save(drawings, tmp_path)
    assert {path.name for path in written} == {f"{one.name}.{kind}" for one in drawings for kind in ("svg", "png")}
    assert all(path.stat().st_size > 1000 for path in written)
    assert not (tmp_path / "rank.png").exists()
    assert not (tmp_path / "loss-9.svg").exists()
    assert all((tmp_path / name).exists() for name in ("mine.png", "loss-of-mine.png", "rank.txt"))
    ET.fromstring((tmp_path / "loss.svg").read_text(encoding="utf-8"))


def test_equal_studies_give_equal_files(tmp_path: Path) -> None:
    first, second = (drawn(make(tmp_path, S0[:2], seeds=1))["loss"] for _ in range(2))
    assert first.svg == second.svg


def test_inline_svg_is_well_formed_and_keeps_to_itself(tmp_path: Path) -> None:
    names, whole = set(), ""
    for drawing in drawn(make(tmp_path, [replace(S0[1], name="<script>x</script> $x$ $y$ {z}"), *S0[2:]])).values():
        text = inline_svg(drawing)
        whole += text
        ET.fromstring(text)
        assert "<script" not in text
        assert "http" not in text
        assert "#1b2330" not in text
        ids = set(re.findall(r'\bid="([^"]*)"', text))
        assert not ids & names
        names |= ids
        assert set(re.findall(r"url\(#([^)]*)\)", text)) | set(re.findall(r'href="#([^"]*)"', text)) <= ids
    assert "$x$ $y$ {z}" in whole


def test_marks_say_what_they_are(tmp_path: Path) -> None:
    store = make(tmp_path, [replace(S0[1], name='<b>"head"</b> & more'), S0[0]], seeds=1)
    summary = summarise(store)
    accuracy = summary.configurations[0].accuracy
    assert accuracy is not None
    low, high = 100 * accuracy.interval.low, 100 * accuracy.interval.high
    title = (
        f'<b>"head"</b> & more: accuracy {100 * accuracy.value:.1f} % ({low:.1f} to {high:.1f} %); '
        "592,130 trainable (0.88 %); 9.0 s; 480 MB"
    )
    for name, drawing in drawn(store).items():
        root = ET.fromstring(drawing.svg)
        marks = [each for each in root.iter() if each.get("data-configuration") == "0"]
        texts = {each[0].text for each in marks if each[0].tag.endswith("title")}
        best_only = name in ("differences", "reliability")  # of the best run, or against it
        assert texts == (set() if best_only and not marks else {title}), name
        assert marks or best_only
        assert "configuration-0" not in drawing.svg.decode()


def test_no_figure_is_wider_than_a_phone_can_show(tmp_path: Path) -> None:
    wide = {name: drawing.width for name, drawing in drawn(make(tmp_path, thirty(), seeds=1)).items()}
    assert {name for name, width in wide.items() if width > 4.8} == {"rank-targets"}


def test_matplotlib_s_settings_stay_as_they_are(tmp_path: Path) -> None:
    import sys

    import matplotlib

    before = dict(matplotlib.rcParams)
    pyplot = "matplotlib.pyplot" in sys.modules
    drawn(make(tmp_path, S0[:1], seeds=1))["loss"].png  # noqa: B018 - drawing is the point
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == pyplot

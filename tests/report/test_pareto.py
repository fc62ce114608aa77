"""What is undominated, in numbers, in words, and drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report import studies
from tests.report.studies import S0, make
from tests.report.test_figures import drawn, overlapping, thirty
from tunefork.report import summarise, to_json
from tunefork.report.figures import Drawing
from tunefork.report.figures.tradeoff import caption, tradeoff
from tunefork.report.pareto import fronts, undominated


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), min_size=1, max_size=12))
def test_undominated_as_it_is_defined(points: list[tuple[int, int]]) -> None:
    found = undominated([cost for cost, _ in points], [value / 5 for _, value in points])
    for (cost, value), kept in zip(points, found, strict=True):
        beaten = any(other <= cost and better >= value and (other, better) != (cost, value) for other, better in points)
        assert kept == (not beaten)
    assert any(found)


def test_the_order_of_summation_decides_nothing() -> None:
    assert undominated([1, 1], [0.1 + 0.2, 0.3]) == [True, True]
    assert undominated([1, 2], [0.3, 0.1 + 0.2]) == [True, False]


def test_fronts_of_a_study(tmp_path: Path) -> None:
    summary = summarise(make(tmp_path))
    parameters, time, memory = fronts(summary)
    assert [front.cost.name for front in (parameters, time, memory)] == ["parameters", "time", "memory"]
    values = {one.id: one.accuracy.value for one in summary.configurations if one.accuracy}
    assert list(parameters.values) == pytest.approx(list(values.values()))
    assert list(parameters.costs) == [one.counts.trainable for one in summary.configurations]
    front = parameters.undominated
    costs, scores = [one.counts.trainable for one in front], [values[one.id] for one in front]
    assert costs == sorted(costs)
    assert scores == sorted(scores)
    assert scores[-1] == max(values.values())
    best = max(summary.configurations, key=lambda one: values[one.id])
    assert best.id in {one.id for one in time.undominated}


def test_what_costs_the_same_for_all_or_is_not_known_has_no_front(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1)
    for one in S0[:2]:
        studies.change(store, one, 0, peak_memory_mb=500.0, seconds_alone=0.0)
    assert [front.cost.name for front in fronts(summarise(store))] == ["parameters"]
    assert "tradeoff-memory" not in drawn(store)


def test_the_caption_names_the_undominated(tmp_path: Path) -> None:
    store = make(tmp_path, [S0[0], S0[1], replace(S0[2], accuracy=0.7)])
    summary = summarise(store)
    assert caption(summary, fronts(summary)[0]) == (
        "Undominated (no other has at least its accuracy for fewer trainable parameters) are head and full, "
        "by point estimates."
    )
    summary = summarise(make(tmp_path / "near"))
    text = caption(summary, fronts(summary)[0])
    assert text.endswith("Intervals overlap, so a configuration off the line may be as good.")


def test_the_line_goes_through_the_undominated_and_on(tmp_path: Path) -> None:
    store = make(tmp_path)
    summary = summarise(store)
    front = fronts(summary)[0]
    axes = tradeoff(summary, front).axes[0]
    (line,) = [each for each in axes.get_lines() if each.get_drawstyle() == "steps-post"]
    points = dict(zip((one.id for one in front.shown), zip(front.costs, front.values)))
    expected = [points[one.id] for one in front.undominated]
    drawn_points = list(zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()) / 100))
    np.testing.assert_allclose(drawn_points[:-1], expected)
    assert drawn_points[-1][1] == pytest.approx(expected[-1][1])
    assert drawn_points[-1][0] == pytest.approx(axes.get_xlim()[1])


@pytest.mark.parametrize("many", [False, True])
def test_every_undominated_has_its_name_and_no_names_overlap(tmp_path: Path, many: bool) -> None:
    store = make(tmp_path, thirty() if many else S0, seeds=2)
    summary = summarise(store)
    for front in fronts(summary):
        drawing = Drawing("tradeoff", tradeoff(summary, front), "")
        notes = {text.get_text() for text in drawing.figure.axes[0].texts}
        short = {one.name.replace("LoRA ", "") for one in front.undominated if "query" not in one.name}
        assert short <= notes
        assert len(notes) >= len(front.undominated)
        assert overlapping(drawing) == []


def test_json_says_where_a_configuration_is_undominated(tmp_path: Path) -> None:
    found = {one["name"]: one["undominated"] for one in to_json(make(tmp_path))["configurations"]}
    assert found["head"] == ["parameters", "time", "memory"]
    assert found["full"] == ["parameters", "time", "memory"]

"""Rank by targets."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes

from tests.report.studies import S0, lora, make
from tunefork.report import summarise
from tunefork.report.figures.heat_map import caption, heat_map, map_cells
from tunefork.store import Store

GRID = [lora(rank, targets, 592_130 + rank * size, 0.8 + rank / 100)
        for targets, size in (("query+value", 18_432), ("query", 9_216)) for rank in (2, 8)]  # fmt: skip


def shown(store: Store) -> Axes:
    figure = heat_map(summarise(store))
    assert figure is not None
    return figure.axes[0]


def test_a_cell_is_the_mean_over_seeds_with_its_interval(tmp_path: Path) -> None:
    store = make(tmp_path, [*GRID, lora(4, "query", 630_000, 0.9)], seeds=3)
    summary = summarise(store)
    axes = shown(store)
    places = {(round(text.get_position()[0]), round(text.get_position()[1])): [] for text in axes.texts}
    for text in axes.texts:
        places[round(text.get_position()[0]), round(text.get_position()[1])].append(text.get_text())
    by_name = {one.name: one.accuracy for one in summary.configurations}
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2", "4", "8"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["query", "query+value"]  # fewest parameters first
    for row, targets in enumerate(("query", "query+value")):
        for column, rank in enumerate((2, 4, 8)):
            found = by_name.get(f"LoRA r={rank} {targets}")
            if found is None:
                assert (column, row) not in places
                continue
            low, high = (f"{100 * end:.1f}" for end in (found.interval.low, found.interval.high))
            assert places[column, row] == [f"{100 * found.value:.1f}", f"{low}–{high}"]
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 1


def test_it_needs_two_ranks_and_two_sets_of_targets(tmp_path: Path) -> None:
    assert map_cells(summarise(make(tmp_path / "a", GRID[:2], seeds=1))) == {}
    assert map_cells(summarise(make(tmp_path / "b", GRID[::2], seeds=1))) == {}
    assert len(map_cells(summarise(make(tmp_path / "c", GRID[:3], seeds=1)))) == 3
    assert map_cells(summarise(make(tmp_path / "d", S0[:2], seeds=1))) == {}


def test_of_several_in_a_cell_validation_chooses_and_the_caption_says_so(tmp_path: Path) -> None:
    from dataclasses import replace

    worse = replace(GRID[0], name="worse", accuracy=0.6, settings={**GRID[0].settings, "learning_rate": 1.0})
    summary = summarise(make(tmp_path, [worse, *GRID], seeds=2))
    assert map_cells(summary)["query+value", 2].name == GRID[0].name
    assert "the one that validation prefers is shown" in caption(summary)
    assert "prefers" not in caption(summarise(make(tmp_path / "plain", GRID, seeds=2)))


def test_small_differences_keep_pale_colours(tmp_path: Path) -> None:
    from matplotlib.colors import to_rgb

    def spread(folder: str, gap: float) -> float:
        made = [
            lora(rank, targets, 600_000, 0.85 + gap * (rank > 2)) for targets in ("query", "value") for rank in (2, 8)
        ]
        axes = shown(make(tmp_path / folder, made, seeds=1, rows=20_000))
        shades = [sum(to_rgb(patch.get_facecolor()[:3])) for patch in axes.patches]
        return max(shades) - min(shades)

    assert spread("near", 0.001) < 0.6 * spread("far", 0.1)


def test_text_on_every_colour_has_contrast(tmp_path: Path) -> None:
    from matplotlib.colors import to_rgb

    made = [lora(rank, targets, 600_000, 0.6 + 0.04 * rank) for targets in ("query", "value") for rank in range(1, 9)]
    axes = shown(make(tmp_path, made, seeds=1))

    def luminance(colour: object) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    values = [text for text in axes.texts if "–" not in text.get_text()]
    for patch, text in zip(axes.patches, values, strict=True):
        high, low = sorted((luminance(patch.get_facecolor()[:3]), luminance(text.get_color())), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2.2, AA


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_title_says_where(tmp_path: Path, split: str) -> None:
    store = make(tmp_path, GRID, seeds=1, rows=300 if split == "test" else 0)
    assert shown(store).get_title() == f"Accuracy on {split} by LoRA rank and targets"

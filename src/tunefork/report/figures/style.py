"""How all figures look: colours that colour-blind readers can tell apart, room for the legend, no pyplot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunefork.report.summary import ConfigurationSummary
from tunefork.report.wording import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1b2330", "#5c6675", "#d9dee5", "#fefefe"
"""The HTML report replaces these four with the page's own colours, so that figures follow light and dark."""
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
ORANGE, SKY, GREY = "#e69f00", "#56b4e9", "#8a8f98"
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/) without its yellow, which is too light on white."""
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY)
MARKERS = ("o", "s", "^", "D", "v", "p", "<", "d", ">")
SETTINGS: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}
NAME = 36
"""Characters of a name before it goes to a second line."""


@dataclass(frozen=True)
class Look:
    """A configuration's colour and marker: the same in every figure, different for up to 63 configurations."""

    colour: str
    marker: str


def looks(configurations: Sequence[ConfigurationSummary]) -> dict[str, Look]:
    """The look of every configuration, by id."""
    return {
        one.id: Look(COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)])
        for place, one in enumerate(configurations)
    }


def label(name: str) -> str:
    """A name as figure text: no mathematics between dollars, and in lines of bounded length."""
    return wrapped(name.replace("$", r"\$"), NAME)


def sheet(title: str, height: float = 3.9, legend: Sequence[str] = ()) -> tuple[Figure, Axes]:
    """A figure with one set of axes, with room for a legend of these texts at its right."""
    from matplotlib.figure import Figure as Sheet

    lines = sum(text.count("\n") + 1 for text in legend)
    widest = max((len(line) for text in legend for line in text.split("\n")), default=0)
    width = 6.4 + (0.5 + 0.068 * widest if legend else 0)
    figure = Sheet(figsize=(width, max(height, 0.7 + 0.175 * lines)), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set_title(title)
    axes.grid(True)
    return figure, axes


def rows_sheet(title: str, names: Sequence[str], per_row: float = 0.34, extra: float = 1.2) -> tuple[Figure, Axes]:
    """A figure with one named line per configuration, the first on top."""
    texts = [label(name) for name in names]
    lines = sum(max(1.0, 0.6 * (text.count("\n") + 1)) for text in texts)
    figure, axes = sheet(title, extra + per_row * lines)
    widest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    figure.set_figwidth(max(6.8, 5.2 + 0.075 * widest))
    axes.set_yticks(range(len(texts)), texts)
    axes.set_ylim(len(texts) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    return figure, axes


def handle(look: Look, line: bool = True) -> Any:
    """What stands for a configuration in a legend."""
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"linestyle": "-" if line else "none", "markeredgecolor": PAPER, "markeredgewidth": 0.4}
    return Line2D([], [], color=look.colour, marker=look.marker, markersize=6, **style)


def outside_legend(figure: Figure, handles: Sequence[Any], texts: Sequence[str]) -> None:
    """A legend right of the axes."""
    figure.legend(handles, texts, loc="outside right upper", handlelength=2.4, labelspacing=0.45)


def bottom_legend(figure: Figure, handles: Sequence[Any], texts: Sequence[str]) -> None:
    """A legend below the axes, in one line."""
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts), columnspacing=1.4, handlelength=1.8)

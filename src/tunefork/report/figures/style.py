"""How all figures look: colours that colour-blind readers can tell apart, one narrow width, no pyplot.

Every figure is as wide as a phone or half a desk: the page puts two beside one another where there is room, and nothing
has to be scrolled sideways. So names stand above what belongs to them and legends below the axes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import wrapped

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER, WASH = "#1b2330", "#5c6675", "#d9dee5", "#fefefe", "#eef1f5"
"""The HTML report replaces these five with the page's own colours, so that figures follow light and dark."""
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
    "axes.titlesize": 10,
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
WIDTH = 4.8
"""Inches."""
NAME = 54
"""Characters of a name that fit into one line of a figure."""
MARKED = "configuration-"
"""How the ids of a configuration's marks begin; its place in the study follows."""


@dataclass(frozen=True)
class Look:
    """A configuration's colour and marker: the same in every figure, different for up to 63 configurations."""

    colour: str
    marker: str


@dataclass(frozen=True)
class RowsSheet:
    """A figure with one named line per configuration, the first on top."""

    figure: Figure
    axes: Axes
    places: tuple[float, ...]
    """Where on the y axis each line's content is centred; a unit is an inch."""


def looks(configurations: Sequence[ConfigurationSummary]) -> dict[str, Look]:
    """The look of every configuration, by id."""
    return {
        one.id: Look(COLOURS[place % len(COLOURS)], MARKERS[(place + place // len(COLOURS)) % len(MARKERS)])
        for place, one in enumerate(configurations)
    }


def numbers(summary: Summary) -> dict[str, int]:
    """The place of every configuration in the study, by id."""
    return {one.id: place for place, one in enumerate(summary.configurations)}


def mark(artists: Artist | Iterable[Artist | None], number: int) -> None:
    """Say to which configuration marks belong, so that pages can title and highlight them."""
    from matplotlib.artist import Artist

    for artist in [artists] if isinstance(artists, Artist) else artists:
        if artist is not None:
            artist.set_gid(f"{MARKED}{number}")


def mark_interval(container: Any, number: int) -> None:
    """``mark`` for what ``errorbar`` draws."""
    point, caps, bars = container.lines
    mark([point, *caps, *bars], number)


def label(name: str, width: int = NAME) -> str:
    """A name as figure text: no mathematics between dollars, and in lines of bounded length."""
    return wrapped(name.replace("$", r"\$"), width)


def sheet(title: str, height: float = 3.1, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure with one set of axes."""
    from matplotlib.figure import Figure as Sheet

    text = label(title, int(NAME * width / WIDTH))
    lines = text.count("\n")
    figure = Sheet(figsize=(width, height + 0.17 * lines), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set_title(text)
    axes.grid(True)
    return figure, axes


def rows_sheet(title: str, names: Sequence[str], content: float) -> RowsSheet:
    """A figure with one line per name: the name, and below it so many inches of content."""
    texts = [label(name) for name in names]
    tops, places, total = [], [], 0.06
    for text in texts:
        tops.append(total)
        total += 0.155 * (text.count("\n") + 1) + 0.03
        places.append(total + content / 2)
        total += content + 0.09
    figure, axes = sheet(title, total + 0.85)
    axes.set_ylim(total, 0)
    axes.set_yticks([])
    axes.grid(False, axis="y")
    for top, text in zip(tops, texts):
        behind = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
        axes.text(
            0.008, top, text, transform=axes.get_yaxis_transform(), va="top", fontsize=8.5, bbox=behind, linespacing=1.1
        )
    return RowsSheet(figure, axes, tuple(places))


def handle(look: Look, line: bool = True) -> Any:
    """What stands for a configuration in a legend."""
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"linestyle": "-" if line else "none", "markeredgecolor": PAPER, "markeredgewidth": 0.4}
    return Line2D([], [], color=look.colour, marker=look.marker, markersize=6, **style)


def bottom_legend(figure: Figure, handles: Sequence[Any], texts: Sequence[str]) -> None:
    """A legend below the axes, for which the figure grows; in as many columns as fit."""
    if not texts:
        return
    widest = max(len(line) for text in texts for line in text.split("\n"))
    columns = max(1, min(len(texts), int((figure.get_figwidth() - 0.2) / (0.5 + 0.066 * widest))))
    lines = [max(text.count("\n") + 1 for text in texts[start::columns]) for start in range(columns)]
    rows = -(-len(texts) // columns)
    figure.set_figheight(figure.get_figheight() + 0.1 + 0.185 * rows * max(lines))
    figure.legend(
        handles, texts, loc="outside lower center", ncols=columns, columnspacing=1.2, handlelength=1.9, labelspacing=0.4
    )

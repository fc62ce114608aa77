"""Names beside points, placed so that they do not lie on one another, on marks, or outside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from tunefork.report.figures.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

DISTANCES = (6.0, 10.0, 16.0, 24.0, 34.0, 46.0)
"""Typographical points between a mark and its name, nearest first."""
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""Right, left, above, below, and between them."""
SIZE = 7.5
Segment = tuple[tuple[float, float], tuple[float, float]]
"""Two ends, in the axes' units."""
LED = 12.0
"""From this distance on a thin line leads from the mark to its name."""


@dataclass(frozen=True)
class Named:
    """A point and its name, in the axes' units."""

    x: float
    y: float
    text: str
    needed: bool
    """Whether it gets its name in any case; others go without where there is no free place."""
    low: float | None = None
    high: float | None = None
    """The ends of its interval."""


@dataclass
class _Board:
    """What is on the axes already, in pixels."""

    axes: Axes
    frame: Bbox
    marks: list[Bbox]
    lines: list[Bbox]
    """Intervals, and straight lines."""
    taken: list[Bbox] = field(default_factory=list)
    """Names."""
    leaders: list[Path] = field(default_factory=list)
    """Lines from marks to their names."""

    def place(self, number: int, point: Named, size: tuple[float, float]) -> None:
        """Write the name of a point where it is in the way of the least; nowhere if that is too much."""
        ways = list(product(DISTANCES, DIRECTIONS))
        costs = [self._cost(number, point, size, *way) for way in ways]
        best = min(range(len(ways)), key=lambda place: costs[place])
        if not point.needed and costs[best][:2] != (0, 0):
            return
        _write(self.axes, point, *ways[best])
        self.taken.append(_box(self.axes, point, size, *ways[best]))
        if ways[best][0] > LED:
            self.leaders.append(_leader(self.axes, point, *ways[best]))

    def _cost(
        self, number: int, point: Named, size: tuple[float, float], distance: float, direction: tuple[int, int]
    ) -> tuple[int, int, int, float]:
        """What a place is in the way of: names and the frame first, then marks, then lines; then how far it is."""
        box, frame = _box(self.axes, point, size, distance, direction), self.frame
        outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
        others = [mark for other, mark in enumerate(self.marks) if other != number]
        struck = box.count_overlaps(self.lines) + sum(leader.intersects_bbox(box) for leader in self.leaders)
        if distance > LED:
            leader = _leader(self.axes, point, distance, direction)
            struck += sum(leader.intersects_bbox(name) for name in self.taken)
        return outside + box.count_overlaps(self.taken), box.count_overlaps(others), struck, distance


def place_names(axes: Axes, points: Sequence[Named], segments: Sequence[Segment] = ()) -> None:
    """Write the names, those that are needed first, clear of straight lines where that is possible.

    The figure is laid out first, so everything else has to be drawn before.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    board = _Board(axes, axes.get_window_extent(), *_obstacles(axes, points, segments))
    for number in sorted(range(len(points)), key=lambda number: not points[number].needed):
        board.place(number, points[number], _size(axes, points[number].text, canvas.get_renderer()))


def _obstacles(axes: Axes, points: Sequence[Named], segments: Sequence[Segment]) -> tuple[list[Bbox], list[Bbox]]:
    """The boxes of all marks, and of intervals and lines, in pixels."""
    from matplotlib.transforms import Bbox

    marks, lines = [], []
    for point in points:
        x, y = axes.transData.transform((point.x, point.y))
        marks.append(Bbox.from_extents(x - 5, y - 5, x + 5, y + 5))
        if point.low is not None and point.high is not None:
            low, high = (axes.transData.transform((point.x, end))[1] for end in (point.low, point.high))
            lines.append(Bbox.from_extents(x - 3, low, x + 3, high))
    for ends in segments:
        (left, bottom), (right, top) = (axes.transData.transform(end) for end in ends)
        lines.append(Bbox.from_extents(min(left, right), min(bottom, top) - 1, max(left, right), max(bottom, top) + 1))
    return marks, lines


def _size(axes: Axes, text: str, renderer: Any) -> tuple[float, float]:
    """Width and height of a name in pixels."""
    probe = axes.text(0, 0, text, fontsize=SIZE)
    box = probe.get_window_extent(renderer)
    probe.remove()
    return box.width, box.height


def _shift(distance: float, direction: tuple[int, int]) -> tuple[float, float]:
    """Across and up, in typographical points."""
    diagonal = 0.7071 if all(direction) else 1.0
    return direction[0] * distance * diagonal, direction[1] * distance * diagonal


def _leader(axes: Axes, point: Named, distance: float, direction: tuple[int, int]) -> Path:
    """The line from a mark to its name, in pixels."""
    from matplotlib.path import Path

    x, y = axes.transData.transform((point.x, point.y))
    across, up = (axes.figure.dpi / 72 * part for part in _shift(distance, direction))
    return Path([(x, y), (x + across, y + up)])


def _box(axes: Axes, point: Named, size: tuple[float, float], distance: float, direction: tuple[int, int]) -> Bbox:
    """Where a name would stand, in pixels."""
    from matplotlib.transforms import Bbox

    pixels = axes.figure.dpi / 72
    x, y = axes.transData.transform((point.x, point.y))
    across, up = (pixels * part for part in _shift(distance, direction))
    left = x + across - size[0] * (1 - direction[0]) / 2
    bottom = y + up - size[1] * (1 - direction[1]) / 2
    return Bbox.from_bounds(left - 1, bottom, size[0] + 2, size[1])


def _write(axes: Axes, point: Named, distance: float, direction: tuple[int, int]) -> None:
    across, up = direction
    near = ((1 - across) / 2, (1 - up) / 2)
    led = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4, "relpos": near}
    note = axes.annotate(
        point.text,
        (point.x, point.y),
        xytext=_shift(distance, direction),
        textcoords="offset points",
        ha=("center", "left", "right")[across],
        va=("center", "bottom", "top")[up],
        fontsize=SIZE,
        color=INK if point.needed else MUTED,
        arrowprops=led if distance > LED else None,
        zorder=5,
    )
    note.set_in_layout(False)

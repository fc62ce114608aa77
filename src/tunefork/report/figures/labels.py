"""Names beside points, placed so that they do not lie on one another, on marks, or outside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


def place_names(axes: Axes, points: Sequence[Named], segments: Sequence[Segment] = ()) -> None:
    """Write the names, clear of straight lines where that is possible.

    The figure is laid out first, so everything else has to be drawn before.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    renderer, frame = canvas.get_renderer(), axes.get_window_extent()
    marks, lines = _obstacles(axes, points, segments)
    taken: list[Bbox] = []
    leaders: list[Path] = []
    for place in sorted(range(len(points)), key=lambda place: not points[place].needed):
        point = points[place]
        others = [box for number, box in enumerate(marks) if number != place]
        best: tuple[tuple[int, int, int, float], Any, Bbox] | None = None
        size = _size(axes, point.text, renderer)
        for distance, direction in product(DISTANCES, DIRECTIONS):
            box = _box(axes, point, size, distance, direction)
            outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
            bad = outside + box.count_overlaps(taken)
            leader = _leader(axes, point, distance, direction)
            struck = sum(path.intersects_bbox(box) for path in leaders)
            struck += sum(leader.intersects_bbox(other) for other in taken) if distance > LED else 0
            cost = (bad, box.count_overlaps(others), struck + box.count_overlaps(lines), distance)
            if best is None or cost < best[0]:
                best = (cost, (distance, direction), box)
        assert best is not None
        if point.needed or best[0][:2] == (0, 0):
            _write(axes, point, *best[1])
            taken.append(best[2])
            leaders += [_leader(axes, point, *best[1])] if best[1][0] > LED else []


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

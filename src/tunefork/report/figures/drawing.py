"""A figure as a file and as part of the page."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tunefork.report.figures.style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MARKED,
    MUTED,
    PAPER,
    SETTINGS,
    SKY,
    VERMILLION,
    WASH,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VARIABLES = {
    **{INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", WASH: "wash", "#ffffff": "paper"},
    **{BLUE: "blue", SKY: "sky", GREEN: "green", VERMILLION: "vermillion"},
}
"""Colours that the page replaces with its own, so that figures follow light and dark."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, the name of its files, and what it shows for those who cannot see it."""

    name: str
    figure: Figure
    alt: str
    caption: str = ""
    """What stands below it: how to read it, and what it shows as text."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """What is said of a configuration where its mark is pointed at, by the configuration's place in the study."""

    @cached_property
    def svg(self) -> bytes:
        """The figure as an SVG file. Marks of configurations have their titles and ``data-configuration``."""
        text = _rendered(self, "svg").decode()

        def titled(found: re.Match[str]) -> str:
            title = html.escape(self.titles.get(int(found[1]), ""))
            return f'<g data-configuration="{found[1]}">' + (f"<title>{title}</title>" if title else "")

        return re.sub(rf'<g id="{MARKED}(\d+)">', titled, text).encode()

    @property
    def png(self) -> bytes:
        """The figure as a PNG file."""
        return _rendered(self, "png")

    @property
    def width(self) -> float:
        """Inches."""
        return float(self.figure.get_figwidth())


def inline_svg(drawing: Drawing) -> str:
    """The figure as an ``<svg>`` element that takes its colours from the page (``--ink`` and others).

    Ids get the figure's name as prefix, because a page holds several figures and ids must not repeat.
    """
    text = drawing.svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href=", "href=")
    text = re.sub(r'\bid="', f'id="{drawing.name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\1{drawing.name}-", text)
    text = text.replace('<style type="text/css">*{', '<style type="text/css">svg *{')
    return _recoloured(text).replace("<svg ", '<svg role="img" aria-hidden="true" ', 1)


def themed_svg(text: str, palette: str) -> str:
    """A figure's file with the colours of a style sheet, for a page that shows it as a picture.

    >>> themed_svg('<svg width="1"><path fill="#ffffff"/></svg>', ":root { --paper: #000; }")
    '<svg width="1"><style>:root { --paper: #000; }</style><path fill="var(--paper)"/></svg>'
    """
    opening = re.search(r"<svg\b[^>]*>", text)
    if opening is None:
        return text
    return f"{text[: opening.end()]}<style>{palette}</style>{_recoloured(text[opening.end() :])}"


def _recoloured(text: str) -> str:
    """With the page's variables in the place of colours."""
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    return text


@contextmanager
def style(salt: str = "tunefork") -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever the user's matplotlibrc says; the salt makes SVG ids repeatable."""
    import matplotlib

    settings: dict[str, Any] = {**matplotlib.rcParamsDefault, **SETTINGS, "svg.hashsalt": salt}
    settings.pop("backend", None)
    with matplotlib.rc_context(settings):
        yield


def _rendered(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    with style(drawing.name):
        if drawing.figure.get_layout_engine() is not None:  # once for all files: it takes as long as drawing
            drawing.figure.draw_without_rendering()
            drawing.figure.set_layout_engine(None)
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        drawing.figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return buffer.getvalue()

"""The figures of a report, as Matplotlib figures, files, and SVG for the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunefork.report.figures import ablations, bars, curves, reliability
from tunefork.report.figures.style import GRID, INK, MUTED, PAPER, SETTINGS
from tunefork.report.summary import Summary
from tunefork.report.verdict import Verdict
from tunefork.store.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["NAMES", "Drawing", "draw", "inline_svg", "save"]

NAMES = ("scores", "differences", "tradeoff", "parameters", "rank", "targets", "loss", "accuracy", "reliability")
"""All figures, in the order of the report."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, the name of its files, and what it shows for those who cannot see it."""

    name: str
    figure: Figure
    alt: str

    @cached_property
    def svg(self) -> bytes:
        """The figure as an SVG file."""
        return _rendered(self, "svg")

    @property
    def png(self) -> bytes:
        """The figure as a PNG file."""
        return _rendered(self, "png")


def draw(summary: Summary, found: Verdict) -> list[Drawing]:
    """Every figure that the study has data for, in the order of the report."""
    with _style():
        made = (
            (bars.scores(summary), "Bars of accuracy and macro F1 of every configuration"),
            (bars.differences(found.judgement), "Differences to the best configuration on test"),
            (ablations.tradeoff(summary), "Accuracy against the number of trainable parameters"),
            (bars.parameters(summary), "Bars of trainable parameters of every configuration"),
            (ablations.rank(summary), "Accuracy against LoRA rank"),
            (ablations.targets(summary), "Accuracy against LoRA targets"),
            (curves.loss(summary), "Training and validation loss against the step, for all runs"),
            (curves.accuracy(summary), "Validation accuracy against the step, for all runs"),
            (
                reliability.reliability(summary),
                "Accuracy of the best run against how sure it is, before and after calibration",
            ),
        )
    return [Drawing(name, figure, alt) for name, (figure, alt) in zip(NAMES, made) if figure is not None]


def save(drawings: list[Drawing], folder: Path) -> list[Path]:
    """Write every figure as SVG and PNG; figures of an earlier report that no longer apply are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{drawing.name}.{kind}" for drawing in drawings for kind in ("svg", "png")}
    for name in NAMES:
        for kind in ("svg", "png"):
            if f"{name}.{kind}" not in wanted:
                (folder / f"{name}.{kind}").unlink(missing_ok=True)
    written = []
    for drawing in drawings:
        for kind, content in (("svg", drawing.svg), ("png", drawing.png)):
            path = folder / f"{drawing.name}.{kind}"
            write_bytes(path, content)
            written.append(path)
    return written


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
    for colour, variable in ((INK, "ink"), (MUTED, "muted"), (GRID, "grid"), (PAPER, "paper"), ("#ffffff", "paper")):
        text = text.replace(colour, f"var(--{variable})")
    return text.replace("<svg ", '<svg role="img" aria-hidden="true" ', 1)


def _rendered(drawing: Drawing, kind: str) -> bytes:
    buffer = io.BytesIO()
    with _style(drawing.name):
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        drawing.figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return buffer.getvalue()


@contextmanager
def _style(salt: str = "tunefork") -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever the user's matplotlibrc says; the salt makes SVG ids repeatable."""
    import matplotlib

    settings: dict[str, Any] = {**matplotlib.rcParamsDefault, **SETTINGS, "svg.hashsalt": salt}
    settings.pop("backend", None)
    with matplotlib.rc_context(settings):
        yield

"""The figures of a report, as Matplotlib figures, files, and SVG for the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tunefork.config import HEADLINE
from tunefork.problem import Problem
from tunefork.report.effects import Changes
from tunefork.report.figures import ablations, bars, changes, curves, heat_map, predicted, reliability, search, tradeoff
from tunefork.report.figures.drawing import Drawing, inline_svg, style, themed_svg
from tunefork.report.figures.panels import panels
from tunefork.report.figures.style import MUTED, numbers
from tunefork.report.judged import judged_estimate, judged_name, judged_value
from tunefork.report.pareto import fronts
from tunefork.report.summary import Summary
from tunefork.report.verdict import Verdict
from tunefork.report.wording import duration, listed, memory, plain_percent
from tunefork.store.atomic import write_bytes

__all__ = [
    "CHANGES",
    "COURSES",
    "FURTHER",
    "NAMES",
    "Drawing",
    "draw",
    "draw_changes",
    "inline_svg",
    "save",
    "themed_svg",
]

NAMES = (
    "scores", "differences", "tradeoff", "tradeoff-time", "tradeoff-memory", "parameters", "rank",
    "rank-targets", "targets", "loss", "accuracy", "reliability",
)  # fmt: skip
"""All figures, in the order of the report. Of loss and accuracy there are several where a study has many
configurations: loss, loss-2, loss-3."""
CHANGES = ("movement", "intruders")
"""Those of the section on what training did to the matrices."""
COURSES: dict[Problem, str] = {"single_label": "accuracy", "multi_label": "micro-f1", "regression": "r2"}
"""What the headline's course is called, by problem."""
FURTHER = ("micro-f1", "r2", "predicted", "search", *CHANGES)
"""Figures that only some studies have."""
STAMP = "smoke run"


def draw(summary: Summary, found: Verdict) -> list[Drawing]:
    """Every figure that the study has data for, in the order of the report."""
    with style():
        drawings = [
            *_overview(summary, found), *_tradeoffs(summary), *_settings(summary), *_courses(summary),
            *_calibration(summary), *_predicted(summary), *_searched(summary),
        ]  # fmt: skip
        return _stamped(drawings, summary)


def draw_changes(found: Changes, summary: Summary) -> list[Drawing]:
    """The figures of what training did to the matrices."""
    with style():
        made = (
            (
                "movement",
                changes.movement(found, summary.configurations),
                "Relative norm of what training added, by block",
            ),
            ("intruders", changes.intruders(found), "Bars of intruder dimensions of every configuration"),
        )
        return _stamped([Drawing(name, figure, alt) for name, figure, alt in made], summary)


def _stamped(drawings: list[Drawing], summary: Summary) -> list[Drawing]:
    """The figures; those of a smoke run say across them what they are, since a figure is shown without its report."""
    if summary.study.made_up:
        for drawing in drawings:
            drawing.figure.text(0.5, 0.5, STAMP, color=MUTED, alpha=0.3, size=28, rotation=20, ha="center", va="center")
    return drawings


def save(drawings: list[Drawing], folder: Path) -> list[Path]:
    """Write every figure as SVG and PNG; figures of an earlier report that no longer apply are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{drawing.name}.{kind}" for drawing in drawings for kind in ("svg", "png")}
    ours = re.compile(rf"({'|'.join((*NAMES, *FURTHER))})(-\d+)?\.(svg|png)")
    for path in folder.iterdir():
        if ours.fullmatch(path.name) and path.name not in wanted:
            path.unlink()
    written = []
    for drawing in drawings:
        for kind, content in (("svg", drawing.svg), ("png", drawing.png)):
            path = folder / f"{drawing.name}.{kind}"
            write_bytes(path, content)
            written.append(path)
    return written


def _overview(summary: Summary, found: Verdict) -> Iterator[Drawing]:
    titles, (first, second) = _titles(summary), (summary.units.name(each) for each in summary.units.kind.bars)
    made = (
        ("scores", bars.scores(summary), f"Bars of {first} and {second} of every configuration"),
        ("differences", bars.differences(found.judgement), "Differences to the best configuration on test"),
    )
    for name, figure, alt in made:
        if figure is not None:
            yield Drawing(name, figure, alt, titles=titles)


def _tradeoffs(summary: Summary) -> Iterator[Drawing]:
    names, titles = {"parameters": "tradeoff", "time": "tradeoff-time", "memory": "tradeoff-memory"}, _titles(summary)
    for front in fronts(summary):
        alt = f"{judged_name(summary)} against {front.cost.title}, one point per configuration"
        figure, text = tradeoff.tradeoff(summary, front), tradeoff.caption(summary, front)
        yield Drawing(names[front.cost.name], figure, alt, text, titles)
    sizes = bars.parameters(summary)
    if sizes is not None:
        yield Drawing("parameters", sizes, "Bars of trainable parameters of every configuration", titles=titles)


def _settings(summary: Summary) -> Iterator[Drawing]:
    metric, titles = judged_name(summary), _titles(summary)
    made = (
        ("rank", ablations.rank(summary), f"{metric} against LoRA rank", ""),
        ("rank-targets", heat_map.heat_map(summary), f"{metric} by LoRA rank and targets", heat_map.caption(summary)),
        ("targets", ablations.targets(summary), f"{metric} against LoRA targets", ""),
    )
    for name, figure, alt, caption in made:
        if figure is not None:
            yield Drawing(name, figure, alt, caption, titles)


def _courses(summary: Summary) -> Iterator[Drawing]:
    titles = _titles(summary)
    for number, panel in enumerate(panels(summary), start=1):
        of = f", for {listed([one.name for one in panel.configurations])}"
        ending = f"-{number}" if number > 1 else ""
        yield Drawing(
            f"loss{ending}",
            curves.loss(summary, panel),
            f"Training and validation loss against the step{of}",
            titles=titles,
        )
        figure, problem = curves.accuracy(summary, panel), summary.study.problem
        if figure is not None:
            alt = f"Validation {summary.units.name(HEADLINE[problem])} against the step{of}"
            yield Drawing(f"{COURSES[problem]}{ending}", figure, alt, titles=titles)


def _calibration(summary: Summary) -> Iterator[Drawing]:
    figure = reliability.reliability(summary)
    if figure is not None:
        alt = "Accuracy of the best run against how sure it is, before and after calibration"
        yield Drawing("reliability", figure, alt, titles=_titles(summary))


def _predicted(summary: Summary) -> Iterator[Drawing]:
    figure = predicted.predicted(summary)
    if figure is not None:
        alt = "What the best run answers against what is true, one mark per test row"
        yield Drawing("predicted", figure, alt, predicted.caption(summary), _titles(summary))


def _searched(summary: Summary) -> Iterator[Drawing]:
    figure = search.budget(summary)
    if figure is not None:
        alt = "The best value on validation against the time that a search spent on trials"
        yield Drawing("search", figure, alt, search.caption(summary))


def _titles(summary: Summary) -> dict[int, str]:
    """What is said of every configuration where its mark is pointed at."""
    order, found = numbers(summary), {}
    for one in summary.configurations:
        value, estimate, parts = judged_value(one, summary), judged_estimate(one, summary), []
        if value is not None:
            judged, units = summary.judged_by, summary.units
            ends = f" ({units.ends(judged, estimate.interval.low, estimate.interval.high)})" if estimate else ""
            parts.append(f"{units.name(judged)} {units.value(judged, value, 1)}{ends}")
        parts.append(f"{one.counts.trainable:,} trainable ({plain_percent(one.counts.peft_percent)} %)")
        parts += [duration(one.seconds_alone.mean)] if one.seconds_alone else []
        parts += [memory(one.peak_memory_mb)] if one.peak_memory_mb else []
        found[order[one.id]] = f"{one.name}: {'; '.join(parts)}"
    return found

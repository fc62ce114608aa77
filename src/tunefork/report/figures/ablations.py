"""What one setting does: accuracy against rank, against targets, and against the number of trainable parameters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunefork.config import canonical_json
from tunefork.report.figures.style import (
    COLOURS,
    GRID,
    MARKERS,
    PAPER,
    handle,
    label,
    looks,
    outside_legend,
    rows_sheet,
    sheet,
)
from tunefork.report.summary import ConfigurationSummary, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = list[ConfigurationSummary]


def rank(summary: Summary) -> Figure | None:
    """Accuracy against rank, one line per set of LoRA configurations that differ only in it."""
    series = rank_series(summary)
    if not series:
        return None
    texts = [label(_rank_name(group)) for group in series]
    figure, axes = sheet(f"Accuracy on {summary.split} against LoRA rank", legend=texts)
    handles = []
    for place, group in enumerate(series):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        shift = 2 ** (0.06 * (place - (len(series) - 1) / 2))
        xs = [_strategy(one)["rank"] * shift for one in group]
        for x, one in zip(xs, group):
            _point(axes, summary, one, colour, marker, x=x)
        means = [_mean(summary, one) for one in group]
        handles += axes.plot(xs, means, color=colour, linewidth=1.4, marker=marker, markersize=5)
    ranks = sorted({_strategy(one)["rank"] for group in series for one in group})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(value) for value in ranks])
    axes.minorticks_off()
    axes.set(xlabel="rank (logarithmic)", ylabel=_metric(summary))
    axes.margins(x=0.12)
    outside_legend(figure, handles, texts)
    return figure


def targets(summary: Summary) -> Figure | None:
    """Accuracy of LoRA configurations that differ only in their targets."""
    series = target_series(summary)
    if not series:
        return None
    names = [f"{'+'.join(_strategy(one)['targets'])} (r={_strategy(one).get('rank')})" for one in _flat(series)]
    figure, axes = rows_sheet(f"Accuracy on {summary.split} against LoRA targets", names, 0.36)
    place = 0
    for number, group in enumerate(series):
        for one in group:
            colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
            _point(axes, summary, one, colour, marker, y=place)
            place += 1
        if number < len(series) - 1:
            axes.axhline(place - 0.5, color=GRID, linewidth=0.8)
    axes.set_xlabel(_metric(summary))
    axes.margins(x=0.1)
    return figure


def tradeoff(summary: Summary) -> Figure | None:
    """Accuracy against trainable parameters."""
    shown = [one for one in summary.configurations if summary.split and one.spread(summary.split, "accuracy")]
    shown = [one for one in shown if one.counts.trainable > 0]
    if not shown:
        return None
    found, texts = looks(summary.configurations), [label(one.name) for one in shown]
    figure, axes = sheet(f"Accuracy on {summary.split} against trainable parameters", legend=texts)
    for one in shown:
        look = found[one.id]
        _point(axes, summary, one, look.colour, look.marker, x=one.counts.trainable, seeds=False)
    axes.set_xscale("log")
    axes.set(xlabel="trainable parameters (logarithmic)", ylabel=_metric(summary))
    axes.margins(x=0.1)
    outside_legend(figure, [handle(found[one.id], line=False) for one in shown], texts)
    return figure


def rank_series(summary: Summary) -> list[Series]:
    """LoRA configurations that differ only in rank; alpha may stay, or follow the rank."""
    groups: dict[str, dict[Any, ConfigurationSummary]] = defaultdict(dict)
    for one in _measured(summary):
        strategy = _strategy(one)
        if not isinstance(strategy.get("rank"), int) or not isinstance(strategy.get("alpha"), int | float):
            continue
        for key, alpha in (("scale", strategy["alpha"] / strategy["rank"]), ("alpha", strategy["alpha"])):
            groups[_key(one, {"rank": key, "alpha": alpha})][strategy["rank"]] = one
    return [[group[value] for value in sorted(group)] for group in groups.values() if len(group) > 1]


def target_series(summary: Summary) -> list[Series]:
    """LoRA configurations that differ only in their targets."""
    groups: dict[str, dict[str, ConfigurationSummary]] = defaultdict(dict)
    for one in _measured(summary):
        if isinstance(_strategy(one).get("targets"), list):
            groups[_key(one, {"targets": ""})][one.id] = one
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _measured(summary: Summary) -> list[ConfigurationSummary]:
    split = summary.split
    return [one for one in summary.configurations if one.strategy == "lora" and split and one.spread(split, "accuracy")]


def _strategy(one: ConfigurationSummary) -> Mapping[str, Any]:
    strategy = one.runs[0].record.config.get("strategy", {})
    return strategy if isinstance(strategy, dict) else {}


def _key(one: ConfigurationSummary, changes: Mapping[str, Any]) -> str:
    return canonical_json([{**_strategy(one), **changes}, one.runs[0].record.config.get("training")])


def _flat(series: list[Series]) -> Series:
    return [one for group in series for one in group]


def _rank_name(group: Series) -> str:
    strategy = _strategy(group[0])
    ends = {_strategy(one)["alpha"] for one in group}
    alpha = f"alpha={ends.pop():g}" if len(ends) == 1 else f"alpha={strategy['alpha'] / strategy['rank']:g}×rank"
    return f"{'+'.join(strategy.get('targets', []))}, {alpha}"


def _metric(summary: Summary) -> str:
    return "accuracy (%), 95 % interval" if summary.split == "test" else "accuracy (%)"


def _mean(summary: Summary, one: ConfigurationSummary) -> float:
    spread = one.spread(summary.split or "test", "accuracy")
    return 100 * spread.mean if spread else float("nan")


def _point(
    axes: Axes,
    summary: Summary,
    one: ConfigurationSummary,
    colour: str,
    marker: str,
    *,
    x: float | None = None,
    y: float | None = None,
    seeds: bool = True,
) -> None:
    """A configuration's mean with its interval, and its seeds as faint dots, at a place on one of the axes."""
    mean, estimate = _mean(summary, one), one.accuracy if summary.split == "test" else None
    spread = one.spread(summary.split or "test", "accuracy")
    dots = [100 * value for value in spread.values] if spread and seeds and len(spread.values) > 1 else []
    ends = None
    if estimate:
        ends = [[max(0.0, mean - 100 * estimate.interval.low)], [max(0.0, 100 * estimate.interval.high - mean)]]
    style: dict[str, Any] = {"fmt": marker, "color": colour, "markersize": 7, "markeredgecolor": PAPER}
    style |= {"markeredgewidth": 0.6, "elinewidth": 1.3, "capsize": 2.5, "zorder": 3}
    if x is not None:
        axes.scatter([x * 2**0.07] * len(dots), dots, s=12, color=colour, alpha=0.4, linewidths=0, zorder=2)
        axes.errorbar([x], [mean], yerr=ends, **style)
    if y is not None:
        axes.scatter(dots, [y + 0.2] * len(dots), s=12, color=colour, alpha=0.4, linewidths=0, zorder=2)
        axes.errorbar([mean], [y], xerr=ends, **style)

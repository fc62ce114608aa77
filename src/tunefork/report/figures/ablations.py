"""What one setting of LoRA does: the judged metric against rank, and against targets."""

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
    bottom_legend,
    label,
    mark_interval,
    numbers,
    rows_sheet,
    sheet,
)
from tunefork.report.judged import (
    judged_axis,
    judged_estimate,
    judged_name,
    judged_scale,
    judged_seeds,
    judged_value,
    measured,
)
from tunefork.report.summary import ConfigurationSummary, Summary
from tunefork.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = list[ConfigurationSummary]


def rank(summary: Summary) -> Figure | None:
    """The metric against rank, one line per set of LoRA configurations that differ only in it."""
    series = rank_series(summary)
    if not series:
        return None
    figure, axes = sheet(f"{_metric(summary)} on {summary.split} against LoRA rank{_own(summary)}")
    handles = []
    for place, group in enumerate(series):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        shift = 2 ** (0.06 * (place - (len(series) - 1) / 2))
        xs = [strategy_of(one)["rank"] * shift for one in group]
        for x, one in zip(xs, group):
            _point(axes, summary, one, colour, marker, x=x)
        means = [_scaled(summary, one) for one in group]
        handles += axes.plot(xs, means, color=colour, linewidth=1.4, marker=marker, markersize=5)
    ranks = sorted({strategy_of(one)["rank"] for group in series for one in group})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(value) for value in ranks])
    axes.minorticks_off()
    axes.set(xlabel="rank (logarithmic)", ylabel=judged_axis(summary))
    axes.margins(x=0.12)
    bottom_legend(figure, handles, [label(_rank_name(group)) for group in series])
    return figure


def targets(summary: Summary) -> Figure | None:
    """The metric of LoRA configurations that differ only in their targets."""
    series = target_series(summary)
    if not series:
        return None
    shown = [(number, one) for number, group in enumerate(series) for one in group]
    names = [f"{'+'.join(strategy_of(one)['targets'])} (r={strategy_of(one).get('rank')})" for _, one in shown]
    rows = rows_sheet(f"{_metric(summary)} on {summary.split} against LoRA targets{_own(summary)}", names, 0.2)
    before = 0
    for y, (number, one) in zip(rows.places, shown):
        if number != before:
            rows.axes.axhline(y - 0.31, color=GRID, linewidth=0.8)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        _point(rows.axes, summary, one, colour, marker, y=y)
        before = number
    rows.axes.set_xlabel(judged_axis(summary))
    rows.axes.margins(x=0.1)
    return rows.figure


def rank_series(summary: Summary) -> list[Series]:
    """LoRA configurations that differ only in rank; alpha may stay, follow the rank, or have been looked for."""
    groups: dict[str, dict[Any, ConfigurationSummary]] = defaultdict(dict)
    free = looked_for(summary)
    for one in _loras(summary):
        strategy = strategy_of(one)
        if not isinstance(strategy.get("rank"), int) or not isinstance(strategy.get("alpha"), int | float):
            continue
        scales = {"scale": strategy["alpha"] / strategy["rank"], "alpha": strategy["alpha"]}
        for key, alpha in {"free": 0.0}.items() if "alpha" in free else scales.items():
            groups[_key(one, {"rank": key, "alpha": alpha}, free)][strategy["rank"]] = one
    return [[group[value] for value in sorted(group)] for group in groups.values() if len(group) > 1]


def target_series(summary: Summary) -> list[Series]:
    """LoRA configurations that differ only in their targets, and in what was looked for."""
    groups: dict[str, dict[str, ConfigurationSummary]] = defaultdict(dict)
    free = looked_for(summary)
    for one in _loras(summary):
        if isinstance(strategy_of(one).get("targets"), list):
            groups[_key(one, {"targets": ""}, free)][one.id] = one
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def looked_for(summary: Summary) -> frozenset[str]:
    """Settings that a search gave to each LoRA configuration: each at its best, so they may differ."""
    tried = [set(trial.settings) for trial in summary.trials if trial.arm.startswith("lora-")]
    return frozenset(set.intersection(*tried) - {"rank", "targets"}) if tried else frozenset()


def strategy_of(one: ConfigurationSummary) -> Mapping[str, Any]:
    """The resolved settings of a configuration's strategy."""
    strategy = one.runs[0].record.config.get("strategy", {})
    return strategy if isinstance(strategy, dict) else {}


def _loras(summary: Summary) -> list[ConfigurationSummary]:
    return [one for one in measured(summary) if one.strategy == "lora"]


def _key(one: ConfigurationSummary, changes: Mapping[str, Any], free: frozenset[str]) -> str:
    strategy = {name: value for name, value in strategy_of(one).items() if name not in free}
    training = one.runs[0].record.config.get("training") or {}
    return canonical_json(
        [{**strategy, **changes}, {name: value for name, value in training.items() if f"training.{name}" not in free}]
    )


def _own(summary: Summary) -> str:
    return ", each at its best" if looked_for(summary) else ""


def _rank_name(group: Series) -> str:
    strategy = strategy_of(group[0])
    ends = {strategy_of(one)["alpha"] for one in group}
    scales = {strategy_of(one)["alpha"] / strategy_of(one)["rank"] for one in group}
    if len(ends) == 1:
        alpha = f"alpha={ends.pop():g}"
    else:
        alpha = f"alpha={scales.pop():g}×rank" if len(scales) == 1 else "each its own alpha"
    return f"{'+'.join(strategy.get('targets', []))}, {alpha}"


def _metric(summary: Summary) -> str:
    return capital(judged_name(summary))


def _scaled(summary: Summary, one: ConfigurationSummary) -> float:
    value = judged_value(one, summary)
    return float("nan") if value is None else judged_scale(summary) * value


def _point(
    axes: Axes,
    summary: Summary,
    one: ConfigurationSummary,
    colour: str,
    marker: str,
    *,
    x: float | None = None,
    y: float | None = None,
) -> None:
    """A configuration's mean with its interval, and its seeds as faint dots, at a place on one of the axes."""
    mean, estimate, scale = _scaled(summary, one), judged_estimate(one, summary), judged_scale(summary)
    seeds = judged_seeds(one, summary)
    dots = [scale * value for value in seeds] if len(seeds) > 1 else []
    ends = None
    if estimate:
        low, high = scale * estimate.interval.low, scale * estimate.interval.high
        ends = [[max(0.0, mean - low)], [max(0.0, high - mean)]]
    style: dict[str, Any] = {"fmt": marker, "color": colour, "markersize": 7, "markeredgecolor": PAPER}
    style |= {"markeredgewidth": 0.6, "elinewidth": 1.3, "capsize": 2.5, "zorder": 3}
    faint: dict[str, Any] = {"s": 12, "color": colour, "alpha": 0.4, "linewidths": 0, "zorder": 2}
    if x is not None:
        axes.scatter([x * 2**0.07] * len(dots), dots, **faint)
        mark_interval(axes.errorbar([x], [mean], yerr=ends, **style), numbers(summary)[one.id])
    if y is not None:
        axes.scatter(dots, [y + 0.11] * len(dots), **faint)
        mark_interval(axes.errorbar([mean], [y], xerr=ends, **style), numbers(summary)[one.id])

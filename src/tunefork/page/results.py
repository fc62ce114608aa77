"""What the report says of a study, as JSON: words, table, intervals, differences. Nothing is computed here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tunefork.page.figures import figures
from tunefork.page.following import token, written
from tunefork.page.standing import begun, opened, plain, standing
from tunefork.report import ConfigurationSummary, Summary, Verdict, summarise, table, verdict
from tunefork.report.judged import judged_axis, judged_estimate, judged_scale, judged_text, judged_value
from tunefork.report.searched import search_table
from tunefork.store import Store

KEPT = 32
"""Studies whose results are kept: they take seconds to compute, and change when a run ends."""


class ResultsShelf:
    """Results of studies, computed once for as long as they cannot have changed."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: Path) -> dict[str, Any]:
        """The results of a study; of one that goes on, those of the runs that have ended.

        Raises:
            StoreError: there is no study, or none that can be read.
        """
        with self._lock, opened(folder) as store:  # one after the other: training may need the processor
            runs = store.runs()
            now = token(runs, len(store.trials()), standing(folder, runs), folder)
            if self._known.get(folder, {}).get("results") != now:
                self._known[folder] = {"results": now, **_results(store, folder)}
            self._known.move_to_end(folder)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return self._known[folder]


def _results(store: Store, folder: Path) -> dict[str, Any]:
    if begun(store) is None:
        return {"begun": False}
    summary = summarise(store)
    found = verdict(summary)
    search = search_table(summary)
    return {
        "begun": True,
        "sentences": list(found.sentences),
        "recommended": found.recommended.name if found.recommended else None,
        "warnings": list(found.warnings),
        "table": asdict(table(summary)),
        "search": asdict(search) if search else None,
        "best": _best(summary),
        "scores": _scores(summary),
        "differences": _differences(summary, found),
        "report": bool(written(folder)),
        "figures": figures(folder),
    }


def _best(summary: Summary) -> dict[str, str] | None:
    """The configuration that validation chose, and what it has on test."""
    one = summary.best_configuration
    if one is None:
        return None
    value, units = judged_value(one, summary), summary.units
    text = "" if value is None else units.value(summary.judged_by, value, 1)
    return {
        "name": one.name,
        "metric": units.name(summary.judged_by),
        "text": text,
        "split": summary.split or "",
        "run": summary.best or "",
    }


def _scores(summary: Summary) -> dict[str, Any] | None:
    """The metric that is judged, of every configuration, with its interval on test."""
    rows = [row for one in summary.configurations if (row := _score(one, summary))]
    if not rows:
        return None
    return {"axis": f"{summary.split} {judged_axis(summary)}", "rows": rows}


def _score(one: ConfigurationSummary, summary: Summary) -> dict[str, Any] | None:
    value, estimate, scale = judged_value(one, summary), judged_estimate(one, summary), judged_scale(summary)
    if value is None:
        return None
    low, high = (estimate.interval.low, estimate.interval.high) if estimate else (None, None)
    ends = summary.units.ends(summary.judged_by, low, high) if low is not None and high is not None else ""
    return {
        "name": one.name,
        "place": summary.configurations.index(one),
        "best": one.id == summary.choice.configuration,
        "value": plain(scale * value),
        "low": None if low is None else plain(scale * low),
        "high": None if high is None else plain(scale * high),
        "text": judged_text(summary, value),
        "ends": ends,
    }


def _differences(summary: Summary, found: Verdict) -> dict[str, Any] | None:
    """What every other configuration is away from the best, and what the data says to that."""
    judgement = found.judgement
    if judgement is None or not judgement.comparisons:
        return None
    metric, scale, units = summary.judged_by, judged_scale(summary), summary.units
    places = {one.id: place for place, one in enumerate(summary.configurations)}
    rows = []
    for one in judgement.comparisons:
        interval = one.difference.interval
        low, high = (units.difference(metric, each, sign=True) for each in (interval.low, interval.high))
        rows.append(
            {
                "name": one.name,
                "place": places[one.configuration],
                "value": plain(scale * one.difference.value),
                "low": plain(scale * interval.low),
                "high": plain(scale * interval.high),
                "text": units.difference(metric, one.difference.value, sign=True),
                "ends": f"{low} to {high}",
                "outcome": one.outcome,
            }
        )
    return {
        "best": judgement.best.name,
        "metric": units.name(metric),
        "unit": units.noun(metric).strip() or "in the label's unit",
        "margin": plain(scale * judgement.margin),
        "said": units.margin(metric, summary.judging.margin),
        "rows": rows,
    }

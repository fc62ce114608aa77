"""The metrics that validation may choose by, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from tunefork.errors import did_you_mean
from tunefork.problem import Problem

METRICS_OF: dict[Problem, tuple[str, ...]] = {
    "single_label": ("loss", "accuracy", "macro_f1", "weighted_f1", "f1", "mcc", "auroc"),
    "multi_label": ("loss", "accuracy", "micro_f1", "macro_f1", "weighted_f1", "auroc"),
    "regression": ("loss", "rmse", "mae", "r2", "pearson", "spearman"),
}
"""What validation may choose by; f1 where there are two classes."""
METRICS = tuple(dict.fromkeys(name for names in METRICS_OF.values() for name in names))
"""Those that are built in; a metric of the user's own has a name of its own."""
LOWER_IS_BETTER = frozenset({"loss", "rmse", "mae"})
"""Of all others higher is."""
HEADLINE: dict[Problem, str] = {"single_label": "accuracy", "multi_label": "micro_f1", "regression": "r2"}
"""What verdicts are about where validation chose by something that rows do not contribute to."""


def _name(value: str) -> str:
    if not value.isidentifier():
        raise ValueError(f"metric is one of {', '.join(METRICS)}, or the name of your own but got {value!r}")
    return value


MetricName = Annotated[str, AfterValidator(_name)]
"""One of ``METRICS`` or of the user's own: which of these there are is known where a study is made, not here."""


def unknown_metrics(plain: Mapping[str, Any], own: Collection[str] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Names in a study file's plain content that are no metrics, each with the path of its key.

    >>> unknown_metrics({"selection": {"metric": "acuracy"}}, own=["cost"])
    [(('selection', 'metric'), 'acuracy')]
    """
    entries = plain.get("compare")
    places = [("compare", number) for number in range(len(entries) if isinstance(entries, list) else 0)]
    stopping = ("training", "early_stopping", "metric")
    unknown = []
    paths: list[tuple[Any, ...]] = [("selection", "metric"), stopping, *((*place, *stopping) for place in places)]
    for path in paths:
        found: Any = plain
        for part in path:
            if isinstance(found, list):
                found = found[part] if isinstance(part, int) else None
            else:
                found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, str) and found.isidentifier() and found not in (*METRICS, *own):
            unknown.append((path, found))
    return unknown


def which_metric(name: str, own: Collection[str] = ()) -> str:
    """What to do about a metric that there is not.

    >>> which_metric("acuracy")
    "Did you mean 'accuracy'? A metric of your own has to be named: --metric module:function."
    """
    return f"{did_you_mean(name, [*METRICS, *own])} A metric of your own has to be named: --metric module:function."

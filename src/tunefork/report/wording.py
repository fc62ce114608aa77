"""Numbers as people read them, with their units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

MADE_UP = "SMOKE RUN: made-up rows, a tiny model; these numbers mean nothing"
UNKNOWN = "–"
STRATEGIES = {"last_layers": "last layers", "lora": "LoRA", "peft": "PEFT"}
"""What strategies are called where that is not their name in a study file."""
METRICS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "f1": "F1",
    "weighted_f1": "weighted F1",
    "mcc": "MCC",
    "auroc": "AUROC",
    "ece": "ECE",
    "brier": "Brier score",
    "micro_f1": "micro F1",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "pearson": "Pearson r",
    "spearman": "Spearman ρ",
}
SHARES = frozenset({"accuracy", "micro_f1", "macro_f1", "f1", "weighted_f1", "ece"})
"""Metrics that are told in percent; all others are plain numbers."""


def metric_name(metric: str) -> str:
    """What a metric is called; one of the user's own by its own name.

    >>> metric_name("macro_f1"), metric_name("cost")
    ('macro F1', 'cost')
    """
    return METRICS.get(metric, metric)


def metric_value(metric: str, value: float | None, digits: int = 2) -> str:
    """A metric with its unit; ``digits`` are those of percent, of which plain numbers have two more.

    >>> metric_value("accuracy", 0.787), metric_value("mcc", 0.787), metric_value("auroc", 0.93, 1)
    ('78.70 %', '0.7870', '0.930')
    """
    found = percent(value, digits) if metric in SHARES else number(value, digits + 2)
    return f"{found} %" if metric in SHARES and found != UNKNOWN else found


def metric_range(metric: str, low: float, high: float, digits: int = 1) -> str:
    """The ends of an interval with their unit.

    >>> metric_range("accuracy", 0.73, 0.835), metric_range("mcc", 0.73, 0.835)
    ('73.0 to 83.5 %', '0.730 to 0.835')
    """
    return f"{metric_value(metric, low, digits).removesuffix(' %')} to {metric_value(metric, high, digits)}"


def percent(value: float | None, digits: int = 2) -> str:
    """A share (0–1) in percent, without the sign.

    >>> percent(0.91284)
    '91.28'
    """
    return f"{100 * value:.{digits}f}" if value is not None and math.isfinite(value) else UNKNOWN


def plain_percent(value: float | None, digits: int = 2) -> str:
    """A number that is in percent already; small ones keep two significant digits.

    >>> plain_percent(0.79518), plain_percent(0.0012), plain_percent(100.0)
    ('0.80', '0.0012', '100.00')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.{digits}f}"


def number(value: float | None, digits: int = 4) -> str:
    """A plain number.

    >>> number(0.20651), number(float("nan"))
    ('0.2065', '–')
    """
    return f"{value:.{digits}f}" if value is not None and math.isfinite(value) else UNKNOWN


def measure(value: float | None, step: float, sign: bool = False) -> str:
    """A number in a unit of its own, to a step that matters; where none is known, to four digits.

    >>> measure(0.41372, 0.0013), measure(34512.3, 25.0), measure(-0.0212, 0.0013, sign=True), measure(0.41372, 0)
    ('0.414', '34,512', '−0.021', '0.4137')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    largest = step if math.isfinite(step) and step > 0 else abs(value) / 1000
    digits = min(12, max(0, math.ceil(-math.log10(largest)))) if largest > 0 else 4
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("+-")


def points(difference: float, sign: bool = False) -> str:
    """A difference of accuracies in points (percentage points), to one decimal.

    >>> points(0.0123), points(-0.0123, sign=True), points(-0.0001, sign=True)
    ('1.2', '−1.2', '0.0')
    """
    text = f"{100 * difference:+.1f}" if sign else f"{100 * difference:.1f}"
    return "0.0" if text.strip("+-") == "0.0" else text.replace("-", "−")


def duration(seconds: float | None) -> str:
    """A time.

    >>> duration(9.84), duration(330), duration(3900), duration(None)
    ('9.8 s', '5 min 30 s', '1 h 5 min', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def short_duration(seconds: float | None) -> str:
    """A time in at most seven characters.

    >>> short_duration(9.84), short_duration(330), short_duration(86400)
    ('9.8 s', '5.5 min', '24.0 h')
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5997 else f"{seconds / 3600:.1f} h"


def memory(mb: float | None) -> str:
    """Memory.

    >>> memory(512.4), memory(2048), memory(None)
    ('512 MB', '2.0 GB', '–')
    """
    if mb is None or not math.isfinite(mb):
        return UNKNOWN
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1024:.1f} GB"


def listed(parts: Sequence[str]) -> str:
    """Words in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def label_set(given: Sequence[Any] | NDArray[Any], names: Sequence[str]) -> str:
    """The labels that a row has.

    >>> label_set([1, 0, 1], ["joy", "fear", "anger"]), label_set([0, 0, 0], ["joy", "fear", "anger"])
    ('joy + anger', 'none')
    """
    return " + ".join(name for name, has in zip(names, given) if has) or "none"


def several(count: int, noun: str) -> str:
    """A count with its noun.

    >>> several(1, "seed"), several(1200, "row")
    ('1 seed', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most ``width``, broken after a space or a plus where there is one.

    >>> wrapped("LoRA r=8 query+value+mlp", 20)
    'LoRA r=8 query+\\nvalue+mlp'
    """
    lines = [""]
    for part in re.findall(r"[^\s+]*[\s+]*", text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


_SHORT = (("LoRA ", ""), ("query", "q"), ("key", "k"), ("value", "v"), ("output", "o"))


def short_name(name: str) -> str:
    """A configuration's name for figures with little room: of the roles q, k, v, o, mlp only their letters.

    >>> short_name("LoRA r=8 query+key+value+output+mlp"), short_name("last 2 layers")
    ('r=8 q+k+v+o+mlp', 'last 2 layers')
    """
    for long, short in _SHORT:
        name = re.sub(rf"(?<![A-Za-z]){long}(?![A-Za-z])" if long.isalpha() else long, short, name)
    return name


def capital(text: str) -> str:
    """With a capital letter first; the rest as it is.

    >>> capital("macro F1")
    'Macro F1'
    """
    return text[:1].upper() + text[1:]


def flat(content: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Nested settings as dotted names; what is unset is left out."""
    found: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            found += flat(value, f"{prefix}{key}.")
        elif value is not None and value != []:
            found.append(
                (f"{prefix}{key}", "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
            )
    return tuple(found)

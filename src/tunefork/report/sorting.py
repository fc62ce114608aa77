"""What a cell of a table is sorted by: the number that it shows, with its unit."""

from __future__ import annotations

import re

_NUMBER = r"[-−+]?\d[\d,]*(?:\.\d+)?"
_UNITS = {"": 1.0, "%": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "MB": 1.0, "GB": 1024.0}
_MEASURE = re.compile(rf"({_NUMBER})\s*(%|s|min|h|MB|GB)?(?![\w.])")


def sort_key(text: str) -> float | None:
    """The number at the beginning of a text, in the smallest of its units; None where there is none.

    >>> sort_key("66,955,010"), sort_key("91.28 ± 0.40"), sort_key("2 min 30 s"), sort_key("3.0 GB"), sort_key("–")
    (66955010.0, 91.28, 150.0, 3072.0, None)
    >>> sort_key("40.0 to 60.0"), sort_key("−1.2"), sort_key("LoRA r=8")
    (40.0, -1.2, None)
    """
    found, total = _MEASURE.match(text.strip()), None
    while found:
        value = float(found[1].replace(",", "").replace("−", "-")) * _UNITS[found[2] or ""]
        total = value if total is None else total + value
        if found[2] not in ("h", "min"):  # a time goes on with its smaller unit
            break
        found = _MEASURE.match(text.strip(), found.end() + 1)
    return total

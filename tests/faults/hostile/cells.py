"""Columns of a DataFrame with values that are no labels, or that no text can hold."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.faults.hostile.case import Hostile
from tunefork.config import DataConfig
from tunefork.data import load_splits

LOOP: list[Any] = ["a"]
LOOP.append(LOOP)


def column(name: str, values: list[Any], says: str = "", text: list[Any] | None = None, **config: object) -> Hostile:
    def read(folder: Path) -> object:
        texts = text or [f"row number {row}" for row in range(len(values))]
        frame = pd.DataFrame({"text": pd.Series(texts, dtype=object), "label": pd.Series(values, dtype=object)})
        settings = {"train": "-", "text": "text", "label": "label", "rare": "train", **config}
        return load_splits(DataConfig(**settings), frames={"train": frame})

    return Hostile(f"labels {name}", read, says)


def texts(name: str, value: Any, says: str = "") -> Hostile:
    found = column(name, ["a", "b"] * 5, says, [value, *(f"row {row}" for row in range(9))])
    return Hostile(f"texts {name}", found.read, says)


def made(name: str, frame: Callable[[], pd.DataFrame], says: str = "") -> Hostile:
    return Hostile(f"frame {name}", lambda folder: load_splits(DataConfig(train="-"), frames={"train": frame()}), says)


CELLS = (
    column("of a signalling NaN", [Decimal("sNaN"), 1, 0] * 4, says="no label"),
    column("of a decimal of a billion digits", [Decimal("1e999999999"), 1, 0] * 4, says="digits"),
    column("of integers of 5,000 digits", [10**5000, 1, 0] * 4, says="digits"),
    column("of integers of 400 digits", [10**400, 1, 0] * 4),
    column("of lists of integers of 5,000 digits", [[10**5000], [1]] * 5, says="digits"),
    column("of infinite decimals", [Decimal("inf"), 1, 0] * 4, says="regression"),
    column("of whole decimals", [Decimal("1.00"), Decimal(2)] * 6),
    column("of numbers with a signalling NaN", [Decimal("sNaN"), 1, 0] * 4, says="no label", problem="regression"),
    column("of numbers of 5,000 digits", [10**5000, 1, 0] * 4, says="digits", problem="regression"),
    column("of numbers that overflow", [1.7e308, -1.7e308, 1, 0] * 4, says="beyond", problem="regression"),
    column("of tiny numbers", [5e-324, 0, -5e-324] * 4, says="nearly the same", problem="regression"),
    column("of complex numbers", [1j, 2j] * 5, says="not a label"),
    column("of fractions", [Fraction(1, 2), Fraction(1)] * 5, says="not a label"),
    column("of bytes", [b"a", b"b"] * 5, says="not a label"),
    column("of dictionaries", [{"a": 1}, {}] * 5, says="not a label"),
    column("of arrays", [np.zeros((2, 2)), np.ones((2, 2))] * 5, says="not a label"),
    column("of arrays of one dimension", [np.array(["a"]), np.array(["b", "c"])] * 5),
    column("of lists of lists", [[["a"]], [["b"]]] * 5, says="no label"),
    column("of lists that hold themselves", [LOOP, ["b"]] * 5, says="no label"),
    column("of sets of mixed kinds", [{1, "1"}, {"a"}] * 5, says="different kinds"),
    column("of times", [datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)] * 5, says="not a label"),
    column("of NumPy's times", [np.datetime64("NaT"), np.datetime64("2020-01-01")] * 5, says="no label"),
    column("of NumPy's NaN", [np.float32("nan"), np.float32(1), np.float32(0)] * 4, says="no label"),
    column("of functions", [len, print] * 5, says="not a label"),
    column("of types", [int, str] * 5, says="not a label"),
    column("of 1 and '1'", [1, "1", 0] * 4, says="different kinds"),
    column("of True and 1", [True, 1, "x"] * 4, says="would become two"),
    column("of the texts 1.0 and 1", ["1.0", "1", "0.0", "x"] * 3, says="One number"),
    column("of the texts 01 and 1", ["01", "1", "x"] * 4),
    column("of written NaN", ["nan", "NaN", "a", "b"] * 3, says="no label"),
    column("of NaN alone", ["nan", "NaN"] * 5, says="no label"),
    column("of written missing values", ["NA", "<NA>", "null", "None"] * 3),
    column("of True and 'true'", [True, "true", False] * 4, says="different kinds"),
    column("of -0.0 and 0", [-0.0, 0, 1] * 4),
    column("of half surrogate pairs", ["\ud83d", "\ude00"] * 5),
    column("of control characters", ["\x00", "\x1b[31m", "\x7f"] * 4),
    column("of blanks", [" ", "\u00a0", "\t"] * 4, says="no label"),
    column("of zero-width signs", ["\u200b", "\u200d"] * 5, says="no label"),
    column("of names that look alike", ["cafe\u0301", "caf\u00e9"] * 5),
    column("of nothing", [None] * 9, says="label"),
    column("of a name of a million letters", ["x" * 10**6, "y" * 10**6] * 5),
    column("of a class for each row", [f"class {row}" for row in range(200)]),
    column("of lists written by NumPy", ["['a' 'b']", "['b' 'c']"] * 5, says="no commas"),
    column("of lists nested without end", ["[" * 5000 + "]" * 5000, "[]"] * 5),
    column("of lists that are programs", ["[__import__('os').system('true')]", "['a']"] * 5),
    column("of columns of 0 and 1 that are not", ["maybe", 1] * 5, says="neither 0 nor 1", label=("label",)),
    texts("of bytes", b"\xff\xfe", says="not a text"),
    texts("of lists", ["a"], says="not a text"),
    texts("of arrays", np.zeros(3), says="not a text"),
    texts("of half surrogate pairs", "\ud83d", says="surrogate"),
    texts("of a NUL", "\x00", says="empty text"),
    texts("of a fill-in of Hangul", "\u3164", says="empty text"),
    texts("of signs that turn text around", "\u202e\u2066", says="empty text"),
    texts("of NaN", float("nan"), says="empty text"),
    texts("of integers of 5,000 digits", 10**5000, says="digits"),
    texts("of one million combining marks", "a" + "\u0301" * 10**6),
    texts("of one word of a million letters", "x" * 10**6),
    texts("that expand when normalised", "\ufdfa" * 50_000),
    texts("of zero-width signs", "\u200b\u200b", says="empty text"),
    made("of columns of every kind", lambda: pd.DataFrame([["a b", 1]] * 9, columns=[("x", 1), None]), says="column"),
    made("of columns that are numbers", lambda: pd.DataFrame([["a b", "x"], ["c d", "y"]] * 9, columns=[0, 1])),
    made("with an index of every kind", lambda: pd.DataFrame({"text": ["a b", "c d"] * 2, "label": ["x", "y"] * 2},
                                                             index=[None, ("a", 1), 2.5, b"x"])),
    made("without columns", lambda: pd.DataFrame(index=range(9)), says="no columns"),
)  # fmt: skip

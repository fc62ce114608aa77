"""Files of rows: bytes that are no text, rows that do not fit, tables that unfold without end."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet

from tests.faults.hostile.case import Hostile, rows
from tunefork.data import read_unlabelled

GOOD = "text,label\n" + "".join(f"row number {row},{'ab'[row % 2]}\n" for row in range(20))
LINES = "".join(json.dumps({"text": f"row number {row}", "label": "ab"[row % 2]}) + "\n" for row in range(20))


def parquet(columns: dict[str, object], **options: object) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out, **options)
    return out.getvalue()


PLAIN = parquet({"text": [f"row {row}" for row in range(20)], "label": ["a", "b"] * 10})


def constant(rows: int, letters: int) -> bytes:
    """A Parquet file of a few kilobytes in which one value stands very often."""
    text = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), ["x" * letters])
    return parquet({"text": text, "label": text}, compression="zstd")


def unlabelled(name: str, content: str, *, text: tuple[str, ...] = (), says: str = "") -> Hostile:
    def read(folder: Path) -> object:
        (folder / "new.csv").write_text(content, encoding="utf-8")
        return read_unlabelled("new.csv", text)

    return Hostile(f"new.csv {name}", read, says)


TABLES = (
    rows("of 100,000 columns", ",".join(f"c{n}" for n in range(100_000)) + "\n" + "x," * 99_999 + "x\n", says="column"),
    rows("of 100,000 equal columns", "c," * 99_999 + "c\n" + "x," * 99_999 + "x\n", says="stands twice"),
    rows("of separators", "," * 5000 + "\n" + "," * 5000 + "\n", says="column"),
    rows("with a header of a million letters", f"{'x' * 10**6},label\n" + "a b,1\nc d,0\n" * 9, label="labl",
         says="labl"),
    rows("with a label of a million letters", GOOD + f"more,{'x' * 10**6}\n"),
    rows("with a text of five million letters", GOOD + f"{'word ' * 10**6},a\n"),
    rows("with a line break in a column's name", '"te\nxt",label\n' + "a b,1\nc d,0\n" * 9, text="text",
         says="te\\nxt"),
    rows("with a line break in a label", GOOD, test="t.csv", says="t.csv"),
    rows("that steers the terminal", GOOD.replace("label", "\x1b[2Jlabel"), label="lbl", says="\\x1b[2Jlabel"),
    rows("that turns text around", GOOD.replace("label", "\u202elabel"), label="lbl", says="\\u202elabel"),
    rows("with a NUL", GOOD + "x\0y,a\n", says="NUL"),
    rows("that ends in a quote", GOOD + '"', says="never closed"),
    rows("of quotes", '"' * 10_001, says="a.csv"),
    rows("of carriage returns", "\r" * 1000, says="empty"),
    rows("of form feeds", "\f\v\x1c" * 100, says="empty"),
    rows("of byte order marks", "\ufeff" * 100, says="a.csv"),
    rows("with a lone surrogate", GOOD.encode() + b"\xed\xa0\x80,a\n", says="byte offset"),
    rows("in overlong UTF-8", GOOD.encode() + b"\xc0\xaf,a\n", says="byte offset"),
    rows("in UTF-16", GOOD.encode("utf-16"), says="encoding: utf-16"),
    rows("in EBCDIC", GOOD.encode("cp500"), says="a.csv"),
    rows("in an encoding that is none", GOOD, encoding="../../etc/passwd", says="no text encoding"),
    rows("in an encoding with a NUL", GOOD, encoding="utf\0-8", says="no text encoding"),
    rows("in an encoding of bytes", GOOD, encoding="zip", says="no text encoding"),
    rows("with formulas", GOOD + "=cmd|' /C calc'!A0,a\n@SUM(1),b\n+1+1,a\n-2+3,b\n"),
    rows("with formulas for labels", "text,label\n" + "one row,=1+1\nmore rows,@x\n" * 9),
    rows("with HTML", GOOD + "<script>alert(1)</script>,a\n<img src=x onerror=alert(1)>,b\n"),
    rows("with HTML for labels", "text,label\n" + "one row,<b>\nmore rows,</script>\n" * 9, leakage="allow"),
    rows("with one class", "text,label\n" + "".join(f"row {n},a\n" for n in range(9)), says="only one class"),
    rows("with a label of 5,000 digits", "text,label\n" + f"row one,{'9' * 5000}\nrow two,1\n" * 9),
    rows("with numbered labels of 5,000 digits", f"text,label\n{'x,' + '9' * 5000 + chr(10)}" * 1, says="a.csv"),
    rows("with classes for such labels", f"text,label\na,{'9' * 5000}\nb,1\n", classes=("n", "y"), says="classes"),
    rows("with numbers beyond floats", "text,label\n" + "".join(f"row {n},{n}e307\n" for n in range(40)),
         problem="regression", label="label"),
    rows("with infinite numbers", "text,label\n" + "row,inf\nrows,1\n" * 9, problem="regression", says="finite"),
    rows("with names of files that are too long", "image,label\n" + f"{'x' * 5000}.png,a\n{'y' * 5000}.png,b\n" * 9,
         says="a.csv"),
    rows("with pictures outside", "image,label\n" + "../../etc/passwd.png,a\n/dev/zero.png,b\n" * 9, image="image",
         says="no such file"),
    rows("with devices for pictures", "image,label\n" + "/dev/zero,a\n/dev/random,b\n" * 9, image="image",
         says="not a file"),
    rows("with NUL in a picture's name", json.dumps({"image": "a\0.png", "label": "a"}) + "\n", "a.jsonl",
         says="a.jsonl"),
    rows("with an empty column asked for", GOOD, text="text+", says="no column ''"),
    rows("with empty columns asked for", GOOD, label=("", "label"), says="no column ''"),
    rows("with a column asked for by a newline", GOOD, label="la\nbel", says="la\\nbel"),
    rows("with a group that is not there", GOOD, group="grp", says="grp"),
    rows("with an id that repeats", "id,text,label\n" + "1,a b,x\n1,c d,y\n" * 9, id="id", says="stands in"),
    rows("that is gzip", gzip.compress(GOOD.encode()), says="gzip"),
    rows("that is a zip", b"PK\x03\x04" + b"\0" * 99, says="zip"),
    rows("that is an empty zip", b"PK\x05\x06" + b"\0" * 18, says="zip"),
    rows("that is a program", b"\x7fELF" + bytes(range(256)) * 9, says="a.csv"),
    rows("that is Parquet", PLAIN),
    rows("that is HTML", "<!doctype html>\n<html><body>404, not found</body></html>\n", says="a.csv"),
    rows("of a pickle", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix.", says="a.csv"),
    rows("of tabs that are spaces", GOOD.replace(",", "    "), "a.tsv", says="a.tsv"),
    rows("with quotes over all lines", 'text\tlabel\n"' + "a b\t1\n" * 20, "a.tsv"),
    rows("ragged", "text\tlabel\na\tb\tc\n", "a.tsv", says="3 fields"),
    rows("nested without end", '{"text": ' + "[" * 10**5, "a.jsonl", says="not JSON"),
    rows("with nested objects", LINES + '{"text": {"a": {"b": "c"}}, "label": "a"}\n', "a.jsonl", text="text",
         says="not a text"),
    rows("with numbers of 5,000 digits", '{"text": "a", "label": ' + "9" * 5000 + "}\n", "a.jsonl", says="not JSON"),
    rows("with numbers of 4,000 digits", LINES + '{"text": "a", "label": ' + "9" * 4000 + "}\n", "a.jsonl"),
    rows("with half a surrogate pair", LINES + '{"text": "\\ud83d", "label": "a"}\n', "a.jsonl", says="surrogate"),
    rows("with half a pair in a key", LINES + '{"\\ud83d": 1, "text": "more", "label": "a"}\n', "a.jsonl"),
    rows("with half a pair in a label", LINES + '{"text": "more", "label": "\\ud83d"}\n', "a.jsonl"),
    rows("with true and 1 for labels", LINES + '{"text": "m", "label": true}\n{"text": "n", "label": 1}\n', "a.jsonl",
         says="would become two"),
    rows("with a NUL for a text", LINES + '{"text": "\\u0000", "label": "a"}\n', "a.jsonl", says="empty text"),
    rows("with a written NaN for a label", GOOD + "more,nan\n", says="no label"),
    rows("with 1.0 and 1 for labels", GOOD + "more,1.0\nrows,1\n", says="One number"),
    rows("with NaN for a label", LINES + '{"text": "more", "label": NaN}\n', "a.jsonl", says="no label"),
    rows("with Infinity for a label", '{"text": "m", "label": Infinity}\n{"text": "n", "label": 1}\n', "a.jsonl",
         says="regression"),
    rows("with a key twice", '{"text": "a", "text": "b"}\n', "a.jsonl", says="twice"),
    rows("with keys that differ in blanks", '{"text": "a", "text ": "b", "label": 1}\n', "a.jsonl", says="twice"),
    rows("with keys of its own in every line", "".join(f'{{"k{n}": 1}}\n' for n in range(20_000)), "a.jsonl",
         says="hardly a key in common"),
    rows("that is an array", json.dumps([{"text": "a", "label": "b"}]), "a.json", says="a JSON array"),
    rows("that is an indented array", json.dumps([{"text": "a"}], indent=1), "a.json", says="a JSON array"),
    rows("that is an indented object", json.dumps({"text": "a"}, indent=1), "a.json", says="over several lines"),
    rows("that is a text", '"text"', "a.json", says="not a JSON object"),
    rows("of comments", "// text\n{}\n", "a.jsonl", says="not JSON"),
    rows("of empty objects", "{}\n" * 9, "a.jsonl", says="no columns"),
    rows("of a prototype", LINES + '{"text": "x", "label": "a", "__proto__": {"y": 1}, "constructor": 2}\n', "a.jsonl"),
    rows("that repeats a text", constant(10**5, 10), "a.parquet"),
    rows("that unfolds to 8 GB", constant(10**6, 4000), "a.parquet", says="bomb"),
    rows("cut off", PLAIN[: len(PLAIN) // 2], "a.parquet", says="not Parquet"),
    rows("without its middle", PLAIN[:50] + PLAIN[200:], "a.parquet", says="a.parquet"),
    rows("with a wrong length", PLAIN[:-8] + b"\xff\xff\xff\x7fPAR1", "a.parquet", says="not Parquet"),
    rows("of nested values", parquet({"text": [{"a": [1]}] * 9, "label": ["a", "b", "c"] * 3}), "a.parquet",
         text="text", says="not a text"),
    rows("of no columns", parquet({}), "a.parquet", says="no columns"),
    rows("of times", parquet({"text": pd.date_range("1900", periods=9), "label": ["a", "b", "c"] * 3}), "a.parquet",
         text="text"),
    unlabelled("with an empty column asked for", GOOD, text=("text", ""), says="no column ''"),
    unlabelled("with an empty text", "text\nx y\n''\n\"\"\n", text=("text",), says="empty text"),
    unlabelled("of numbers", "a,b\n1,2\n3,4\n", says="no column holds words"),
    unlabelled("with a column that nearly is there", GOOD, text=("txt",), says="Did you mean 'text'?"),
)  # fmt: skip

from __future__ import annotations

import codecs
import contextlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunefork.config import DataConfig
from tunefork.data import load_splits, read_rows
from tunefork.errors import ReadError, TuneforkError


def refused(source: object, **options: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_rows(source, **options)
    return caught.value


def test_csv_keeps_every_cell_as_written(write):
    write("a.csv", 'text,label\nNA,None\n"two\nlines, one ""cell""",007\n\n 1.0 ,null\n')
    table = read_rows("a.csv")
    assert table.columns == ["text", "label"]
    assert table.values["text"] == ("NA", 'two\nlines, one "cell"', " 1.0 ")
    assert table.values["label"] == ("None", "007", "null")
    assert [table.place(row) for row in range(3)] == ["a.csv line 2", "a.csv line 3", "a.csv line 6"]
    assert table.ids == ("0", "1", "2")


def test_places_are_counted_past_the_first_five(write):
    write("a.csv", "text,label\n" + "x,y\n" * 7)
    assert read_rows("a.csv").places(range(7)) == "a.csv lines 2, 3, 4, 5, 6 and 2 more"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(write, ending):
    write("a.csv", ending.join(["text,label", "one,a", "two,b"]))
    table = read_rows("a.csv")
    assert table.values["text"] == ("one", "two")
    assert table.place(1) == "a.csv line 3"


def test_cells_longer_than_the_csv_modules_limit(write):
    write("a.csv", f"text,label\n{'x' * 200_000},a\n")
    assert len(read_rows("a.csv").values["text"][0]) == 200_000


@pytest.mark.parametrize(
    ("content", "word"), [("text;label\na, b;1\n", "semicolons"), ("text\tlabel\na, b\t1\n", "tabs")]
)
def test_csv_with_another_separator(write, content, word):
    write("a.csv", content)
    table = read_rows("a.csv")
    assert table.values["text"] == ("a, b",)
    assert word in table.notices[0]


def test_tsv_quotes_as_csv_where_consistent(write):
    write("a.tsv", 'text\tlabel\n"a\tb"\t1\n"say ""hi"""\t0\n')
    assert read_rows("a.tsv").values["text"] == ("a\tb", 'say "hi"')


def test_tsv_with_quotes_as_ordinary_characters_loses_no_line(write):
    write("a.tsv", 'text\tlabel\n"open\t1\nmiddle\t0\nclose"\t1\n" lone\t0\n')
    table = read_rows("a.tsv")
    assert table.values["text"] == ('"open', "middle", 'close"', '" lone')
    assert table.notices == ('Quotes (") in a.tsv are read as ordinary characters.',)


def test_a_quote_pair_over_lines_does_not_swallow_them(write):
    write("a.tsv", 'text\tlabel\n"open\t1\nmiddle\t0\nclose"\t1\n')
    assert len(read_rows("a.tsv")) == 3


def test_jsonl(write):
    write("a.jsonl", '{"text": "a\\u2028b\u2028c", "label": 1}\n\n{"label": true, "more": null, "text": "d"}\n')
    table = read_rows("a.jsonl")
    assert table.values == {"text": ["a\u2028b\u2028c", "d"], "label": [1, True], "more": [None, None]}
    assert table.place(1) == "a.jsonl line 3"


def test_parquet(write):
    frame = pd.DataFrame({"text": ["a", None], "label": [1, 0], "score": [0.5, float("nan")], "raw": [b"x", b"\xff"]})
    out = io.BytesIO()
    frame.set_index("score", drop=False).to_parquet(out)
    write("a.parquet", out.getvalue())
    table = read_rows("a.parquet")
    assert table.values == {"text": ["a", None], "label": [1, 0], "score": [0.5, None], "raw": ["x", b"\xff"]}
    assert table.place(1) == "a.parquet row 2"


def test_frame():
    frame = pd.DataFrame({"text": ["a", pd.NA], "label": pd.array([1, None], dtype="Int64")}, index=[7, 9])
    table = read_rows(frame)
    assert table.values == {"text": ["a", None], "label": [1, None]}
    assert table.ids == ("7", "9")
    assert table.place(1) == "DataFrame index 9"
    assert read_rows(pd.concat([frame, frame])).ids == ("0", "1", "2", "3")


def test_an_unknown_suffix_is_told_from_the_content(write):
    write("a.txt", '{"text": "a", "label": 1}\n')
    write("b.txt", "text\tlabel\na\t1\n")
    write("c", "text,label\na,1\n")
    frame = io.BytesIO()
    pd.DataFrame({"text": ["a"], "label": [1]}).to_parquet(frame)
    write("d.dat", frame.getvalue())
    assert [read_rows(name).columns for name in ("a.txt", "b.txt", "c", "d.dat")] == [["text", "label"]] * 4
    assert read_rows("b.txt").notices == ("b.txt is read as TSV, by its content.",)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "text,label\nx,y\n"), ("a.tsv", "text\tlabel\nx\ty\n"), ("a.jsonl", '{"text": "x", "label": "y"}\n')],
)
def test_byte_order_marks(write, name, content):
    write(name, codecs.BOM_UTF8 + content.encode())
    assert read_rows(name).columns == ["text", "label"]
    assert read_rows(name, "cp1252").columns == ["text", "label"]
    assert "byte order mark" in read_rows(name, "cp1252").notices[0]
    write(name, content.encode("utf-16"))
    assert read_rows(name, "utf-16").columns == ["text", "label"]
    error = refused(name)
    assert "UTF-16" in error.what
    assert error.where == f"{name} line 1, byte offset 0"
    assert error.fix == "Set encoding: utf-16."


def test_byte_order_marks_inside_column_names():
    assert read_rows(pd.DataFrame({"\ufefftext": ["a"]})).columns == ["text"]


def test_not_utf8(write):
    write("a.csv", b"text,label\nok,a\ncaf\xe9,b\n")
    error = refused("a.csv")
    assert "not utf-8" in error.what
    assert error.where == "a.csv line 3, byte offset 19"
    assert "byte e9" in error.found
    assert "encoding:" in error.fix
    assert read_rows("a.csv", "latin-1").values["text"] == ("ok", "café")


def test_byte_offsets_count_the_mark(write):
    write("a.csv", codecs.BOM_UTF8 + b"a,b\n\xff,c\n")
    assert refused("a.csv").where == "a.csv line 2, byte offset 7"


@pytest.mark.parametrize("encoding", ["nonsense", "hex", "rot13", "undefined", "idna", "unicode_escape"])
def test_unknown_encoding(write, encoding):
    write("a.csv", "text,label\na,b\n")
    assert encoding in str(refused("a.csv", encoding=encoding))


def test_ragged_row(write):
    write("a.csv", 'text,label\n"two\nlines",a\nonly one\nx,y\n')
    error = refused("a.csv")
    assert error.what == "The row has 1 fields but the header has 2"
    assert error.where == "a.csv line 4"
    assert "quotes" in error.fix
    write("b.tsv", "text\tlabel\na\tb\tc\n")
    assert refused("b.tsv").what == "The row has 3 fields but the header has 2"


def test_a_quote_that_is_never_closed_is_named_where_it_opens(write):
    write("a.csv", 'text,label\na,b\n"open,c\nd,e\n')
    error = refused("a.csv")
    assert error.where == "a.csv line 3"
    assert "never closed" in error.what


def test_nul_byte(write):
    write("a.csv", "text,label\nü,a\nb\0c,d\n")
    error = refused("a.csv")
    assert "NUL" in error.what
    assert error.where == "a.csv line 3, byte offset 17"
    assert "utf-16" in error.fix


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", " \n\n", "empty"),
        ("a.jsonl", "\n", "empty"),
        ("a.parquet", "", "empty"),
        ("a.csv", "text,label\n", "no rows"),
        ("a.csv", "text,label,text\na,b,c\n", "'text' stands twice"),
        ("a.jsonl", '{"text": 1, "text": 2}\n', "'text' stands twice"),
        ("a.parquet", "text,label\na,b\n", "not Parquet"),
        ("a.parquet", b"PAR1\0\0\0\0PAR1", "not Parquet"),
        ("a.csv", b"PK\x03\x04...", "Excel"),
        ("a.csv.gz", b"\x1f\x8b\x08...", "gzip"),
    ],
)
def test_files_that_hold_no_table(write, name, content, what):
    write(name, content)
    error = refused(name)
    assert what in error.what
    assert name in error.where
    assert error.fix


@pytest.mark.parametrize(
    ("line", "what", "found"),
    [
        ("[1, 2]", "not a JSON object", "an array"),
        ("3", "not a JSON object", "a number"),
        ("{'text': 1}", "not JSON", "{'text': 1}"),
        ("[" * 100_000, "not JSON", ""),
        ("9" * 5000, "not JSON", ""),
    ],
)
def test_jsonl_lines_that_are_no_object(write, line, what, found):
    write("a.jsonl", '{"text": "a"}\n' + line)
    error = refused("a.jsonl")
    assert what in error.what
    assert error.where.startswith("a.jsonl line 2")
    assert found in error.found
    assert "one JSON object per line" in error.fix


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt", "a"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_told_with_what_converts_it(write, name, indent):
    rows = [{"text": "a b", "label": "x"}, {"text": "c d", "label": "y"}]
    write(name, json.dumps(rows, indent=indent))
    error = refused(name)
    assert error.what == "This is a JSON array; tunefork reads JSONL, one object per line"
    out = "a.lines.jsonl" if name == "a.jsonl" else "a.jsonl"
    code = f'pandas.read_json("{name}").to_json("{out}", orient="records", lines=True)'
    assert error.fix == f"pandas converts it: {code}."
    assert error.found.startswith("'[")
    pd.read_json(name).to_json(out, orient="records", lines=True)
    assert read_rows(out).values["text"] == ["a b", "c d"]


def test_json_over_several_lines_and_lines_of_arrays(write):
    write("a.json", json.dumps({"text": ["a", "b"], "label": ["x", "y"]}, indent=1))
    error = refused("a.json")
    assert error.what == "This is a JSON object over several lines; tunefork reads JSONL, one object per line"
    assert "pandas.read_json" in error.fix
    write("a.jsonl", '["a", "x"]\n["b", "y"]\n')
    assert refused("a.jsonl").what == "The line is not a JSON object"
    write("a.json", '{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n')
    assert read_rows("a.json").values["label"] == ["x", "y"]
    assert read_rows("a.json").notices == ()


def test_no_such_file(write):
    write("reviews.csv", "text,label\na,b\n")
    error = refused("reviws.csv")
    assert error.what == "There is no such file"
    assert error.where == "reviws.csv"
    assert error.fix == "Did you mean 'reviews.csv'?"
    assert "no folder nowhere" in refused("nowhere/a.csv").found


def test_things_that_are_no_file(write, tmp_path):
    write("a.csv", "text,label\na,b\n")
    error = refused(tmp_path)
    assert "folder" in error.what
    assert "a.csv" in error.found
    assert "NUL" in refused("a\0b").what
    assert "cannot be read" in refused("x" * 5000).what
    assert "regular" in refused("/dev/null").what
    assert refused(3).where == "int"


def test_frames_that_hold_no_table():
    assert "twice" in refused(pd.DataFrame([["a", "b"]], columns=["text", "text"])).what
    assert "no rows" in refused(pd.DataFrame({"text": []})).what
    assert "no columns" in refused(pd.DataFrame()).what


PARQUET = io.BytesIO()
pd.DataFrame({"text": ["one", "two"] * 9, "label": ["a", "b"] * 9}).to_parquet(PARQUET)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text('ab,"\t\n\r;01', max_size=60).map(lambda text: b"text,label\n" + text.encode()),
        st.text('{}[]":,ab1\\ud8\n', max_size=60).map(str.encode),
        st.tuples(st.integers(0, len(PARQUET.getvalue()) - 1), st.integers(0, 255)).map(
            lambda change: PARQUET.getvalue()[: change[0]] + bytes([change[1]]) + PARQUET.getvalue()[change[0] + 1 :]
        ),
    ),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet", ".txt"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-7", "shift_jis"]),
)
def test_any_bytes_give_rows_or_an_error_of_ours(tmp_path: Path, content: bytes, suffix: str, encoding: str):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(TuneforkError):
        table = read_rows(path, encoding)
        assert all(len(values) == len(table) for values in table.values.values())
        load_splits(DataConfig(train=str(path), encoding=encoding, rare="train", drop_missing=True, drop_empty=True))
        str(table.columns).encode()

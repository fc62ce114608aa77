"""What is refused because there is too much of it, and what a message makes of signs that are not for people."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.faults.hostile.archives import zipped
from tests.faults.hostile.tables import GOOD, PLAIN
from tunefork.cli.app import emit
from tunefork.config import DataConfig
from tunefork.data import columnar, load_splits, read_rows
from tunefork.data.images import archives
from tunefork.errors import LISTED, LONGEST, ConfigError, ReadError, StudyFileError, did_you_mean, nearest, one_line
from tunefork.study_file import parse_study


def test_a_message_is_one_line_that_no_terminal_obeys() -> None:
    error = ConfigError("two\nlines", where="\x1b[2Ja.csv", found="\u202egnp.exe \ud83d", fix="Be\tcareful.")
    assert str(error) == "two\\nlines (\\x1b[2Ja.csv). Found: \\u202egnp.exe \\ud83d. Be\\tcareful."
    assert str(StudyFileError([error, error], where="a\nb.yaml")).count("\n") == 2
    assert one_line("naïve 又晚了 👩‍🚀 a\u00a0b") == "naïve 又晚了 👩‍🚀 a\u00a0b", "letters of any language stay"


def test_a_message_is_no_longer_than_anyone_reads() -> None:
    message = str(ConfigError("x" * 10**7, fix="y"))
    assert len(message) < LONGEST + 100
    assert "(10,000,000 characters)" in message


def test_names_are_compared_and_listed_within_limits() -> None:
    assert nearest("a" * 10**6, ["b" * 10**6, "ab"]) == []
    listed = did_you_mean("?", [f"column {number}" for number in range(10_000)])
    assert listed.endswith(f"column {LISTED - 1} and {10_000 - LISTED:,} more.")


def test_half_a_surrogate_pair_in_json_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": "\ud83d é"})
    assert json.loads(capsys.readouterr().out) == {"name": "\ud83d é"}


def test_notices_are_lines_too() -> None:
    frame = pd.DataFrame({"te\x1b[2Jxt": [f"row number {row}" for row in range(20)], "la\nbel": ["a ", "b"] * 10})
    splits = load_splits(DataConfig(train="-"), frames={"train": frame})
    assert "text column guessed: te\\x1b[2Jxt" in splits.notices
    assert not any("\n" in notice or "\x1b" in notice for notice in (*splits.notices, *splits.warnings))


def test_a_zip_whose_members_are_too_much_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(zipped({f"cat/{number}.bmp": bytes(30_000) for number in range(10, 20)}))
    assert len(read_rows(path)) == 18
    monkeypatch.setattr(archives, "UNPACKED", 200_000)
    monkeypatch.setattr(archives, "RATIO", 1)
    with pytest.raises(ReadError, match="too large once unpacked; it may be a bomb"):
        read_rows(path)


def test_a_parquet_file_is_read_until_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(PLAIN)
    monkeypatch.setattr(columnar, "STEP", 3)
    assert read_rows(path).values["text"] == [f"row {row}" for row in range(20)]
    monkeypatch.setattr(columnar, "UNPACKED", 1)
    monkeypatch.setattr(columnar, "RATIO", 0)
    with pytest.raises(ReadError, match="too large once unpacked; it may be a bomb"):
        read_rows(path)


def test_aliases_of_ordinary_size_are_taken() -> None:
    study = parse_study("data: a.csv\ncompare: [{lora: &small {rank: 2}}, {lora: {<<: *small, alpha: 8}}]\n")
    assert [entry.strategies[0].alpha for entry in study.compare] == [4.0, 8.0]  # type: ignore[attr-defined]


def test_good_rows_stay_good(tmp_path: Path) -> None:
    """The files that hostile ones are made of are read without a word."""
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    assert len(read_rows(tmp_path / "a.csv")) == len(read_rows(_written(tmp_path))) == 20


def _written(folder: Path) -> Path:
    (folder / "b.parquet").write_bytes(PLAIN)
    return folder / "b.parquet"

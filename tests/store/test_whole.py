"""Folders that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tunefork.errors import DamagedError
from tunefork.store.whole import MANIFEST, quarantine, verify, whole_folder


def written(place: Path) -> Path:
    with whole_folder(place) as folder:
        (folder / "a.bin").write_bytes(bytes(range(256)) * 20)
        (folder / "deep").mkdir()
        (folder / "deep" / "b.txt").write_text("b", encoding="utf-8")
    return place


def test_what_was_written_is_verified(tmp_path: Path) -> None:
    place = written(tmp_path / "state")
    verify(place)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    written(place)  # again, in its own place
    verify(place)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda place: (place / "a.bin").unlink(),
            r"A file is missing \(.*a\.bin\)\. Found: 5,120 bytes were written\.",
        ),
        (
            lambda place: (place / "a.bin").write_bytes(b""),
            r"A file has another size .* Found: 0 bytes instead of 5,120",
        ),
        (lambda place: (place / "deep" / "b.txt").write_bytes(b"c"), r"A file has other content .*b\.txt"),
        (lambda place: (place / "c").write_bytes(b"c"), r"There is a file that nobody wrote .*/c\)"),
        (lambda place: (place / MANIFEST).unlink(), r"A folder was not written to its end .* Found: no manifest"),
        (lambda place: (place / MANIFEST).write_bytes(b"\xff"), r"The manifest cannot be read"),
        (lambda place: (place / MANIFEST).write_bytes(b"[]"), r"The manifest cannot be read"),
        (lambda place: (place / MANIFEST).write_bytes(b'{"files": {"a.bin": 3}}'), r"The manifest cannot be read"),
    ],
)
def test_every_change_is_found_and_named(change: object, message: str, tmp_path: Path) -> None:
    place = written(tmp_path / "state")
    change(place)  # type: ignore[operator]
    with pytest.raises(DamagedError, match=message):
        verify(place)


@pytest.mark.parametrize("byte", [0, 1, 2559, 5118, 5119])
def test_every_bit_counts(byte: int, tmp_path: Path) -> None:
    place = written(tmp_path / "state")
    for bit in range(8):
        content = bytearray((place / "a.bin").read_bytes())
        content[byte] ^= 1 << bit
        (place / "a.bin").write_bytes(bytes(content))
        with pytest.raises(DamagedError, match="other content"):
            verify(place)
        content[byte] ^= 1 << bit
        (place / "a.bin").write_bytes(bytes(content))
    verify(place)


def test_where_there_is_no_room_what_was_there_stays_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = written(tmp_path / "state")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        written(place)
    monkeypatch.undo()
    verify(place)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_damaged_ones_are_put_away_each_under_a_name_of_its_own(tmp_path: Path) -> None:
    assert quarantine(written(tmp_path / "s")).name == "s-0"
    assert quarantine(written(tmp_path / "s")).name == "s-1"
    assert sorted(path.name for path in (tmp_path / "quarantine").iterdir()) == ["s-0", "s-1"]


def test_no_changed_bit_no_cut_and_no_addition_anywhere_passes(tmp_path: Path) -> None:
    """Every file of a folder, the manifest too: every bit of it, every length that is shorter, and one more byte."""
    place = tmp_path / "state"
    with whole_folder(place) as folder:
        (folder / "run-0.safetensors").write_bytes(bytes(range(50)))
        (folder / "group.json").write_text('{"step": 12, "runs": ["a"]}', encoding="utf-8")
    passed = []
    for path in sorted(place.iterdir()):
        content = path.read_bytes()
        for length in range(len(content)):
            path.write_bytes(content[:length])
            passed += [(path.name, "cut", length)] if _passes(place) else []
        path.write_bytes(content + b"\0")
        passed += [(path.name, "longer", 1)] if _passes(place) else []
        for byte in range(len(content)):
            for bit in range(8):
                changed = bytearray(content)
                changed[byte] ^= 1 << bit
                path.write_bytes(bytes(changed))
                passed += [(path.name, "bit", 8 * byte + bit)] if _passes(place) else []
        path.write_bytes(content)
    assert passed == []
    verify(place)


def _passes(place: Path) -> bool:
    try:
        verify(place)
    except DamagedError:
        return False
    return True

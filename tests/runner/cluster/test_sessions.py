"""What Ray leaves on the disk: removed at the end, or by the next one where the process was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunefork.runner.cluster import sessions
from tunefork.runner.cluster.sessions import MARK, Session

pytest.importorskip("fcntl")


def test_the_end_removes_it_and_a_beginning_those_of_the_dead(tmp_path: Path) -> None:
    folders = {name: tmp_path / f"session_{name}" for name in ("killed", "living", "theirs", "new")}
    for folder in folders.values():
        (folder / "logs").mkdir(parents=True)
    (folders["killed"] / MARK).touch()
    living = Session(folders["living"])
    assert not folders["killed"].exists()
    new = Session(folders["new"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["session_living", "session_new", "session_theirs"]
    new.end()
    living.end()
    assert [path.name for path in tmp_path.iterdir()] == ["session_theirs"]


def test_one_that_begins_at_the_same_moment_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "session_first", tmp_path / "session_second"
    for folder in (first, second):
        folder.mkdir()
    locked, others = sessions._locked, []

    def meanwhile(handle: int) -> bool:
        """The other begins where the first has its file and not yet its lock."""
        if not others:
            others.append(None)
            others.append(Session(second))
        return locked(handle)

    monkeypatch.setattr(sessions, "_locked", meanwhile)
    found = Session(first)
    assert (first / MARK).exists()
    assert (second / MARK).exists()
    others[1].end()
    found.end()
    assert list(tmp_path.iterdir()) == []

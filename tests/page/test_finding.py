from __future__ import annotations

from pathlib import Path

import pytest

from tunefork.errors import StoreError
from tunefork.page import finding
from tunefork.page.finding import Shelf, identity


def study(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.db").touch()
    return folder


def test_studies_are_found_below_a_folder_and_nothing_that_is_part_of_one(tmp_path: Path) -> None:
    wanted = [study(tmp_path / "a"), study(tmp_path / "b" / "c" / "d" / "e")]
    for hidden in ("a/search", ".cache/x", "runs/y", "b/c/d/f/g"):
        study(tmp_path / hidden)
    (tmp_path / "link").symlink_to(wanted[0])
    shelf = Shelf(tmp_path)
    assert list(shelf.folders().values()) == wanted
    assert [shelf.place(folder) for folder in wanted] == ["a", "b/c/d/e"]


def test_a_study_may_be_the_folder_itself(tmp_path: Path) -> None:
    folder = study(tmp_path / "one")
    assert list(Shelf(folder).folders().values()) == [folder]
    assert Shelf(folder).place(folder) == "one"


def test_later_ones_are_found_and_removed_ones_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "FRESH", 0.0)
    shelf = Shelf(tmp_path)
    assert shelf.folders() == {}
    folder = study(tmp_path / "later")
    assert shelf.folder(identity(folder)) == folder
    monkeypatch.setattr(finding, "FRESH", 1000.0)
    (folder / "study.db").unlink()
    with pytest.raises(StoreError, match="There is no such study"):
        shelf.folder(identity(folder))


def test_who_asks_for_a_study_that_has_just_begun_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "NEW", 0.0)
    shelf = Shelf(tmp_path)
    assert shelf.folders() == {}
    folder = study(tmp_path / "new")
    assert shelf.folders() == {}  # looked a moment ago
    assert shelf.has(identity(folder))
    assert not shelf.has("nobody")
    other = study(tmp_path / "newer")
    assert shelf.folder(identity(other)) == other


@pytest.mark.parametrize("name", ["../a", "a", "", "/etc", "0" * 12])
def test_only_ids_are_known(tmp_path: Path, name: str) -> None:
    study(tmp_path / "a")
    with pytest.raises(StoreError, match="There is no such study"):
        Shelf(tmp_path).folder(name)


def test_it_does_not_look_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 3)
    for name in "abcd":
        study(tmp_path / name)
    assert len(Shelf(tmp_path).folders()) == 2  # the root itself was the first of the three

"""Which study may be continued in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tunefork.config import StudyConfig
from tunefork.errors import StoreError
from tunefork.store import SqliteStore
from tunefork.study.folders import check_folder
from tunefork.study_file import parse_study, write_study

NEW = ("near_duplicates", "augment")
"""Settings of data that earlier versions did not have."""


@pytest.fixture
def config() -> StudyConfig:
    return parse_study("data: {train: a.csv, text: text}\ncompare: [head]")


def begun(folder: Path, written: str) -> Path:
    SqliteStore(folder).close()
    (folder / "study.yaml").write_text(written)
    return folder


def test_a_study_of_an_earlier_version_is_continued(config: StudyConfig, tmp_path: Path) -> None:
    before = yaml.safe_load(write_study(config))
    for name in NEW:
        del before["data"][name]
    check_folder(begun(tmp_path, yaml.safe_dump(before)), config, "hash")
    before["data"]["near_duplicates"] = "off"
    begun(tmp_path, yaml.safe_dump(before))
    with pytest.raises(StoreError, match=r"Found: data.near_duplicates was 'off' and is 'report'"):
        check_folder(tmp_path, config, "hash")


def test_settings_that_this_version_does_not_know_are_differences(config: StudyConfig, tmp_path: Path) -> None:
    later = yaml.safe_load(write_study(config))
    later["data"]["something_new"] = 3
    with pytest.raises(StoreError, match=r"Found: data.something_new was 3 and is None"):
        check_folder(begun(tmp_path, yaml.safe_dump(later)), config, "hash")
    with pytest.raises(StoreError, match="The folder holds another study"):
        check_folder(begun(tmp_path, "no study"), config, "hash")

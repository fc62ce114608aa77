"""Which study may be continued in a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.store.test_contract import RUN, STUDY
from tunefork import Head, Study, load_data
from tunefork.config import StudyConfig
from tunefork.errors import OtherStudyError, StoreError
from tunefork.store import SqliteStore
from tunefork.study.folders import check_folder, check_libraries
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


def with_runs(folder: Path, *statuses: str) -> Path:
    store = SqliteStore(folder)
    store.begin(replace(STUDY, environment={"torch": "2.12.0", "numpy": "2.0.0", "python": "3.11.1"}))
    for number, status in enumerate(statuses):
        store.put_run(replace(RUN, id=f"run-{number}", status=status))
    store.close()
    return folder


NOW = {"torch": "2.13.0", "numpy": "2.0.0", "python": "3.12.0"}


def test_a_study_does_not_go_on_with_other_libraries(tmp_path: Path) -> None:
    with pytest.raises(OtherStudyError) as caught:
        check_libraries(with_runs(tmp_path, "done", "planned"), NOW)
    assert str(caught.value) == (
        f"The study began with other libraries, and runs of both could not be compared ({tmp_path}). "
        "Found: torch was 2.12.0 and is 2.13.0. Install those again to go on. "
        "Choose another folder with -o, begin anew beside it with --fork, or delete this one."
    )
    check_libraries(tmp_path, {**NOW, "torch": "2.12.0"})


@pytest.mark.parametrize("statuses", [("done", "done"), ("planned", "planned"), ()])
def test_where_nothing_would_be_mixed_other_libraries_are_welcome(statuses: tuple[str, ...], tmp_path: Path) -> None:
    check_libraries(with_runs(tmp_path, *statuses), NOW)


def test_a_fork_begins_anew_in_the_first_free_folder(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    def study(rate: float) -> Study:
        return Study(
            model=str(tiny_folder), data=load_data(messages_csv, max_length=24), compare=[Head(learning_rate=rate)],
            training={"steps": 2, "precision": "fp32"},
        )  # fmt: skip

    first = study(1e-2).run(tmp_path / "out", progress=False)
    with pytest.raises(OtherStudyError, match=r"begin anew beside it with --fork"):
        study(2e-2).run(tmp_path / "out", progress=False)
    assert study(2e-2).run(tmp_path / "out", progress=False, fork=True).folder == tmp_path / "out-2"
    assert study(3e-2).run(tmp_path / "out", progress=False, fork=True).folder == tmp_path / "out-3"
    again = study(1e-2).run(tmp_path / "out", progress=False, fork=True)  # the same study is continued
    assert again.folder == first.folder
    assert [run.record for run in again.runs()] == [run.record for run in first.runs()]

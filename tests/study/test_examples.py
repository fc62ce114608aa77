"""Copies of test rows beside a study: few, short, and not there where nobody wants them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tunefork import Full, Head, LoRA, Results, Study, load_data
from tunefork.errors import StoreError
from tunefork.report import examples, summarise
from tunefork.store import SqliteStore
from tunefork.study.examples import CHARACTERS, excerpt, keep_examples

TRAINING = {"epochs": 1, "batch_size": 16, "precision": "fp32"}


def study(tiny_folder: Path, messages_csv: Path, **data: object) -> Study:
    return Study(
        model=str(tiny_folder),
        data=load_data(messages_csv, max_length=32, **data),
        compare=[Head(learning_rate=1e-2), LoRA(rank=2)],
        seeds=2,
        training=TRAINING,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Results:
    return study(tiny_folder, messages_csv).run(tmp_path_factory.mktemp("study") / "out", progress=False)


def test_what_the_report_shows_is_kept_and_nothing_else(made: Results, messages_csv: Path) -> None:
    kept = made.store.excerpts()
    shown = examples(made.store, summarise(made.store)).ids
    assert set(kept) == set(shown)
    assert 0 < len(kept) <= 48  # all test rows there are
    texts = pd.read_csv(messages_csv).set_index("id")["message"]
    assert all(text == " ".join(texts[identity].split())[:CHARACTERS] for identity, text in kept.items())
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Most confident mistakes" in page
    assert "Where strategies disagree" in page


def test_counts_and_formulas_of_a_run_agree(made: Results) -> None:
    for run in made.store.runs():
        found = {part: getattr(run.counts, part) for part in ("adapter", "head", "backbone")}
        assert run.counted == {part: count for part, count in found.items() if count}
        assert sum(one.count for one in run.formulas) == run.counts.trainable


def test_rows_that_are_not_shown_any_more_are_forgotten(made: Results, tiny_folder: Path, messages_csv: Path) -> None:
    writer = SqliteStore(made.folder)
    writer.put_excerpts({"another": "row"})
    keep_examples(writer, study(tiny_folder, messages_csv).splits.test)
    assert "another" not in writer.excerpts()
    assert set(writer.excerpts()) == set(examples(writer, summarise(writer)).ids)
    writer.close()


def test_who_wants_no_copies_gets_none_also_later(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    without = study(tiny_folder, messages_csv, examples=False)
    results = without.run(tmp_path / "out", progress=False)
    assert results.store.excerpts() == {}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    identity = examples(results.store, summarise(results.store)).ids[0]
    assert identity in page
    results.store.close()
    # the same study, with copies; and without them again
    again = study(tiny_folder, messages_csv).run(tmp_path / "out", progress=False)
    assert identity in again.store.excerpts()
    again.store.close()
    assert without.run(tmp_path / "out", progress=False).store.excerpts() == {}


def test_a_study_of_an_earlier_version_is_continued(made: Results, tiny_folder: Path, messages_csv: Path) -> None:
    path = made.folder / "study.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content["data"]["examples"], content["training"]["checkpointing"]  # as before there were these settings
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    before = made.to_dict()
    again = study(tiny_folder, messages_csv).run(made.folder, progress=False)
    assert again.to_dict()["runs"] == before["runs"]
    content["training"]["epochs"] = 7
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(StoreError, match=r"Found: training.epochs was 7.0 and is 1.0"):
        study(tiny_folder, messages_csv).run(made.folder, progress=False)
    content["training"]["epoch"] = content["training"].pop("epochs")  # what no version would write
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(StoreError, match=r"Found: training.epoch was 7 and is None"):
        study(tiny_folder, messages_csv).run(made.folder, progress=False)


def test_full_fine_tuning_trains_every_number_that_it_counts(
    tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    results = Study(
        model=str(tiny_folder), data=load_data(messages_csv, max_length=16), compare=[Full()], training=TRAINING
    ).run(tmp_path / "out", progress=False)
    (run,) = results.store.runs()
    assert run.counted == {"head": run.counts.head, "backbone": run.counts.backbone}
    assert "counted" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_an_excerpt_is_short_and_of_a_pair_each_part_has_its_half() -> None:
    long = "word " * 200
    assert len(excerpt([long])) <= CHARACTERS
    assert excerpt([long]).endswith("word…")
    first, second = excerpt([long, "short"]).split("\n")
    assert (len(first) <= CHARACTERS // 2, second) == (True, "short")

"""What further training leaves of an earlier task; the oracle is a model put together by hand."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from safetensors.torch import load_file

from tunefork import Full, Head, LoRA, Peft, Results, Study, load_data, load_model
from tunefork.errors import LabelError, ReadError, StoreError, UnsupportedModelError
from tunefork.store import SqliteStore, Store
from tunefork.study import retention
from tunefork.study.retention import measure_retention

TRAINING = {"epochs": 10, "batch_size": 16, "precision": "fp32"}
LATER = [
    Full(learning_rate=5e-3),
    Head(),
    LoRA(rank=4, learning_rate=2e-2, seeds=2),
    Peft("PREFIX_TUNING", num_virtual_tokens=2),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("retention")


@pytest.fixture(scope="module")
def earlier(place: Path, tiny_folder: Path, messages_csv: Path) -> Results:
    """Three intents, by full fine-tuning."""
    shutil.copy(messages_csv, place / "intents.csv")
    data = load_data(place / "intents.csv", max_length=32)
    study = Study(
        model=str(tiny_folder), data=data, compare=[Full(learning_rate=5e-3)], training=TRAINING, name="intents"
    )
    return study.run(place / "intents", progress=False, workers=1)


@pytest.fixture(scope="module")
def questions(place: Path, messages_csv: Path) -> Path:
    """The same messages by another label: whether they ask."""
    with messages_csv.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path = place / "questions.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "asks"])
        writer.writerows((row["message"], "yes" if "?" in row["message"] else "no") for row in rows)
    return path


@pytest.fixture(scope="module")
def later(place: Path, tiny_folder: Path, questions: Path, earlier: Results) -> Path:
    """Another task with other classes, from the earlier model."""
    study = Study(
        model=str(tiny_folder), data=load_data(questions, max_length=32), compare=LATER, training=TRAINING,
        name="questions", start_from=str(earlier.best().folder),
    )  # fmt: skip
    study.run(place / "questions", progress=False, workers=1)
    return place / "questions"


@pytest.fixture
def store(later: Path) -> Iterator[Store]:
    opened = SqliteStore(later)
    yield opened
    opened.close()


def first(store: Store, strategy: str) -> Any:
    return next(run for run in store.runs() if run.strategy == strategy)


def asked(store: Store, source: Path, **settings: Any) -> dict[tuple[str, str], Any]:
    """The records on these rows, by run and head."""
    task = measure_retention(store, source, **settings).task
    return {(one.run, one.head): one for one in store.retentions() if one.task == task}


def test_the_starting_model_answers_as_the_earlier_run_did(store: Store, earlier: Results) -> None:
    found = asked(store, earlier.folder)
    before = next(one for one in found.values() if one.head == "before")
    run = earlier.best().record
    assert (before.run, before.earlier, before.name) == (f"earlier:{before.task}", run.id, "intents")
    assert before.source == str(earlier.folder)
    then, now = earlier.store.predictions(run.id, "test"), store.predictions(before.run, before.split)
    assert now.ids == then.ids
    np.testing.assert_array_equal(now.labels, then.labels)
    np.testing.assert_allclose(now.logits, then.logits, atol=1e-4)
    assert before.accuracy == then.correct.mean()
    assert before.accuracy > 0.5, "there is something to forget"


def test_a_head_forgets_nothing(store: Store, earlier: Results) -> None:
    found = asked(store, earlier.folder)
    before = next(one for one in found.values() if one.head == "before")
    kept = found[first(store, "head").id, "earlier"]
    np.testing.assert_array_equal(
        store.predictions(kept.run, kept.split).logits, store.predictions(before.run, before.split).logits
    )
    assert (kept.accuracy, kept.macro_f1, kept.loss) == (before.accuracy, before.macro_f1, before.loss)


@pytest.mark.parametrize("strategy", ["full", "lora"])
def test_the_earlier_head_reads_the_tuned_backbone(
    strategy: str, store: Store, earlier: Results, tmp_path: Path
) -> None:
    found = asked(store, earlier.folder)
    run = first(store, strategy)
    model = transformers.BertForSequenceClassification.from_pretrained(str(store.folder / "start"))
    head = {name: each.clone() for name, each in model.state_dict().items() if name.startswith("classifier")}
    place = store.run_folder(run.id)
    if strategy == "lora":
        tensors = load_file(place / "adapter_model.safetensors")
        state = model.state_dict()
        for name in [name for name in tensors if name.endswith("lora_A.weight")]:
            target = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            state[f"{target}.weight"] += 2 * tensors[name.replace("lora_A", "lora_B")] @ tensors[name]
    else:
        state = {**load_file(place / "model.safetensors"), **head}
    model.load_state_dict(state)
    model.save_pretrained(str(tmp_path))
    shutil.copy(earlier.best().folder / "tunefork.json", tmp_path)
    for file in earlier.best().folder.glob("*token*"):
        shutil.copy(file, tmp_path)
    one = found[run.id, "earlier"]
    texts = {str(row["id"]): row["message"] for row in csv.DictReader((store.folder.parent / "intents.csv").open())}
    kept = store.predictions(one.run, one.split)
    expected = load_model(tmp_path).logits([(texts[each],) for each in kept.ids])  # type: ignore[attr-defined]
    np.testing.assert_allclose(kept.logits, expected, atol=2e-4)
    assert one.accuracy == (expected.argmax(axis=1) == kept.labels).mean()


def test_other_classes_leave_the_earlier_head_only(store: Store, earlier: Results) -> None:
    notices = measure_retention(store, earlier.folder).notices
    asked_runs = {key for key in asked(store, earlier.folder) if key[1] != "before"}
    expected = {(run.id, "earlier") for run in store.runs() if run.strategy != "peft"}
    assert asked_runs == expected
    assert notices == (
        "PEFT PREFIX_TUNING puts tokens in front of the rows, which cannot be put before an earlier head.",
    )


def test_nothing_is_asked_twice(store: Store, earlier: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    before = asked(store, earlier.folder)
    monkeypatch.setattr(retention, "answers", None)
    assert asked(store, earlier.folder) == before


def test_the_same_rows_are_drawn_every_time(store: Store, earlier: Results) -> None:
    whole = store.predictions(*next((one.run, one.split) for one in asked(store, earlier.folder).values()))
    some = [asked(store, earlier.folder, rows=20), asked(store, earlier.folder, rows=20)]
    assert some[0] == some[1]
    one = some[0][first(store, "head").id, "earlier"]
    kept = store.predictions(one.run, one.split)
    assert one.rows == len(kept.ids) == 20
    places = [whole.ids.index(each) for each in kept.ids]
    assert places == sorted(places)
    assert places != list(range(20))
    np.testing.assert_allclose(kept.logits, whole.logits[places], atol=1e-5)


def test_a_file_of_labelled_rows(store: Store, earlier: Results, place: Path) -> None:
    from_study = asked(store, earlier.folder)
    test = earlier.store.predictions(earlier.best().record.id, "test")
    with (place / "intents.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    path = place / "held.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "message", "what"])
        writer.writerows((each, rows[each]["message"], rows[each]["intent"]) for each in test.ids)
    found = asked(store, path, label="what")
    run = first(store, "full").id
    kept, same = found[run, "earlier"], from_study[run, "earlier"]
    assert (kept.name, kept.source, kept.earlier) == ("held.csv", str(path), "")
    assert (kept.accuracy, kept.rows) == (same.accuracy, same.rows)
    np.testing.assert_allclose(
        store.predictions(run, kept.split).logits, store.predictions(run, same.split).logits, atol=1e-5
    )
    path.write_text(path.read_text(encoding="utf-8").replace("status", "stat"), encoding="utf-8")
    with pytest.raises(LabelError, match="No training row has the class 'status'"):
        measure_retention(store, path, label="what")


def test_the_same_classes_are_answered_by_the_model_as_it_is_too(
    place: Path, tiny_folder: Path, earlier: Results, tmp_path: Path
) -> None:
    saved = earlier.best().save(tmp_path / "saved")
    data = load_data(place / "intents.csv", max_length=32, split_seed=7)
    results = Study(
        model=str(tiny_folder), data=data, compare=[LoRA(rank=2, learning_rate=2e-2)], training=TRAINING,
        start_from=str(saved),
    ).run(tmp_path / "again", progress=False, workers=1)  # fmt: skip
    store = SqliteStore(results.folder)
    found = asked(store, earlier.folder)
    assert {one.earlier for one in found.values()} == {earlier.best().record.id}, "found by its weights"
    run = results.runs()[0]
    assert {head for _, head in found} == {"before", "earlier", "own"}
    own, earlier_head = found[run.record.id, "own"], found[run.record.id, "earlier"]
    kept = store.predictions(own.run, own.split)
    with (place / "intents.csv").open(encoding="utf-8") as file:
        texts = {row["id"]: row["message"] for row in csv.DictReader(file)}
    expected = run.load().logits([(texts[each],) for each in kept.ids])  # type: ignore[attr-defined]
    np.testing.assert_allclose(kept.logits, expected, atol=1e-4)
    other = store.predictions(earlier_head.run, earlier_head.split)
    assert not np.allclose(other.logits, kept.logits, atol=1e-2), "its head was trained further"
    store.close()


def test_data_that_has_changed_is_refused_with_the_difference(
    store: Store, earlier: Results, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place / "intents.csv"
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    before = store.retentions()
    try:
        path.write_text("".join(lines[:-40]), encoding="utf-8")
        with pytest.raises(StoreError) as caught:
            measure_retention(store, earlier.folder)
    finally:
        path.write_text(whole, encoding="utf-8")
    told = str(caught.value)
    assert told.startswith(f"The earlier study's data has changed since ({earlier.folder}). Found: its hash was ")
    assert f"{earlier.store.study().data_hash[:12]} and is " in told
    assert "test rows were 48 and are 40" in told
    assert store.retentions() == before


def test_a_study_that_continued_nothing(earlier: Results, place: Path) -> None:
    store = SqliteStore(earlier.folder)
    with pytest.raises(StoreError, match=r"did not continue from an earlier model .*intents\)\. Found: it began with"):
        measure_retention(store, place)
    store.close()


def test_a_study_that_continued_another_one(
    store: Store, place: Path, tiny_folder: Path, messages_csv: Path, tmp_path: Path
) -> None:
    data = load_data(messages_csv, max_length=32)
    Study(model=str(tiny_folder), data=data, compare=[Head()], training={"steps": 2, "precision": "fp32"}).run(
        tmp_path / "other", progress=False, workers=1
    )
    with pytest.raises(
        StoreError, match=r"did not begin with a run of that study .*no finished run of .*other has the"
    ):
        measure_retention(store, tmp_path / "other")


def test_a_study_of_other_classes_cannot_be_the_earlier_one(store: Store, later: Path) -> None:
    with pytest.raises(
        StoreError, match=r"classes are not those .* Found: no, yes; the model's are damaged, return, st"
    ):
        measure_retention(store, later)


def test_a_folder_that_is_no_study(store: Store, digit_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match=r"reads texts, and these rows are images"):
        measure_retention(store, digit_folder)
    with pytest.raises(ReadError, match="There is no such file"):
        measure_retention(store, tmp_path / "nowhere")

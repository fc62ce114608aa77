"""An export is checked on held-out rows, carries a card, and goes to the hub if asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.digest import digest
from tests.export.hub import COMMIT, Hub, running
from tunefork import Head, LoRA, Results, Study, load_data, load_model
from tunefork.errors import ArtefactError, StoreError, UnsupportedModelError
from tunefork.export import artefacts, export_run, rescore
from tunefork.study.exporting import Exported, export


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, messages_csv: Path) -> Results:
    study = Study(
        model=str(tiny_folder), data=load_data(messages_csv, max_length=32),
        compare=[Head(), LoRA(rank=2, learning_rate=1e-2)],
        training={"epochs": 2, "batch_size": 16, "precision": "fp32"}, name="letters",
    )  # fmt: skip
    return study.run(tmp_path_factory.mktemp("study") / "out", progress=False, workers=1)


@pytest.fixture(scope="module")
def adapter(made: Results) -> str:
    return next(run.record.id for run in made.runs() if run.record.strategy == "lora")


@pytest.fixture(scope="module")
def merged(made: Results, adapter: str, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(made.store, adapter, tmp_path_factory.mktemp("exports") / "merged", "merged")


def test_it_is_asked_held_out_rows_in_a_fresh_process(made: Results, adapter: str, merged: Exported) -> None:
    record = made.store.evaluations(adapter, "test")[0]
    assert merged.checked.rows == len(made.store.predictions(adapter, "test").ids)
    assert merged.checked.right == pytest.approx(record.accuracy)
    assert 0 <= merged.checked.difference < merged.checked.tolerance == 1e-4
    assert merged.checked.agreeing == 1


def test_it_needs_nothing_of_the_study(made: Results, adapter: str, merged: Exported, messages_csv: Path) -> None:
    assert not (merged.folder / "adapter_config.json").exists()
    assert (merged.folder / "manifest.json").is_file()
    texts = pd.read_csv(messages_csv)["message"].tolist()[:20]
    expected = load_model(made.store.run_folder(adapter)).predict(texts)
    pd.testing.assert_frame_equal(load_model(merged.folder).predict(texts), expected, rtol=1e-4)


def test_its_card_says_what_it_is_worth(made: Results, adapter: str, merged: Exported) -> None:
    card = (merged.folder / "README.md").read_text(encoding="utf-8")
    facts = yaml.safe_load(card.split("---")[1])
    record = made.store.evaluations(adapter, "test")[0]
    assert facts["library_name"] == "transformers"
    metrics = {each["type"]: each["value"] for each in facts["model-index"][0]["results"][0]["metrics"]}
    assert metrics["accuracy"] == pytest.approx(record.accuracy)
    for part in (
        "# letters: LoRA r=2 query+value",
        "One of 3 labels: `damaged`, `return`, `status`.",
        f"| accuracy | {100 * record.accuracy:.2f} % (95 % interval ",
        f"`{made.store.study().data_hash}`",
        "## Limits",
        "load_model(FOLDER).predict(",
        "AutoModelForSequenceClassification.from_pretrained(FOLDER)",
    ):
        assert part in card


def test_what_answers_otherwise_is_not_kept(
    made: Results, adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = artefacts.tuned_model

    def changed(*arguments: object) -> object:
        model = plain(*arguments)  # type: ignore[arg-type]
        model.classifier.bias.data += 0.01
        return model

    monkeypatch.setattr(artefacts, "tuned_model", changed)
    with pytest.raises(ArtefactError) as caught:
        export(made.store, adapter, tmp_path / "x", "merged")
    assert caught.value.what == "The export does not answer as the run does, and is not kept"
    assert caught.value.found.startswith("logits up to 0.01 apart on ")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_loaded_is_not_kept(
    made: Results, adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefacts, "_write_facts", lambda target, facts: (target / "tunefork.json").write_text("{"))
    with pytest.raises(ArtefactError, match="cannot be loaded in a fresh process, and is not kept"):
        export(made.store, adapter, tmp_path / "x", "merged")
    assert list(tmp_path.iterdir()) == []


def test_refusals(made: Results, adapter: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("a")
    with pytest.raises(StoreError, match=r"The folder is not empty \(.*full\)"):
        export(made.store, adapter, tmp_path / "full", "peft")
    head = next(run.record.id for run in made.runs() if run.record.strategy == "head")
    with pytest.raises(UnsupportedModelError, match=r"is no adapter .* Use --format merged\."):
        export(made.store, head, tmp_path / "x", "peft")
    with pytest.raises(StoreError, match="There is no run"):
        export(made.store, "lora-nowhere", tmp_path / "x", "peft")


def test_rows_that_changed_cannot_check_anything(tmp_path: Path, tiny_folder: Path, messages_csv: Path) -> None:
    rows = pd.read_csv(messages_csv)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    study = Study(
        model=str(tiny_folder), data=load_data(tmp_path / "rows.csv", max_length=32), compare=[Head()],
        training={"steps": 2, "batch_size": 16, "precision": "fp32"},
    )  # fmt: skip
    found = study.run(tmp_path / "out", progress=False, workers=1)
    rows.iloc[:-30].to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(StoreError, match="test rows have changed since, so an export cannot be checked"):
        export(found.store, found.runs()[0].record.id, tmp_path / "x", "merged")


def pushed(hub: Hub, made: Results, adapter: str, target: Path, token: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HUB_OFFLINE": "0",
                   "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(target.parent / "hf")}  # fmt: skip
    words = ["export", str(made.folder), adapter, "--format", "peft", "-o", str(target), "--push", "letters", "--json"]
    command = [sys.executable, "-c", "from tunefork.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_it_is_pushed_to_the_hub_as_it_lies_on_the_disk(made: Results, adapter: str, tmp_path: Path) -> None:
    with running() as hub:
        done = pushed(hub, made, adapter, tmp_path / "adapter", hub.token)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["url"] == f"{hub.url}/somebody/letters/commit/{COMMIT}"
    assert hub.repositories == {"somebody/letters": True}
    lying = {path.name: digest(path.read_bytes()) for path in (tmp_path / "adapter").iterdir()}
    assert {name: digest(content) for name, content in hub.files.items()} == lying
    assert {"adapter_model.safetensors", "adapter_config.json", "README.md", "tunefork.json"} <= lying.keys()


def test_a_hub_that_refuses_leaves_the_folder(made: Results, adapter: str, tmp_path: Path) -> None:
    with running() as hub:
        done = pushed(hub, made, adapter, tmp_path / "adapter", "hf_wrong")
    assert done.returncode == 1
    told = json.loads(done.stdout)["error"]
    assert told["what"] == "The export could not be uploaded"
    assert told["where"] == "letters"
    assert "401" in told["found"]
    assert "hf auth login" in told["fix"]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()


def test_a_hub_out_of_reach_leaves_the_folder(made: Results, adapter: str, tmp_path: Path) -> None:
    done = pushed(Hub(url="http://127.0.0.1:9"), made, adapter, tmp_path / "adapter", "hf_secret")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["what"] == "The export could not be uploaded"
    assert "Traceback" not in done.stderr
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()


def test_numbers_and_several_labels_are_compared_as_what_they_are(
    tmp_path: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    rows = pd.read_csv(messages_csv)
    rows["size"] = 1000.0 * rows["message"].str.len()
    rows["late"], rows["broken"] = (rows["intent"] == "status").astype(int), (rows["intent"] == "damaged").astype(int)
    for name, label, settings in (("numbers", "size", {"problem": "regression"}), ("several", "late+broken", {})):
        study = Study(
            model=str(tiny_folder), compare=[LoRA(rank=2, learning_rate=1e-2)],
            data=load_data(rows[["message", *label.split("+")]], text="message", label=label, **settings),
            training={"epochs": 1, "batch_size": 16, "precision": "fp32"},
        )  # fmt: skip
        found = study.run(tmp_path / name, progress=False, workers=1)
        run_folder = found.runs()[0].folder
        export_run(tmp_path / name, run_folder, tmp_path / f"{name}-merged", "merged", tmp_path / f"{name}-merged")
        texts = [(text,) for text in rows["message"][:40]]
        checked = rescore(run_folder, tmp_path / f"{name}-merged", "merged", texts, None)
        assert checked.agreeing == (None if name == "numbers" else 1)
        assert (checked.tolerance > 1e-2) == (name == "numbers")


def test_pictures_are_asked_in_a_fresh_process_too(tmp_path: Path, tiny_vit: Path, digit_folder: Path) -> None:
    study = Study(
        model=str(tiny_vit), data=load_data(digit_folder), compare=[LoRA(rank=2)],
        training={"epochs": 1, "batch_size": 16, "precision": "fp32"},
    )  # fmt: skip
    found = study.run(tmp_path / "out", progress=False, workers=1)
    (run,) = found.runs()
    for form in ("merged", "onnx"):
        checked = run.export(tmp_path / form, form).checked  # type: ignore[arg-type]
        assert checked.rows == len(found.store.predictions(run.record.id, "test").ids)
        assert checked.agreeing == 1
        assert "pipeline_tag: image-classification" in (tmp_path / form / "README.md").read_text(encoding="utf-8")
    picture = next(digit_folder.rglob("*.png"))
    answers = [load_model(folder).predict([picture]).iloc[0, 1:].tolist() for folder in (run.folder, tmp_path / "onnx")]
    assert answers[0] == pytest.approx(answers[1], rel=1e-3)

"""Weights as pickle: refused; read where they are allowed; never run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.models.hub import filled, told
from tests.tiny import tiny_model, tokenizer
from tunefork import Head, Study, load_data
from tunefork.cli import app
from tunefork.errors import StudyFileError, WeightsError
from tunefork.models import Trust, load_backbone
from tunefork.study_file import parse_study

LABELS = ("neg", "pos")
NOTICE = "the weights are read from {}, a pickle: its tensors, and nothing else"


class Wicked:
    """An object whose unpickling runs code."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.place}'",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BERT whose weights are a pickle."""
    place = tmp_path / "model"
    tiny_model("bert").bert.save_pretrained(place)
    tokenizer().save_pretrained(place)
    torch.save(load_file(place / "model.safetensors"), place / "pytorch_model.bin")
    (place / "model.safetensors").rename(tmp_path / "model.safetensors")
    return place


def test_allowed_weights_are_the_same_numbers_with_a_notice(folder: Path, tmp_path: Path) -> None:
    backbone = load_backbone(str(folder), LABELS, trust=Trust(pickle=True))
    assert NOTICE.format("pytorch_model.bin") in backbone.notices
    (tmp_path / "model.safetensors").rename(folder / "model.safetensors")
    safe = load_backbone(str(folder), LABELS, trust=Trust(pickle=True))
    assert not any("pickle" in notice for notice in safe.notices)
    torch.testing.assert_close(backbone.model.bert.state_dict(), safe.model.bert.state_dict(), rtol=0, atol=0)


def test_several_files_with_an_index(folder: Path) -> None:
    tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)
    (folder / "pytorch_model.bin").unlink()
    files = {key: f"pytorch_model-0000{1 + number % 2}-of-00002.bin" for number, key in enumerate(tensors)}
    for file in set(files.values()):
        torch.save({key: each for key, each in tensors.items() if files[key] == file}, folder / file)
    index = folder / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": files}))
    with pytest.raises(WeightsError, match=r"Found: pytorch_model.bin.index.json, no model.safetensors"):
        load_backbone(str(folder), LABELS)
    backbone = load_backbone(str(folder), LABELS, trust=Trust(pickle=True))
    assert NOTICE.format(index.name) in backbone.notices
    assert torch.equal(backbone.model.bert.pooler.dense.weight, tensors["pooler.dense.weight"])


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_pickle_is_refused_and_does_not_run(legacy: bool, folder: Path, tmp_path: Path) -> None:
    tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)
    wicked = {**tensors, "more": Wicked(tmp_path / "ran")}
    torch.save(wicked, folder / "pytorch_model.bin", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(
        WeightsError,
        match=r"holds more than tensors; nothing of it was run \(.*: pytorch_model.bin\). Found: .*GLOBAL posix.system",
    ):
        load_backbone(str(folder), LABELS, trust=Trust(pickle=True))
    assert not (tmp_path / "ran").exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "ran").exists(), "it would have run"


def test_a_study_reads_it_where_the_command_line_says_so(folder: Path, messages_csv: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    file = tmp_path / "study.yaml"
    file.write_text(f"model: {folder}\ndata: {{train: {messages_csv}, max_length: 16}}\ncompare: [head]\n")
    refused = CliRunner().invoke(app, ["plan", str(file), "--no-timings"])
    assert isinstance(refused.exception, WeightsError)
    plan = CliRunner().invoke(app, ["plan", str(file), "--no-timings", "--allow-pickle", "--json"])
    assert NOTICE.format("pytorch_model.bin") in json.loads(plan.output)["notices"]
    with pytest.raises(
        StudyFileError,
        match=r"'allow_pickle' here: a study file cannot allow that.*may say --allow-pickle on the command",
    ):
        parse_study("allow_pickle: true\n" + file.read_text())


def test_training_starts_from_a_pickle_where_it_is_allowed(folder: Path, messages_csv: Path) -> None:
    study = Study(
        model="builtin:minilm", data=load_data(messages_csv, max_length=16), compare=[Head()], start_from=str(folder)
    )
    with pytest.raises(WeightsError, match="a pickle, which can hold code"):
        _ = study.backbone
    allowed = Study.from_config(study.config, trust=Trust(pickle=True))
    assert NOTICE.format("pytorch_model.bin") in allowed.backbone.notices


def test_of_the_hub_too(tmp_path: Path, messages_csv: Path) -> None:
    home = filled(tmp_path, code=False)
    for snapshot in home.glob("hub/models--*/snapshots/*"):
        torch.save(load_file(snapshot / "model.safetensors"), snapshot / "pytorch_model.bin")
        (snapshot / "model.safetensors").unlink()
    (tmp_path / "study.yaml").write_text(
        f"model: somebody/own-bert\ndata: {{train: {messages_csv}, max_length: 16}}\ncompare: [head]\n"
    )
    status, output, _ = told(home, "plan", str(tmp_path / "study.yaml"), "--no-timings")
    assert status == 1
    assert "pickle, which can hold code (somebody/own-bert). Found: pytorch_model.bin" in output
    status, output, _ = told(home, "plan", str(tmp_path / "study.yaml"), "--no-timings", "--allow-pickle")
    assert (status, NOTICE.format("pytorch_model.bin") in output) == (0, True), output

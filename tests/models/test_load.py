"""Loading models: notices for what is replaced, errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny import tiny_model, tokenizer, word_tokenizer
from tunefork.errors import MissingExtraError, ModelNotFoundError, UnsupportedModelError, WeightsError
from tunefork.models import builtin as builtin_module
from tunefork.models import load_backbone, load_config, longest_input

LABELS = ("neg", "pos")
FRESH = "freshly initialised, trained and saved with the head: {}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BERT without a classification head, as pretrained checkpoints are."""
    model = tiny_model("bert")
    model.bert.save_pretrained(tmp_path / "model")
    tokenizer().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder: Path, change: object) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)  # type: ignore[operator]
    save_file(tensors, path, metadata={"format": "pt"})


def test_builtin_minilm_is_the_real_model() -> None:
    backbone = load_backbone("builtin:minilm", LABELS)
    assert backbone.anatomy.total == 22_713_986
    assert len(backbone.anatomy.blocks) == 6
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}
    assert backbone.model.config.id2label == {0: "neg", 1: "pos"}
    assert all(parameter.dtype == torch.float32 for parameter in backbone.model.parameters())
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())


def test_builtin_weights_that_are_not_the_expected_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin_module, "MINILM_SHA256", "0" * 64)
    with pytest.raises(
        WeightsError, match=r"not the expected ones \(.*model.safetensors\). Found: sha256 53aa51172d142c89"
    ):
        load_backbone("builtin:minilm", LABELS)


def test_a_missing_demo_package_is_answered_with_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin_module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"Run: pip install 'tunefork\[demo\]'"):
        load_backbone("builtin:minilm", LABELS)


def test_unknown_builtin() -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"There is no model 'builtin:minilmm'. Did you mean 'builtin:minilm'\?"
    ):
        load_backbone("builtin:minilmm", LABELS)


def test_what_the_checkpoint_lacks_is_trained_with_the_head(folder: Path) -> None:
    rewrite(folder, lambda tensors: [tensors.pop(key) for key in list(tensors) if key.startswith("pooler")])
    backbone = load_backbone(str(folder), LABELS)
    assert backbone.anatomy.head == ("classifier", "bert.pooler.dense")
    assert backbone.fresh >= {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    assert FRESH.format("bert.pooler.dense, classifier") in backbone.notices


def test_a_head_of_another_size_is_replaced_with_a_notice(tmp_path: Path) -> None:
    tiny_model("bert").save_pretrained(tmp_path)  # three classes
    tokenizer().save_pretrained(tmp_path)
    backbone = load_backbone(str(tmp_path), LABELS)
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}
    assert "the checkpoint's head is for 3 classes; it was replaced by a fresh one for 2 classes" in backbone.notices
    kept = load_backbone(str(tmp_path), ("a", "b", "c"))
    assert kept.fresh == frozenset()
    assert any("training continues from it" in notice for notice in kept.notices)


def test_any_other_shape_mismatch_is_an_error(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(
        WeightsError, match=r"The tensor 'bert.encoder.layer.0.intermediate.dense.*' does not fit .*64.*48"
    ):
        load_backbone(str(folder), LABELS)


def test_nan_in_the_weights_names_the_tensor(folder: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["encoder.layer.1.output.dense.weight"][0, :2] = float("nan")

    rewrite(folder, spoil)
    with pytest.raises(
        WeightsError,
        match=r"The tensor 'bert.encoder.layer.1.output.dense.weight' holds 2 values that are NaN or infinite \(.*\). "
        r"Found: 2 NaN and 0 infinite of its 2,048 values; 1 of 41 tensors is affected. Download",
    ):
        load_backbone(str(folder), LABELS)


def test_of_several_tensors_with_nan_the_first_are_named(folder: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        for block in range(2):
            for name in ("query", "key"):
                tensors[f"encoder.layer.{block}.attention.self.{name}.bias"][:3] = float("inf")

    rewrite(folder, spoil)
    name = "bert.encoder.layer.0.attention.self.{}.bias"
    with pytest.raises(WeightsError) as caught:
        load_backbone(str(folder), LABELS)
    assert caught.value.what == f"The tensor '{name.format('query')}' holds 3 values that are NaN or infinite"
    assert caught.value.found == (
        "0 NaN and 3 infinite of its 32 values; 4 of 41 tensors are affected: "
        f"{name.format('query')}, {name.format('key')}, bert.encoder.layer.1.attention.self.query.bias, …"
    )


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", ["{", "[1]", "\x00\x01"])
def test_a_damaged_file_is_named(file: str, content: str, folder: Path) -> None:
    (folder / file).write_text(content)
    with pytest.raises(ModelNotFoundError) as caught:
        load_backbone(str(folder), LABELS)
    assert caught.value.what == f"The model's {file} is damaged"
    assert caught.value.where == str(folder / file)
    assert "JSON" in caught.value.found
    assert "safetensors" not in str(caught.value)


@pytest.mark.parametrize(("file", "part"), [("config.json", "config"), ("tokenizer.json", "tokenizer")])
def test_a_file_with_other_settings_is_named(file: str, part: str, folder: Path) -> None:
    (folder / file).write_text('{"model": 3}')
    with pytest.raises(ModelNotFoundError) as caught:
        load_backbone(str(folder), LABELS)
    assert caught.value.what == f"The model's {part} cannot be read"
    assert str(folder / file) in caught.value.where
    assert "safetensors" not in str(caught.value)


def test_damaged_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelNotFoundError, match=r"The model's weights cannot be read \(.*model.safetensors\)"):
        load_backbone(str(folder), LABELS)


def test_no_tokenizer_names_the_files_looked_for(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()
    with pytest.raises(
        ModelNotFoundError, match=r"The model has no tokenizer \(.*\). Found: none of tokenizer.json, vocab.txt"
    ):
        load_backbone(str(folder), LABELS)


def test_pickle_weights_are_refused(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(
        WeightsError,
        match=r"pickle, which can hold code \(.*\). Found: pytorch_model.bin, no model.safetensors. "
        r"Convert it: model.save_pretrained\(folder\).*--allow-pickle",
    ):
        load_backbone(str(folder), LABELS)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(
        ModelNotFoundError, match=r"The folder holds no model \(.*\). Found: notes.txt. It needs config.json"
    ):
        load_config(str(tmp_path))


def test_an_unknown_name_without_a_network() -> None:
    with pytest.raises(ModelNotFoundError, match="The model 'nobody/nothing' cannot be loaded"):
        load_config("nobody/nothing")


def test_an_architecture_without_a_classifier(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    from tunefork.models import skeleton

    with pytest.raises(UnsupportedModelError, match="no classification model of the architecture 'whisper'"):
        skeleton(load_config(str(tmp_path)), 2)


def test_gpt2_gets_a_pad_token_in_tokenizer_and_config_and_batches_equal_single_rows(tmp_path: Path) -> None:

    word_tokenizer(500).save_pretrained(tmp_path)
    model = tiny_model("gpt2")
    model.config.pad_token_id = None
    model.save_pretrained(tmp_path)
    backbone = load_backbone(str(tmp_path), ("a", "b", "c"))
    assert backbone.tokenizer.pad_token_id == backbone.model.config.pad_token_id == 500
    assert any("has no pad token; <end> is used" in notice for notice in backbone.notices)
    texts = ["w1 w2 w3", "w4 w5 w6 w7 w8 w9 w10", "w11"]
    batch = backbone.tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
    together = backbone.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    for row, text in enumerate(texts):
        alone = backbone.model(**{"input_ids": backbone.tokenizer(text, return_tensors="pt")["input_ids"]}).logits
        torch.testing.assert_close(together[row], alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "length"), [("roberta-base", 512), ("gpt2", 1024), ("distilbert-base-uncased", 512)])
def test_longest_input(name: str, length: int) -> None:
    assert longest_input(load_config(name)) == length

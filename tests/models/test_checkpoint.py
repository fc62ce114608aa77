"""Weights and configs that belong together, and those that do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tests.tiny import _SHAPE, CONFIGS, IMAGE_CONFIGS, reader, tokenizer
from tunefork.errors import WeightsError
from tunefork.models import load_backbone
from tunefork.problem import Problem

LABELS = ("neg", "pos")
SAVED = (
    "BertModel", "BertForPreTraining", "BertForMaskedLM", "BertLMHeadModel", "BertForSequenceClassification",
    "DistilBertModel", "DistilBertForMaskedLM", "DistilBertForTokenClassification",
    "RobertaModel", "RobertaForMaskedLM", "RobertaForCausalLM", "RobertaForMultipleChoice",
    "ElectraModel", "ElectraForPreTraining", "ElectraForMaskedLM",
    "DebertaModel", "DebertaForMaskedLM", "DebertaV2Model", "DebertaV2ForMaskedLM", "DebertaV2ForQuestionAnswering",
    "MPNetModel", "MPNetForMaskedLM", "AlbertModel", "AlbertForPreTraining", "AlbertForMaskedLM",
    "ModernBertModel", "ModernBertForMaskedLM", "GPT2Model", "GPT2LMHeadModel", "LlamaModel", "LlamaForCausalLM",
    "Qwen2ForCausalLM", "Qwen3ForCausalLM",
    "ViTModel", "ViTForMaskedImageModeling", "ViTForImageClassification", "ViTMSNModel",
    "DeiTModel", "DeiTForMaskedImageModeling", "DeiTForImageClassificationWithTeacher",
    "Dinov2Model", "Dinov2Backbone", "Dinov2WithRegistersModel", "BeitModel", "BeitForMaskedImageModeling",
)  # fmt: skip


def saved(architecture: str, folder: Path, **settings: object) -> Path:
    """A tiny model as transformers itself saves it."""
    kind = getattr(transformers, architecture)
    name = kind.config_class.model_type
    images = name in IMAGE_CONFIGS
    shape = {**(IMAGE_CONFIGS[name] if images else {**_SHAPE, **CONFIGS[name]}), **settings}
    kind(transformers.AutoConfig.for_model(name, **shape)).save_pretrained(folder)
    if images:
        reader().save_pretrained(str(folder))
    else:
        tokenizer().save_pretrained(folder)
    return folder


def configured(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def rewritten(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


@pytest.mark.parametrize("architecture", SAVED)
def test_what_transformers_saves_is_loaded_and_only_heads_and_poolers_are_fresh(
    architecture: str, tmp_path: Path
) -> None:
    more = {"vocab_size": 20} if architecture == "BeitForMaskedImageModeling" else {}
    backbone = load_backbone(str(saved(architecture, tmp_path, **more)), LABELS)
    assert backbone.fresh
    assert backbone.fresh <= set(backbone.anatomy.inside(backbone.anatomy.head))
    heads = ("classifier", "score", "pre_classifier", "head", "pooler")
    assert all(key.startswith(heads) or ".pooler." in key for key in backbone.fresh), backbone.fresh
    assert not any("mask_token" in key for key in backbone.fresh)


@pytest.mark.parametrize("architecture", ["Dinov2Model"])
def test_a_mask_token_that_is_missing_is_no_head(architecture: str, tmp_path: Path) -> None:
    saved(architecture, tmp_path)
    rewritten(tmp_path, lambda tensors: {key: each for key, each in tensors.items() if "mask_token" not in key})
    assert load_backbone(str(tmp_path), LABELS).anatomy.head == ("classifier",)


def test_tables_that_old_files_have_and_nobody_reads(tmp_path: Path) -> None:
    saved("GPT2Model", tmp_path / "gpt2", eos_token_id=2)
    more = {f"h.{block}.attn.{name}": torch.zeros(1) for block in range(2) for name in ("bias", "masked_bias")}
    rewritten(tmp_path / "gpt2", lambda tensors: tensors | more)
    saved("BertModel", tmp_path / "bert")
    rewritten(tmp_path / "bert", lambda tensors: tensors | {"embeddings.position_ids": torch.arange(80)[None]})
    for name in ("gpt2", "bert"):
        assert load_backbone(str(tmp_path / name), LABELS).fresh


@pytest.mark.parametrize("architecture", ["BertForMaskedLM", "BertModel"])
def test_weights_of_another_architecture_are_refused(architecture: str, tmp_path: Path) -> None:
    configured(saved(architecture, tmp_path), model_type="roberta")
    with pytest.raises(
        WeightsError, match=rf"saved by another architecture.*model_type roberta, architectures {architecture}. Set"
    ):
        load_backbone(str(tmp_path), LABELS)


def test_weights_by_other_names_are_refused(tmp_path: Path) -> None:
    configured(saved("BertForMaskedLM", tmp_path), model_type="roberta", architectures=None)
    with pytest.raises(
        WeightsError,
        match=r"lacks weights of the model \(.*\). Found: 37 of the backbone's 37 tensors are missing: "
        r"roberta.embeddings.word_embeddings.weight, .*…; the file has bert.embeddings.*. Use the config.json",
    ):
        load_backbone(str(tmp_path), LABELS)


def test_weights_inside_a_wrapper_are_refused(tmp_path: Path) -> None:
    saved("BertForMaskedLM", tmp_path)
    rewritten(tmp_path, lambda tensors: {f"module.{key}": each for key, each in tensors.items()})
    with pytest.raises(
        WeightsError,
        match=r"37 of the backbone's 39 tensors are missing: .*; the file has module\..*save model\.module",
    ):
        load_backbone(str(tmp_path), LABELS)


@pytest.mark.parametrize(
    "architecture", ["BertModel", "BertForMaskedLM", "ViTModel", "GPT2LMHeadModel", "Qwen3ForCausalLM"]
)
def test_a_config_with_more_blocks_than_the_file_is_refused(architecture: str, tmp_path: Path) -> None:
    saved(architecture, tmp_path)
    layers = "n_layer" if "GPT2" in architecture else "num_hidden_layers"
    configured(tmp_path, **{layers: 3, "layer_types": None, "max_window_layers": 3})
    with pytest.raises(
        WeightsError, match=r"lacks weights.*\d+ of the backbone's \d+ tensors are missing: \S*\.2\.\S*, "
    ):
        load_backbone(str(tmp_path), LABELS)


@pytest.mark.parametrize(
    "architecture", ["BertModel", "BertForMaskedLM", "ViTModel", "GPT2Model", "GPT2LMHeadModel", "Qwen3ForCausalLM"]
)
def test_a_config_with_fewer_blocks_than_the_file_is_refused(architecture: str, tmp_path: Path) -> None:
    saved(architecture, tmp_path)
    layers = "n_layer" if "GPT2" in architecture else "num_hidden_layers"
    configured(tmp_path, **{layers: 1, "layer_types": None, "max_window_layers": 1})
    with pytest.raises(
        WeightsError,
        match=r"no place \(.*\). Found: \d+ tensors of the backbone that the config does not know: \S*\.1\.\S*, ",
    ):
        load_backbone(str(tmp_path), LABELS)


@pytest.mark.parametrize(
    ("architecture", "modules"),
    [
        ("BertModel", "classifier"),
        ("BertForMaskedLM", "bert.pooler.dense, classifier"),
        ("RobertaModel", "classifier.dense, classifier.out_proj"),
        ("DebertaV2Model", "pooler.dense, classifier"),
        ("DistilBertModel", "pre_classifier, classifier"),
        ("GPT2Model", "score"),
        ("ViTModel", "classifier"),
    ],
)
def test_what_is_fresh_is_told_in_the_order_of_the_model(architecture: str, modules: str, tmp_path: Path) -> None:
    more = {"eos_token_id": 2} if architecture == "GPT2Model" else {}
    backbone = load_backbone(str(saved(architecture, tmp_path, **more)), LABELS)
    told = [notice for notice in backbone.notices if "fresh" in notice]
    assert told == [f"freshly initialised, trained and saved with the head: {modules}"]


def headed(folder: Path, architecture: str = "BertForSequenceClassification", **changes: object) -> Path:
    """A model with a head of two classes from an earlier task."""
    saved(architecture, folder, num_labels=2)
    configured(folder, **changes)
    return folder


def test_a_head_whose_labels_are_the_same_is_continued(tmp_path: Path) -> None:
    names: dict[str, object] = {"id2label": {"0": "neg", "1": "pos"}}
    headed(tmp_path, **names, problem_type="single_label_classification")
    backbone = load_backbone(str(tmp_path), LABELS)
    assert backbone.fresh == frozenset()
    assert backbone.notices == ("the checkpoint brings a head of the right size along; training continues from it",)


def test_a_head_whose_labels_nobody_named_is_continued(tmp_path: Path) -> None:
    backbone = load_backbone(str(headed(tmp_path)), LABELS)
    assert backbone.fresh == frozenset()
    assert backbone.notices[0].endswith("training continues from it, and the names of its labels are unknown")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("joy", "anger"), "other labels (joy, anger; here neg, pos)"),
        (("pos", "neg"), "other labels (pos, neg; here neg, pos)"),
        (("x" * 99, "y"), f"other labels ({'x' * 30}…, y; here neg, pos)"),
    ],
)
def test_a_head_for_other_labels_is_replaced(names: tuple[str, str], told: str, tmp_path: Path) -> None:
    headed(tmp_path, id2label=dict(enumerate(names)))
    backbone = load_backbone(str(tmp_path), LABELS)
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}
    assert backbone.notices[0] == f"the checkpoint's head is for {told}; it was replaced by a fresh one"
    assert "freshly initialised, trained and saved with the head: classifier" in backbone.notices
    before = load_file(tmp_path / "model.safetensors")["classifier.weight"]
    assert not torch.equal(backbone.model.classifier.weight, before)
    assert float(backbone.model.classifier.bias.abs().max()) == 0.0
    kept = load_backbone(str(tmp_path), LABELS, any_head=True)
    assert kept.fresh == frozenset()
    assert torch.equal(kept.model.classifier.weight, before)


def test_of_a_head_for_other_labels_the_last_linear_is_replaced(tmp_path: Path) -> None:
    headed(tmp_path, "RobertaForSequenceClassification", id2label={"0": "a", "1": "b"})
    assert load_backbone(str(tmp_path), LABELS).fresh == {"classifier.out_proj.weight", "classifier.out_proj.bias"}
    headed(tmp_path, "BertForTokenClassification", id2label={"0": "O", "1": "B"})
    assert "classifier.weight" in load_backbone(str(tmp_path), LABELS).fresh


def test_a_head_for_another_kind_of_problem_is_replaced(tmp_path: Path) -> None:
    headed(tmp_path, id2label={"0": "neg", "1": "pos"}, problem_type="multi_label_classification")
    backbone = load_backbone(str(tmp_path), LABELS)
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}
    assert backbone.notices[0] == (
        "the checkpoint's head is for another kind of problem (multi_label_classification of neg, pos; "
        "here single_label_classification of neg, pos); it was replaced by a fresh one"
    )
    assert load_backbone(str(tmp_path), LABELS, problem="multi_label").fresh == frozenset()


@pytest.mark.parametrize(
    ("labels", "problem", "kind", "told"),
    [
        (LABELS, "single_label", None, "for 3 classes; it was replaced by a fresh one for 2 classes"),
        (
            LABELS,
            "multi_label",
            "multi_label_classification",
            "for 3 labels; it was replaced by a fresh one for 2 labels",
        ),
        (("price",), "regression", None, "for 3 classes; it was replaced by a fresh one for 1 number"),
        (("price",), "multi_label", None, "for 3 classes; it was replaced by a fresh one for 1 label"),
    ],
)
def test_a_head_of_another_size_is_told_with_its_numbers(
    labels: tuple[str, ...], problem: Problem, kind: str | None, told: str, tmp_path: Path
) -> None:
    saved("BertForSequenceClassification", tmp_path)
    configured(tmp_path, problem_type=kind)
    backbone = load_backbone(str(tmp_path), labels, problem=problem)
    assert backbone.notices[0] == f"the checkpoint's head is {told}"
    assert backbone.fresh == {"classifier.weight", "classifier.bias"}

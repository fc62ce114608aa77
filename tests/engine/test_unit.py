"""Answers with numbers: standardised while training, in the labels' own unit once saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.recording import Kept
from tests.tiny import encoded, labelled, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble, load_artefact, save_run, unit_of, verify_run
from tunefork.engine.artefacts import model_inputs
from tunefork.engine.unit import PLAIN, output_linear
from tunefork.strategies import select

CPU = torch.device("cpu")
FP32 = Precision(CPU, torch.float32)
OUTPUTS = {"bert": "classifier", "roberta": "classifier.out_proj", "gpt2": "score", "vit": "classifier"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_the_unit_is_that_of_the_training_labels(kind: str) -> None:
    backbone = tiny_backbone(kind, problem="regression")
    labels = np.array([250.0, 350.0, 450.0])
    found = unit_of(backbone, labels)
    assert found.output == output_linear(backbone) == OUTPUTS[kind]
    assert not found.begun
    if kind == "gpt2":  # its last linear has no bias, and so no place for a mean
        assert (found.mean, found.scale) == (0.0, pytest.approx(np.sqrt(np.mean(labels**2))))
    else:
        assert (found.mean, found.scale) == (350.0, pytest.approx(labels.std()))
    assert unit_of(backbone, np.array([0, 1, 2])) is PLAIN
    assert unit_of(backbone, np.array([7.0, 7.0])).scale > 0


def test_folding_and_unfolding_are_each_other_s_inverse() -> None:
    unit = replace(PLAIN, mean=100.0, scale=20.0, output="classifier.out_proj")
    names = ("classifier.out_proj.weight", "classifier.out_proj.bias", "classifier.dense.weight")
    peft = "base_model.model.classifier.modules_to_save.default.out_proj.bias"
    tensors = {name: torch.randn(3, dtype=torch.float64) for name in (*names, peft)}
    folded = unit.folded(tensors)
    torch.testing.assert_close(folded[names[0]], 20 * tensors[names[0]])
    torch.testing.assert_close(folded[names[1]], 20 * tensors[names[1]] + 100)
    torch.testing.assert_close(folded[peft], 20 * tensors[peft] + 100)
    assert torch.equal(folded[names[2]], tensors[names[2]])
    for name, tensor in unit.unfolded(folded).items():
        torch.testing.assert_close(tensor, tensors[name])


def trained(kind: str, strategy: str, steps: int = 12) -> tuple[Any, ...]:
    backbone = tiny_backbone(kind, problem="regression")
    training = TrainingConfig(steps=steps, batch_size=8, eval_every=steps)
    run = RunConfig(strategy=parse_run(strategy).strategies[0], training=training, seed=1)
    split = labelled(rows_for(kind, range(60)), "regression")
    rows = Rows(split, split.take(np.arange(20)), None, 0, unit=unit_of(backbone, split.labels))
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], FP32)
    kept = Kept()
    Training(group, [run], rows, kept).run()
    return backbone, run, selection, group, rows, kept


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        *((kind, each) for kind in OUTPUTS for each in ("full", "head", "lora:rank=2,targets=query")),
        *((kind, "peft:type=IA3") for kind in ("bert", "roberta")),
    ],
)
def test_what_is_saved_answers_in_the_labels_own_unit(kind: str, strategy: str, tmp_path: Path) -> None:
    backbone, run, selection, group, rows, kept = trained(kind, strategy)
    _, answers = kept.evaluations[-1]
    if kind != "gpt2":  # labels lie around 336; a head begins near 0
        assert 280 < float(answers.logits.mean()) < 420
    facts = {"labels": ["price"], "model": "tiny", "problem": "regression"}
    artefact = save_run(group, 0, backbone, run, selection, tmp_path / "runs" / "a", facts, rows.unit)
    split = rows.validation
    verify_run(artefact, backbone, run, selection, split, 20)
    model = load_artefact(tmp_path / "runs" / "a", backbone)
    with torch.no_grad():
        found = model(**model_inputs(split, np.arange(20), 0, CPU)).logits
    torch.testing.assert_close(found, torch.from_numpy(answers.logits), rtol=2e-4, atol=0.05)


def test_recorded_losses_are_in_the_labels_unit_and_equal_the_squared_error() -> None:
    *_, kept = trained("bert", "head:learning_rate=1e-9", steps=10)
    record, answers = kept.evaluations[-1]
    assert record.loss == pytest.approx(np.mean((answers.logits[:, 0] - answers.labels) ** 2), rel=1e-6)
    assert kept.steps[-1].loss == pytest.approx(record.loss, rel=0.5)  # other rows, the same unit
    assert record.scores["rmse"] == pytest.approx(np.sqrt(record.loss), rel=1e-6)


def test_a_training_that_continues_a_regression_begins_with_its_answers() -> None:
    backbone, run, selection, group, rows, _ = trained("bert", "full")
    with torch.no_grad():
        for name, tensor in rows.unit.folded(group.tensors(0)).items():
            backbone.model.get_parameter(name).copy_(tensor)
    continued = replace(backbone, fresh=frozenset())
    split = labelled(encoded(range(60, 100)), "regression")
    unit = unit_of(continued, split.labels)
    assert unit.begun
    still = run.model_copy(update={"training": TrainingConfig(steps=1, batch_size=8, eval_every=1, warmup=1)})
    still = still.model_copy(update={"strategy": parse_run("head:learning_rate=1e-12").strategies[0]})
    selection = select(still.strategy, continued.anatomy, continued.model)
    again = assemble(continued, [still], [selection], FP32)
    kept = Kept()
    Training(again, [still], Rows(split, split, None, 0, unit=unit), kept).run()
    plain = continued.model(**model_inputs(split, np.arange(40), 0, CPU)).logits
    torch.testing.assert_close(torch.from_numpy(kept.evaluations[-1][1].logits), plain, rtol=1e-4, atol=0.02)

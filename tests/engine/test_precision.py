"""bf16 as it ships against fp32: copies follow their masters, and training ends at about the same place."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from tests.engine.recording import Kept
from tests.tiny import encoded, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import GroupModel, Precision, Rows, Training, assemble, precision
from tunefork.strategies import select

CPU = torch.device("cpu")


def trained(text: str, compute: torch.dtype, steps: int = 60) -> tuple[GroupModel, list[float]]:
    backbone = tiny_backbone("bert")
    training = TrainingConfig(steps=steps, batch_size=8, log_every=10)
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training)
    group = assemble(backbone, [run], [select(run.strategy, backbone.anatomy, backbone.model)], Precision(CPU, compute))
    kept = Kept()
    Training(group, [run], Rows(encoded(range(120)), None, None, 0), kept).run()
    return group, [record.loss for record in kept.steps]


@pytest.mark.parametrize("text", ["full:learning_rate=1e-2", "lora:rank=4,targets=all-linear,learning_rate=3e-2"])
def test_bf16_trains_as_fp32_does(text: str) -> None:
    rough, exact = trained(text, torch.bfloat16), trained(text, torch.float32)
    assert rough[1] == pytest.approx(exact[1], rel=0.05)
    assert rough[1] != exact[1]


def test_bf16_copies_are_the_masters_rounded() -> None:
    for text in ("full:learning_rate=1e-3", "lora:rank=4,learning_rate=1e-2"):
        group, _ = trained(text, torch.bfloat16, steps=3)
        group.settle()
        assert group.arena.copies.dtype == torch.bfloat16
        assert torch.equal(group.arena.copies, group.arena.weights.bfloat16())
        for slot in group.slots:
            assert slot.parameter.dtype == torch.float32
            if slot.compute is not None:
                assert torch.equal(slot.compute, slot.parameter.bfloat16())
        assert any(slot.compute is not None for slot in group.slots) == text.startswith("full")


@pytest.mark.parametrize(("gain", "expected"), [(4.0, "bf16"), (1.0, "fp32"), (0.3, "fp32")])
def test_auto_takes_the_faster_precision_of_a_cpu(gain: float, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda device: True)
    monkeypatch.setattr(precision, "bf16_gain", lambda: gain)
    assert precision.automatic_precision(CPU) == expected
    assert precision.choose_precision("auto", CPU).name == expected
    assert precision.choose_precision("bf16", CPU).name == "bf16"
    assert precision.choose_precision("auto", CPU, automatic="bf16").name == "bf16", "as the study began"


def test_a_cpu_without_bf16_is_not_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_bf16", lambda device: False)
    monkeypatch.setattr(precision, "bf16_gain", lambda: 9.0)
    assert precision.automatic_precision(CPU) == "fp32"


def test_both_precisions_are_measured() -> None:
    """Told to use AVX2 only, oneDNN emulates bf16 more slowly than it computes fp32, whatever the processor has."""
    code = "from tunefork.engine.precision import bf16_gain; print(bf16_gain())"
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert 0 < float(found.stdout) < precision.GAIN

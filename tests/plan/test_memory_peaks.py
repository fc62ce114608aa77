"""The planner's memory of a run against measured peaks, on a model that is large beside Python and its libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.tiny import CONFIGS, tokenizer
from tunefork.plan import PROCESS_MIB

ROOT = Path(__file__).parents[2]


def measured(model: Path, run: str, batch: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.memory_model", "--here", "--model", str(model)]
    done = subprocess.run(
        [*command, "--runs", run, "--batches", str(batch)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_estimates_are_near_the_peaks(tmp_path: Path) -> None:
    sizes = {"hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4, "intermediate_size": 1024}
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model("bert", **{**CONFIGS["bert"], **sizes, "vocab_size": 30522})
    transformers.BertModel(config).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    few, many, head = (measured(tmp_path, run, batch) for run, batch in (("full", 8), ("full", 32), ("head", 8)))
    for one in (few, many, head):  # what the planner reserves for a worker, against what the worker has had
        reserved = PROCESS_MIB + one["estimate_mib"]
        assert 0.5 < (one["before_mib"] + one["peak_mib"]) / reserved < 1.15, one
    assert 0.8 < many["peak_mib"] / many["estimate_mib"] < 1.6, many
    assert many["estimate_mib"] - few["estimate_mib"] > 100
    growth = (many["peak_mib"] - few["peak_mib"]) / (many["estimate_mib"] - few["estimate_mib"])
    assert 0.4 < growth < 1.3, (few, many)

"""Step time of one run, tunefork against transformers + PEFT as their documentation shows them, side by side.

    python -m benchmarks.step_time [--steps 12] [--batch-size 16]

Both sides see the same rows of the demo's messages on ``builtin:minilm``, in slices that take turns, so that the
machine's moods hit both alike. Prints the median milliseconds of a step and their ratio, and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional as F

from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.data import load_data
from tunefork.demo import demo_study
from tunefork.engine import Rows, Training, assemble, choose_precision
from tunefork.engine.batches import chunks, collate
from tunefork.models import load_backbone
from tunefork.store import EvaluationRecord, Predictions, StepRecord
from tunefork.strategies import select
from tunefork.study.prepare import encode_rows

RUNS = ("full", "head", "last_layers:count=1", "lora:rank=8,targets=query+value", "lora:rank=8,targets=all-linear")


class Nobody:
    def step(self, record: StepRecord) -> None: ...

    def evaluation(self, record: EvaluationRecord, predictions: Predictions) -> None: ...

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None: ...


def plain_model(backbone: Any, run: RunConfig, selection: Any) -> Any:
    """The model as a script would train it: fp32, dropout as pretrained, PEFT's adapters."""
    model = backbone.copy()
    if run.strategy.kind == "lora":
        modules = [adapter.module for adapter in selection.adapters]
        config = LoraConfig(
            task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=modules, modules_to_save=["classifier"]
        )
        return get_peft_model(model, config).train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in selection.base)
    return model.train()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=16)
    options = parser.parse_args()
    data = load_data(demo_study().parent / "messages.csv", text="message", label="intent")
    splits = data.splits()
    backbone = load_backbone("builtin:minilm", splits.labels.names)
    rows = encode_rows(splits, backbone, data.config).rows
    results = [measure(text, backbone, rows, options) for text in RUNS]
    print(f"{'run':42} {'transformers':>12} {'tunefork':>9} {'ratio':>6}")
    for row in results:
        print(f"{row['run']:42} {row['theirs_ms']:9.1f} ms {row['ours_ms']:6.1f} ms {row['ratio']:5.2f}×")
    print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__, "steps": results}))


def measure(text: str, backbone: Any, rows: Rows, options: argparse.Namespace) -> dict[str, Any]:
    """Median step times of both sides for one configuration."""
    training = TrainingConfig(batch_size=options.batch_size)
    run = RunConfig(strategy=parse_run(text).strategies[0], training=training)
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    ours = Training(assemble(backbone, [run], [selection], choose_precision("auto")), [run], rows, Nobody())
    theirs = plain_model(backbone, run, selection)
    trainable = [parameter for parameter in theirs.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-4)
    wanted = options.steps * options.slices + 2
    plan = list(chunks(0, len(rows.train.labels), training, wanted))
    took: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number, chunk in enumerate(plan):
        batch, labels = collate(rows.train, [np.concatenate(chunk.micro)], rows.pad_id, torch.device("cpu"))
        for side in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
            began = time.perf_counter()
            if side == "ours":
                ours.step([chunk])
            else:
                F.cross_entropy(theirs(**batch).logits, labels[0]).backward()
                torch.nn.utils.clip_grad_norm_(trainable, 1.0)
                optimizer.step()
                optimizer.zero_grad()
            if number >= 2:
                took[side].append(time.perf_counter() - began)
    medians = {side: statistics.median(times) * 1e3 for side, times in took.items()}
    return {
        "run": text,
        "ours_ms": medians["ours"],
        "theirs_ms": medians["theirs"],
        "ratio": medians["theirs"] / medians["ours"],
    }


if __name__ == "__main__":
    main()

"""S4's shape: ViT-B/16 with random weights, batches of 16 photographs of 224 pixels, against Trainer + PEFT.

    python -m benchmarks.s4_vit --data DIR [--steps 4] [--warm 2] [--slices 1]

Four LoRA runs, the last layer and the head, one epoch of the clothing photographs. Throughput does not depend on the
weights. Slices of every side take turns; times the steps and rows of the study. Trainer runs as S4's author had it
(fp32) and in bf16. ViT has no dropout, so there is nothing to switch off. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import AutoModelForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from benchmarks.study_vs_trainer.__main__ import START, machine
from benchmarks.study_vs_trainer.limit import matmul_rate
from benchmarks.study_vs_trainer.ours import Ours
from benchmarks.study_vs_trainer.study import Setting
from benchmarks.study_vs_trainer.trainer import LEGS, Script
from benchmarks.study_vs_trainer.workers import Crew, Worker
from tunefork.config import StudyConfig, TrainingConfig
from tunefork.config.study import DataConfig
from tunefork.engine import model_inputs
from tunefork.models import Backbone, load_backbone, load_config, quietly
from tunefork.plan import makespan
from tunefork.study import Study

REFERENCE = "google/vit-base-patch16-224-in21k"
RUNS = (
    ("lora:rank=8,targets=query+value", 0),
    ("lora:rank=8,targets=query+value,learning_rate=3e-3", 0),
    ("lora:rank=32,targets=query+value", 0),
    ("lora:rank=8,targets=query+key+value+output+mlp", 0),
    ("last_layers:count=1", 0),
    ("head", 0),
)
SIDES = ("a", "b")


@dataclass(frozen=True)
class Photographs(Setting):
    """The clothing photographs for a model in a folder."""

    model: str = ""

    def data_config(self) -> DataConfig:
        rows = {"train": self.rows, "test": self.test}
        source = str(self.folder / "clothing_small_subset.zip")
        return DataConfig.model_validate({"train": source, "validation": 0, "rows": rows, "leakage": "drop_train"})

    def study(self) -> Study:
        plain = super().study().config
        training = TrainingConfig(epochs=self.epochs, batch_size=16, weight_decay=0.01, warmup=0, log_every=100)
        config = StudyConfig(name="s4", model=self.model, data=plain.data, training=training, compare=plain.compare)
        return Study.from_config(config, self.folder)

    def script(self, leg: str, device: str) -> Script:
        return PictureScript(LEGS[leg], self, device)


class _Pictures(torch.utils.data.Dataset[dict[str, Any]]):
    """Pixels as the image processor gives them, made once."""

    def __init__(self, split: Any) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, row: int) -> dict[str, Any]:
        pixels = model_inputs(self.split, torch.tensor([row]).numpy(), 0, torch.device("cpu"))["pixel_values"][0]
        return {"pixel_values": pixels, "labels": int(self.split.labels[row])}


class PictureScript(Script):
    """The other side on pictures."""

    lengths = False

    def prepare(self, setting: Setting) -> None:
        assert isinstance(setting, Photographs)
        study = setting.study()
        self.labels, self.place = study.splits.labels.names, setting.model
        rows = study.encoded.rows
        self.train, self.test = _Pictures(rows.train), _Pictures(rows.test)
        self.collator = None

    def pretrained(self) -> tuple[Any, Backbone]:
        with quietly():
            model = AutoModelForImageClassification.from_pretrained(
                self.place,
                num_labels=len(self.labels),
                dtype=torch.float32,
                ignore_mismatched_sizes=True,
            )
        return model, load_backbone(self.place, self.labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--warm", type=int, default=2)
    parser.add_argument("--slices", type=int, default=1)
    parser.add_argument("--rows", type=int, default=900)
    parser.add_argument("--test", type=int, default=372)
    parser.add_argument("--blocks", type=int, help="fewer than ViT-B's twelve, to try the script")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(REFERENCE)
        config.num_hidden_layers = options.blocks or config.num_hidden_layers
        torch.manual_seed(0)
        AutoModelForImageClassification.from_config(config).save_pretrained(folder)
        ViTImageProcessorPil().save_pretrained(folder)
        setting = Photographs(
            "photographs", options.rows, options.test, options.data.resolve(), RUNS, None, model=folder
        )  # fmt: skip
        found = measure(setting, options)
    document = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "rows": options.rows, **found}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{document['date']}-s4-vit-cpu.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    show(document)
    print(json.dumps({key: document[key] for key in ("ratio_a", "ratio_b")}))


def measure(setting: Photographs, options: argparse.Namespace) -> dict[str, Any]:
    """Step and evaluation times of every side, and what the study takes with them."""
    ours = Ours(setting)
    sides = {name: Worker(name, setting, "cpu") for name in SIDES}
    crew = Crew(setting, "cpu", ours.plan.workers, ours.plan.threads)
    runs = {run.configuration: run for run in setting.configs()}
    steps: dict[str, dict[str, list[float]]] = {name: {key: [] for key in runs} for name in SIDES}
    rows: dict[str, float] = {}
    groups: dict[int, list[float]] = {number: [] for number in range(len(ours.groups))}
    rates = []
    for part in range(options.slices):
        rates.append(matmul_rate("cpu"))
        for key, run in runs.items():
            for name, side in sides.items():
                steps[name][key].append(side.call("steps", run, options.steps, part, options.warm))
        for number, group in enumerate(ours.groups):
            groups[number].append(crew.together("steps", group, options.steps, part, options.warm))
    first = next(iter(runs.values()))
    for name, side in sides.items():
        rows[name] = side.call("evaluation", first, 64)
    count = -(-options.rows // 16)
    totals = {
        name: sum(statistics.median(times) * count + rows[name] * options.test for times in steps[name].values())
        for name in SIDES
    }
    parts = []
    for number, group in enumerate(ours.groups):
        once = crew.together("prefix", group, 48) * options.rows if group.depth else 0.0
        evaluated = crew.together("evaluation", group, 64) * options.test
        parts.append(statistics.median(groups[number]) * count + once + evaluated)
    start = START if ours.plan.workers > 1 else 0.0
    totals["c"] = makespan(parts, ours.plan.workers) + start
    for side in sides.values():
        side.close()
    crew.close()
    names = {run.configuration: text for run, (text, _) in zip(setting.configs(), setting.runs)}
    in_ms = {name: {names[key]: 1000 * statistics.median(each) for key, each in steps[name].items()} for name in SIDES}
    return {
        "seconds": totals, "ratio_a": totals["a"] / totals["c"], "ratio_b": totals["b"] / totals["c"],
        "matmul_rate": statistics.median(rates), "workers": ours.plan.workers, "threads": ours.plan.threads,
        "step_ms": in_ms,
        "group_step_ms": [
            {
                "runs": [ours.plan.run(run).name for run in group.runs],
                "depth": group.depth,
                "ms": 1000 * statistics.median(groups[number]),
            }
            for number, group in enumerate(ours.groups)
        ],
    }  # fmt: skip


def show(document: dict[str, Any]) -> None:
    """The table for people."""
    for name, says in {**{name: LEGS[name].says for name in SIDES}, "c": "tunefork"}.items():
        seconds = document["seconds"][name]
        print(f"{says:44} {seconds:9.0f} s {seconds / document['seconds']['c']:6.1f} ×")
    for name in SIDES:
        print(name, {key: round(value) for key, value in document["step_ms"][name].items()})
    print("tunefork", document["group_step_ms"], f"{document['workers']} × {document['threads']} threads")


if __name__ == "__main__":
    main()

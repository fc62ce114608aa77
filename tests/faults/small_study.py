"""Two small studies with everything that is written on the way.

Texts: groups, early stopping, dropout, a search with halving. Images: every augmentation. Both have groups of several
runs and of one, checkpoints every other step, and frozen prefixes.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image

from tests.digest import digest
from tests.tiny import CONFIGS, IMAGE_CONFIGS, digits, messages, reader, tokenizer
from tunefork import Full, Head, LastLayers, LoRA, Study, load_data
from tunefork.store import SqliteStore

TIMES = ("seconds", "seconds_alone", "peak_memory_mb", "latency_ms")
"""What no two runs of a study have in common."""


def prepare(folder: Path) -> None:
    """Models and data of both studies, made once."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model("bert", **{**CONFIGS["bert"], "vocab_size": 30522})
    transformers.BertModel(config).save_pretrained(folder / "bert")
    tokenizer().save_pretrained(folder / "bert")
    transformers.ViTModel(transformers.ViTConfig(**IMAGE_CONFIGS["vit"])).save_pretrained(folder / "vit")
    reader().save_pretrained(str(folder / "vit"))
    wanted = {"order_status": "status", "damaged_item": "damaged"}
    rows = [(text, wanted[intent]) for text, intent in messages() if intent in wanted][:120]
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    images, numbers = digits()
    for row in [row for row, number in enumerate(numbers) if number < 3][:120]:
        place = folder / "digits" / f"digit-{numbers[row]}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row]).resize((24, 24)).save(place / f"{row}.png")


def texts(folder: Path) -> Study:
    """Groups of several runs and of one, frozen prefixes, dropout, a search that lays trials aside."""
    lora = LoRA(rank=[2, 4], targets="query+value", dropout=0.1)
    return Study(
        model=str(folder / "bert"),
        data=load_data(str(folder / "rows.csv"), max_length=24),
        compare=[Full(learning_rate=1e-3), LastLayers(learning_rate=1e-3), Head(), lora],
        seeds=2,
        training={
            "epochs": 2, "batch_size": 16, "precision": "fp32", "eval_every": 3, "log_every": 2,
            "early_stopping": {"metric": "loss", "patience": 2}, "backbone_dropout": "as_pretrained",
        },
        search={"trials": 3, "method": "tpe", "halving": 3},
        save_every="2 steps",
    )  # fmt: skip


def images(folder: Path) -> Study:
    """Every augmentation and dropout, so that no two steps see the same."""
    return Study(
        model=str(folder / "vit"),
        data=load_data(str(folder / "digits")),
        compare=[Full(learning_rate=1e-3), Head(), LoRA(rank=[2, 4], targets="query+value", dropout=0.1)],
        seeds=2,
        training={
            "epochs": 2, "batch_size": 16, "precision": "fp32", "eval_every": 3, "log_every": 2,
            "augment": "flip+crop+color+randaugment+mixup", "backbone_dropout": "as_pretrained",
        },
        save_every="2 steps",
    )  # fmt: skip


STUDIES: dict[str, Callable[[Path], Study]] = {"texts": texts, "images": images}


def outcome(folder: Path) -> dict[str, Any]:
    """Everything that a finished study says, but for times: records, answers, the very bits of its models."""
    found: dict[str, Any] = {"trials": [], "runs": {}}
    store = SqliteStore.open(folder)
    inner = SqliteStore.open(folder / "search") if (folder / "search").is_dir() else None
    for trial in store.trials():
        found["trials"].append([trial.id, trial.settings, trial.value, trial.status, trial.step, trial.chosen])
    for where in filter(None, (store, inner)):
        for run in where.runs():
            evaluations = where.evaluations(run.id)
            found["runs"][f"{where is inner} {run.id}"] = {
                "notices": list(run.notices),
                "ended": [run.status, run.steps, run.best_step, run.converged, run.stopped_early, run.temperature],
                "steps": [[each.step, each.loss, each.learning_rate] for each in where.steps(run.id)],
                "evaluations": [[each.split, each.step, each.loss, each.accuracy] for each in evaluations],
                "answers": [
                    digest(where.predictions(run.id, each.split, each.step).logits.tobytes()) for each in evaluations
                ],
                "files": _files(where.folder / "runs" / run.id),
            }
        where.close()
    table = [line.split(",") for line in (folder / "table.csv").read_text(encoding="utf-8").splitlines()]
    kept = [number for number, name in enumerate(table[0]) if name not in TIMES]
    found["table"] = [[row[number] for number in kept] for row in table]
    return found


def _files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        path.name: digest(path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.suffix == ".safetensors" or path.name == "predictions.parquet"
    }

"""The other side: transformers' Trainer and PEFT, as the documentation shows them and as a careful user sets them."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from tunefork.config import LoRAStrategy, RunConfig
from tunefork.models import load_backbone, locate, quietly
from tunefork.strategies import select

from .study import MODEL, Setting, Source

WARM = 10
"""Steps before those that are timed."""


@dataclass(frozen=True)
class Leg:
    """One way of writing the script."""

    name: str
    says: str
    careful: bool
    """bf16, batches grouped by length, fused AdamW, larger evaluation batches."""
    dropout: bool = True
    """The backbone's, as pretrained."""
    grouped: bool = True
    """Whether the careful user's batches are grouped by length."""


LEGS = {
    "a": Leg("a", "Trainer + PEFT, fp32, as documented", careful=False),
    "b": Leg("b", "Trainer + PEFT, bf16 and every switch", careful=True),
    "b_no_dropout": Leg("b_no_dropout", "the same, without dropout", careful=True, dropout=False),
    "b_shuffled": Leg(
        "b_shuffled", "the same, without dropout and not grouped by length", careful=True, dropout=False, grouped=False
    ),
}

TIMED = ("a", "b", "b_no_dropout")
"""The scripts whose time is compared. The others only answer where accuracy differs."""


class _Clock(TrainerCallback):
    """When each optimizer step was done."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.at.append(time.perf_counter())


class _Rows(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, tokens: list[list[int]], labels: list[int], pad_to: int | None, pad_id: int) -> None:
        self.rows = []
        for ids, label in zip(tokens, labels):
            row: dict[str, Any] = {"input_ids": ids, "labels": label}
            if pad_to is not None:
                row["attention_mask"] = [1] * len(ids) + [0] * (pad_to - len(ids))
                row["input_ids"] = ids + [pad_id] * (pad_to - len(ids))
            self.rows.append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.rows[row]


class Script:
    """One leg on one data set: trains single runs, as a script does."""

    def __init__(self, leg: Leg, setting: Setting, device: str) -> None:
        self.leg, self.splits, self.device, self.epochs = leg, setting.splits(), device, setting.epochs
        self.directory = Path(tempfile.gettempdir()) / "trainer"  # nothing is saved, but it makes one
        self.tokenizer = AutoTokenizer.from_pretrained(locate(MODEL))
        self.train, self.test = (self._rows(split, setting.source) for split in (self.splits.train, self.splits.test))

    def model(self, run: RunConfig) -> Any:
        """The pretrained model with what this run trains, as PEFT and transformers set it up."""
        set_seed(run.seed)
        with quietly():
            model = AutoModelForSequenceClassification.from_pretrained(
                locate(MODEL), num_labels=len(self.splits.labels.names), dtype=torch.float32
            )
        if not self.leg.dropout:
            for name, module in model.named_modules():
                if isinstance(module, torch.nn.Dropout) and name.startswith("bert."):
                    module.p = 0.0
        strategy = run.strategy
        backbone = load_backbone(MODEL, self.splits.labels.names)
        selection = select(strategy, backbone.anatomy, backbone.model)
        if isinstance(strategy, LoRAStrategy):
            targets = [adapter.module for adapter in selection.adapters]
            config = LoraConfig(
                task_type="SEQ_CLS", r=strategy.rank, lora_alpha=strategy.alpha, target_modules=targets,
                modules_to_save=["classifier"],
            )  # fmt: skip
            return get_peft_model(model, config)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in selection.base)
        return model

    def steps(self, run: RunConfig, count: int, part: int, warm: int = WARM) -> float:
        """Mean seconds of an optimizer step, over ``count`` steps on rows that depend on ``part``.

        A few steps warm the memory first. The mean, since grouping by length makes steps unequal, the longest first.
        """
        model = self.model(run)
        rows = np.random.default_rng(part).permutation(len(self.train))
        for chosen in (rows[: warm * 16], rows[-(count + 1) * 16 :]):
            clock = _Clock()
            self._trainer(run, torch.utils.data.Subset(self.train, chosen.tolist()), clock, model).train()
        return (clock.at[-1] - clock.at[0]) / (len(clock.at) - 1)

    def evaluation(self, run: RunConfig, rows: int) -> float:
        """Seconds to evaluate one row."""
        chosen = np.random.default_rng(0).permutation(len(self.test))[:rows].tolist()
        trainer = self._trainer(run, self.train, _Clock())
        began = time.perf_counter()
        trainer.evaluate(torch.utils.data.Subset(self.test, chosen))
        return (time.perf_counter() - began) / len(chosen)

    def whole(self, run: RunConfig) -> dict[str, float]:
        """The whole run, then the test rows."""
        began = time.perf_counter()
        trainer = self._trainer(run, self.train, _Clock())
        trainer.train()
        found = trainer.evaluate(self.test)
        return {"seconds": time.perf_counter() - began, "accuracy": found["eval_accuracy"], "loss": found["eval_loss"]}

    def _rows(self, split: Any, source: Source) -> _Rows:
        texts = [parts[0] for parts in split.texts]
        tokens = self.tokenizer(texts, truncation=True, max_length=source.max_length)["input_ids"]
        pad_to = source.max_length if source.padded and not self.leg.careful else None
        return _Rows(tokens, split.labels.tolist(), pad_to, self.tokenizer.pad_token_id)

    def _collator(self) -> DataCollatorWithPadding:
        """Shapes cost a kernel build each; where time is not compared, a few will do."""
        return DataCollatorWithPadding(self.tokenizer, pad_to_multiple_of=None if self.leg.name in TIMED else 8)

    def _trainer(self, run: RunConfig, rows: Any, clock: _Clock, model: Any = None) -> Trainer:
        careful: dict[str, Any] = {}
        if self.leg.careful:
            careful = {
                "bf16": True, "optim": "adamw_torch_fused", "per_device_eval_batch_size": 64,
                "train_sampling_strategy": "group_by_length" if self.leg.grouped else "random",
            }  # fmt: skip
        arguments = TrainingArguments(
            output_dir=str(self.directory), num_train_epochs=self.epochs,
            per_device_train_batch_size=16,
            learning_rate=run.strategy.learning_rate, weight_decay=0.01, lr_scheduler_type="linear", warmup_steps=0,
            seed=run.seed, use_cpu=self.device == "cpu", report_to=[], save_strategy="no", disable_tqdm=True,
            logging_strategy="no", **careful,
        )  # fmt: skip
        return Trainer(
            model=self.model(run) if model is None else model, args=arguments, train_dataset=rows, callbacks=[clock],
            data_collator=self._collator(), compute_metrics=_accuracy,
        )  # fmt: skip


def _accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}

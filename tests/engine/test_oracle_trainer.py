"""Proof ladder, step 1: one run ≡ transformers' Trainer + PEFT on the same batches: losses and weights, 50 steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

from tests.engine.recording import Kept
from tests.tiny import encoded, rows_for, tiny_backbone
from tunefork.config import RunConfig, TrainingConfig, parse_run
from tunefork.engine import Precision, Rows, Training, assemble, load_artefact, model_inputs, save_run
from tunefork.engine.batches import chunks, collate
from tunefork.models import Backbone
from tunefork.strategies import select

STEPS = 50
CPU = torch.device("cpu")
STRATEGIES = {
    "full": "full:learning_rate=1e-3",
    "head": "head:learning_rate=1e-2",
    "last_layers": "last_layers:count=1,learning_rate=1e-3",
    "lora": "lora:rank=4,alpha=6,targets=query+value+mlp,learning_rate=1e-2",
}
TOLERANCE = {torch.float64: {"rtol": 1e-7, "atol": 1e-10}, torch.float32: {"rtol": 1e-5, "atol": 1e-5}}


class Listening(Trainer):
    """A Trainer that is given its batches and keeps every loss."""

    def __init__(self, batches: list[dict[str, torch.Tensor]], **arguments: Any) -> None:
        super().__init__(**arguments)
        # Trainer 5.23 believes that classifiers divide their loss by the rows of all micro-batches; they do not, and
        # the micro-batches' mean losses are summed. Told so, it averages them, as its documentation says.
        self.model_accepts_loss_kwargs = False
        self.batches, self.losses = batches, []

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.batches, batch_size=None, shuffle=False)

    def training_step(self, *arguments: Any, **keywords: Any) -> torch.Tensor:
        loss = super().training_step(*arguments, **keywords)
        self.losses.append(float(loss))
        return loss


def theirs(model: Any, batches: list[dict[str, torch.Tensor]], run: RunConfig, folder: Path) -> list[float]:
    """Train with transformers' Trainer, as its documentation says, in the precision of the model."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=STEPS,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=run.training.accumulation,
        learning_rate=run.strategy.learning_rate,
        weight_decay=run.training.weight_decay,
        warmup_steps=5,
        lr_scheduler_type=run.training.schedule,
        max_grad_norm=run.training.max_grad_norm,
        optim="adamw_torch",
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    trainer = Listening(batches, model=model, args=arguments)
    trainer.train()
    return trainer.losses


def prepare(backbone: Backbone, run: RunConfig, folder: Path) -> Any:
    """The same model with the same initial weights, as a user of transformers and PEFT would hold it."""
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], Precision(CPU, torch.float32))
    save_run(
        group, 0, backbone, run, selection, folder / "runs" / "start", {"labels": ["a", "b", "c"], "model": "tiny"}
    )
    if run.strategy.kind == "lora":
        model: Any = PeftModel.from_pretrained(backbone.copy(), str(folder / "runs" / "start"), is_trainable=True)
    else:
        model = load_artefact(folder / "runs" / "start")
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in selection.base)
    model.set_attn_implementation("sdpa")
    return model


def trained_weights(model: Any) -> dict[str, torch.Tensor]:
    """What the other side trained, by our names."""
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            plain = name.removeprefix("base_model.model.").replace(".modules_to_save.default", "")
            found[plain.replace(".lora_A.default.weight", ".lora_A").replace(".lora_B.default.weight", ".lora_B")] = (
                parameter
            )
    return found


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["fp64", "fp32"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", ["distilbert", "bert", "roberta", "gpt2", "vit", "deit", "dinov2", "beit"])
def test_a_lone_run_equals_trainer_and_peft(kind: str, strategy: str, dtype: torch.dtype, tmp_path: Path) -> None:
    backbone = tiny_backbone(kind)
    training = TrainingConfig(
        steps=STEPS, batch_size=8, warmup=5, schedule="linear", weight_decay=0.1, max_grad_norm=0.5
    )
    run = RunConfig(strategy=parse_run(STRATEGIES[strategy]).strategies[0], training=training, seed=3)
    rows = Rows(rows_for(kind, range(100)), None, None, pad_id=0)
    batches = []
    for chunk in chunks(run.seed, 100, training, STEPS):
        batch = model_inputs(rows.train, chunk.micro[0], 0, CPU)
        if "pixel_values" in batch:
            batch["pixel_values"] = batch["pixel_values"].to(dtype)
        batches.append({**batch, "labels": torch.from_numpy(rows.train.labels[chunk.micro[0]])})
    reference = prepare(backbone, run, tmp_path).to(dtype)
    their_losses = theirs(reference, batches, run, tmp_path / "trainer")

    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], Precision(CPU, dtype, dtype))
    ours = Training(group, [run], rows, Kept())
    our_losses = [ours.step([chunk])[0] for chunk in chunks(run.seed, 100, training, STEPS)]

    tolerance = TOLERANCE[torch.float32 if kind == "beit" else dtype]  # transformers takes its softmax in fp32
    torch.testing.assert_close(torch.tensor(our_losses), torch.tensor(their_losses), **TOLERANCE[torch.float32])
    weights = group.tensors(0)
    expected = trained_weights(reference)
    assert weights.keys() == expected.keys()
    for name, tensor in weights.items():
        found, wanted = without_key_bias(name, tensor, dtype), without_key_bias(name, expected[name].detach(), dtype)
        torch.testing.assert_close(found, wanted, **tolerance, msg=lambda text, name=name: f"{name}: {text}")


def without_key_bias(name: str, tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A key's bias moves all scores of a query alike: its gradient is zero but for rounding, which AdamW blows up."""
    if dtype == torch.float64 or not name.endswith(("c_attn.bias", "k_proj.bias")):
        return tensor
    if name.endswith("k_proj.bias"):
        return tensor[:0]
    query, _, value = tensor.chunk(3)
    return torch.cat([query, value])


def test_accumulation_equals_trainers(tmp_path: Path) -> None:
    backbone = tiny_backbone("bert")
    training = TrainingConfig(steps=10, batch_size=4, accumulation=3, warmup=5, schedule="linear")
    run = RunConfig(strategy=parse_run("lora:learning_rate=1e-2").strategies[0], training=training, seed=0)
    rows = Rows(encoded(range(120)), None, None, pad_id=0)
    steps = list(chunks(0, 120, training, 10))
    batches = []
    for chunk in steps:
        for part in chunk.micro:
            batch, labels = collate(rows.train, [part], 0, CPU)
            batches.append({**batch, "labels": labels[0]})
    reference = prepare(backbone, run, tmp_path).double()
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "trainer"), max_steps=10, gradient_accumulation_steps=3, learning_rate=1e-2,
        weight_decay=0.01, warmup_steps=5, use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    Listening(batches, model=reference, args=arguments).train()
    selection = select(run.strategy, backbone.anatomy, backbone.model)
    group = assemble(backbone, [run], [selection], Precision(CPU, torch.float64, torch.float64))
    ours = Training(group, [run], rows, Kept())
    for chunk in steps:
        ours.step([chunk])
    expected = trained_weights(reference)
    for name, tensor in group.tensors(0).items():
        torch.testing.assert_close(tensor, expected[name].detach(), rtol=1e-7, atol=1e-10)

"""TrainingConfig: how runs are trained, as frozen values."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, StrictInt, field_validator

from tunefork.config.imbalance import ClassWeights
from tunefork.config.metric import MetricName
from tunefork.config.values import Count, Positive, Share, Value, plus_list

Augmentation = Literal["flip", "crop", "color", "randaugment", "mixup"]


class EarlyStopping(Value):
    """Stop when the metric has not improved for ``patience`` evaluations."""

    metric: MetricName = "loss"
    """Of validation."""
    patience: Count = 3
    """Evaluations without improvement after which a run stops."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """What counts as an improvement: more than this."""


class TrainingConfig(Value):
    """How every run is trained; a configuration may differ in single settings."""

    epochs: Positive = 3
    """Times that each training row is seen; 0.5 is half of them."""
    steps: Count | None = None
    """Optimizer steps; replaces ``epochs`` where given."""
    batch_size: Count = 16
    """Examples per forward pass; an optimizer step sees ``batch_size × accumulation``."""
    eval_batch_size: Count = 64
    """Rows per forward pass in evaluation; it changes no result."""
    accumulation: Count = 1
    """Batches whose gradients make one optimizer step."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Of matrices; biases and norms are never decayed."""
    warmup: Annotated[float, Field(ge=0)] = 0.06
    """An integer is steps, a number below 1 a share of the steps."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after warm-up: in a line, as a cosine, or not at all."""
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    """The run's gradient is scaled down to this norm; 0 switches clipping off."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Of AdamW: how long it remembers gradients and their squares."""
    epsilon: Positive = 1e-8
    """Of AdamW."""
    early_stopping: EarlyStopping | None = None
    """Stop a run that does not get better; off unless given."""
    eval_every: StrictInt | str = "1 epoch"
    """An integer is steps; ``epoch`` or ``0.5 epochs`` are epochs."""
    log_every: Count = 10
    """Steps between two records of the training loss, each the mean since the last."""
    best_weights: bool = True
    """Restore the weights of the best evaluation (``selection.metric``) at the end."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """``auto`` measures which is faster on this machine. Models are saved in fp32."""
    backbone_dropout: Literal["off", "as_pretrained"] = "off"
    """``as_pretrained`` gives Trainer's behaviour. The head's own dropout is always as the architecture has it."""
    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(plus_list)] = ()
    """What changes training images at random, such as ``flip+crop``; evaluation never does."""
    checkpointing: Literal["auto", "on", "off"] = "auto"
    """Compute activations twice instead of keeping them; ``auto`` does so where they would not fit into free memory."""
    class_weights: ClassWeights = None
    """What a row of each class counts in the training loss: ``auto`` makes all classes count alike; labels that a
    mapping does not name count 1. Evaluations stay unweighted."""
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    """Which rows an epoch has: each once, or as many, drawn so that all classes are equally frequent."""
    label_smoothing: Share = 0.0
    """The share of a label that is spread over all classes in the training loss (Szegedy et al. 2016, section 7)."""
    shared_learning_rate: Positive | None = None
    """One rate for all strategies. Not a fair comparison; a warning stands above the verdict."""

    @field_validator("augment")
    @classmethod
    def _in_order(cls, value: tuple[Augmentation, ...]) -> tuple[Augmentation, ...]:
        return tuple(name for name in get_args(Augmentation) if name in value)  # the order in which they are applied

    @field_validator("backbone_dropout", mode="before")
    @classmethod
    def _yaml_off(cls, value: Any) -> Any:
        return "off" if value is False else value  # YAML reads a bare off as false

    @field_validator("checkpointing", mode="before")
    @classmethod
    def _yaml_on_off(cls, value: Any) -> Any:
        return ("off", "on")[value] if isinstance(value, bool) else value  # YAML reads bare words as truth values

    @field_validator("betas")
    @classmethod
    def _below_one(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError(f"betas are two numbers from 0 to below 1 but got {value}")
        return value

    @field_validator("warmup")
    @classmethod
    def _steps_or_share(cls, value: float) -> float:
        if value >= 1 and value != int(value):
            raise ValueError(f"warmup is a whole number of steps or a share below 1 but got {value}")
        return value

    @field_validator("eval_every")
    @classmethod
    def _steps_or_epochs(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value >= 1:
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)?\s*epochs?\s*", value) if isinstance(value, str) else None
        epochs = float(match[1] or 1) if match else 0.0
        if 0 < epochs < math.inf:
            return f"{epochs:g} epoch{'' if epochs == 1 else 's'}"
        raise ValueError(f"eval_every is a number of steps, or '1 epoch', '0.5 epochs' but got {value!r}")

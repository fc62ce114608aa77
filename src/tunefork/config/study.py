"""StudyConfig and its parts: what a study file says, as frozen values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, field_validator, model_validator

from tunefork.config.compare import Configuration
from tunefork.config.imbalance import ClassWeights
from tunefork.config.judging import Judging
from tunefork.config.metric import MetricName
from tunefork.config.values import Count, Positive, Share, Value, plus_list

Augmentation = Literal["flip", "crop", "color", "randaugment", "mixup"]


class Rows(Value):
    """A seeded subset, taken after splitting."""

    train: Count | None = None
    validation: Count | None = None
    test: Count | None = None
    seed: int = 0


class DataConfig(Value):
    """Where the rows are, which columns they use, and how they are split."""

    train: str
    """A file, ``hub:NAME``, or ``-`` for rows handed over in Python."""
    validation: str | Share = 0.1
    """A file or the share of the training rows that is held out; 0 switches off early stopping and best weights."""
    test: str | Share = 0.2
    text: Annotated[tuple[str, ...], BeforeValidator(plus_list)] = ()
    """One column, or two for a pair; guessed where not given."""
    image: str = ""
    """The column with pictures: paths, or their bytes. A folder of class folders needs none."""
    label: str = ""
    id: str = ""
    group: str = ""
    """A column whose values stay together on one side of a split."""
    classes: tuple[str, ...] = ()
    """Names and orders the labels; for integer labels, the name of each number."""
    max_length: Count = 128
    truncation: Literal["head", "tail", "head_tail"] = "head"
    """What stays of a text that is too long: its beginning, its end, or a quarter of the one and more of the other."""
    image_size: Count | None = None
    """Height and width in pixels; the model's own unless given. Positions are interpolated where it is another."""
    bad_images: Literal["error", "skip"] = "error"
    """What happens to pictures that cannot be read."""
    rows: Rows = Rows()
    split_seed: int = 0
    leakage: Literal["error", "drop_train", "allow"] = "error"
    rare: Literal["error", "train", "drop"] = "error"
    drop_missing: bool = False
    drop_empty: bool = False
    encoding: str = "utf-8"

    @field_validator("rows", mode="before")
    @classmethod
    def _plain_rows(cls, value: Any) -> Any:
        return {"train": value} if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("text")
    @classmethod
    def _one_or_two(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 2:
            raise ValueError(f"text is one column or a pair of columns but got {len(value)}")
        return value

    @model_validator(mode="after")
    def _text_or_image(self) -> DataConfig:
        if self.text and self.image:
            raise ValueError(
                f"rows are texts or images, but text: {'+'.join(self.text)} and image: {self.image} are given"
            )
        return self


class EarlyStopping(Value):
    """Stop when the metric has not improved for ``patience`` evaluations."""

    metric: MetricName = "loss"
    patience: Count = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class TrainingConfig(Value):
    """How every run is trained; a configuration may differ in single settings."""

    epochs: Positive = 3
    steps: Count | None = None
    """Optimizer steps; replaces ``epochs`` where given."""
    batch_size: Count = 16
    """Examples per forward pass; an optimizer step sees ``batch_size × accumulation``."""
    eval_batch_size: Count = 64
    accumulation: Count = 1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Of matrices; biases and norms are never decayed."""
    warmup: Annotated[float, Field(ge=0)] = 0.06
    """An integer is steps, a number below 1 a share of the steps."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    """The run's gradient is scaled down to this norm; 0 switches clipping off."""
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Positive = 1e-8
    early_stopping: EarlyStopping | None = None
    eval_every: StrictInt | str = "1 epoch"
    """An integer is steps; ``epoch`` or ``0.5 epochs`` are epochs."""
    log_every: Count = 10
    """Steps between two records of the training loss, each the mean since the last."""
    best_weights: bool = True
    """Restore the weights of the best evaluation (``selection.metric``) at the end."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
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
        if epochs > 0:
            return f"{epochs:g} epoch{'' if epochs == 1 else 's'}"
        raise ValueError(f"eval_every is a number of steps, or '1 epoch', '0.5 epochs' but got {value!r}")


class Selection(Value):
    """How the best configuration is chosen: always on validation."""

    metric: MetricName = "loss"


def seed_list(value: Any) -> Any:
    """``3`` is seeds 0, 1, 2; a list is itself.

    >>> seed_list(3), seed_list([42])
    ((0, 1, 2), (42,))
    """
    if isinstance(value, bool):
        raise ValueError("seeds is a number of seeds or a list of seeds")
    if isinstance(value, int):
        if value < 1:
            raise ValueError(f"seeds must be at least 1 but got {value}")
        return tuple(range(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            raise ValueError("The list of seeds is empty")
        if len(set(value)) != len(value):
            raise ValueError(f"The list of seeds has a seed twice: {list(value)}")
        return tuple(value)
    return value


class StudyConfig(Value):
    """A whole study: what DESIGN calls the study file, resolved."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "study"
    model: str = "builtin:minilm"
    """A hub id, a local folder, or ``builtin:minilm``."""
    revision: str | None = None
    start_from: str | None = None
    """A PEFT adapter or an earlier study's run, whose weights training continues from."""
    data: DataConfig
    training: TrainingConfig = TrainingConfig()
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(seed_list)] = (0,)
    compare: tuple[Configuration, ...]
    selection: Selection = Selection()
    verdict: Judging = Judging()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not value.strip() or any(sign in value for sign in "/\\\0\n"):
            raise ValueError(f"name is a plain name without slashes but got {value!r}")
        return value

    @field_validator("compare")
    @classmethod
    def _something(cls, value: tuple[Configuration, ...]) -> tuple[Configuration, ...]:
        if not value:
            raise ValueError("compare lists at least one configuration, such as [full, head, lora: {rank: 8}]")
        return value

    @model_validator(mode="after")
    def _needs_validation(self) -> StudyConfig:
        if self.data.validation == 0 and self.training.early_stopping:
            raise ValueError("early_stopping needs validation rows, and data.validation is 0")
        return self

    def written(self) -> dict[str, Any]:
        """The study as its file has it, every default spelled out."""
        plain = self.model_dump(mode="json", exclude={"compare"})
        return plain | {"compare": [entry.written() for entry in self.compare]}

"""What a setting means, in a sentence each, for those settings that a study varied or set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunefork.config import TrainingConfig
from tunefork.config.strategies import STRATEGIES
from tunefork.report.summary import Summary
from tunefork.report.wording import STRATEGIES as NAMES

MEANINGS = {
    "learning_rate": (
        "How far each step moves the weights. Too high and training diverges, too low and it is not done in "
        "time. Full fine-tuning wants the lowest rate, LoRA about ten times that, a head alone more still."
    ),
    "count": "How many of the last blocks train, together with the head; all blocks below them stay as pretrained.",
    "rank": (
        "The width of LoRA's two matrices per adapted linear. Parameters grow in proportion to it; what the "
        "adapter can express does, too, up to what the task needs."
    ),
    "alpha": (
        "The adapter's output is multiplied by alpha / rank. At twice the rank (the default) a change of rank "
        "leaves that factor as it was; a higher alpha acts much like a higher learning rate."
    ),
    "dropout": (
        "The share of an adapter's inputs that are set to zero at random in training, against overfitting on few rows."
    ),
    "targets": (
        "Which linears get adapters, by their role: query, key, value and output belong to attention, mlp to "
        "the feed-forward part. More targets are more places to adapt, and more parameters."
    ),
    "layers": (
        "Which blocks get adapters, counted from 0 at the bottom. Blocks below the lowest need no backward pass."
    ),
    "bias": "Whether biases train beside the adapters: none, those of adapted linears, or all.",
    "use_rslora": (
        "Divides alpha by the square root of the rank instead of the rank, so that high ranks are not damped."
    ),
    "modules_to_save": "Modules beside the head that train in full and are saved with the adapter.",
    "type": "Which of PEFT's methods is used.",
    "settings": "The method's own settings, as PEFT calls them.",
    "epochs": "How often training passes over all training rows.",
    "steps": "How many times the optimizer changes the weights; replaces epochs.",
    "batch_size": "Rows per forward pass. A larger batch has less noise in each step and fewer steps per epoch.",
    "eval_batch_size": "Rows per forward pass of an evaluation. It changes time and memory, not results.",
    "accumulation": (
        "Forward passes whose gradients are averaged into one step: a larger batch with the memory of a smaller one."
    ),
    "weight_decay": "How strongly weight matrices are pulled towards zero at each step; biases and norms are not.",
    "warmup": (
        "Over how many steps (a whole number) or which share of the steps (below 1) the learning rate rises from zero."
    ),
    "schedule": "How the learning rate falls after the warmup: linearly, as a cosine, or not at all.",
    "max_grad_norm": (
        "A gradient longer than this is shortened to it, so that one odd batch cannot throw training off."
    ),
    "betas": "How long AdamW remembers: the decay of its averages of gradients and of their squares.",
    "epsilon": "A small number that keeps AdamW from dividing by zero.",
    "class_weights": "What a row of each class counts in the training loss; auto makes all classes count alike.",
    "sampling": "Which rows an epoch has: each once (shuffled), or all classes equally often (balanced).",
    "label_smoothing": "The share of each label that is spread over all classes, against being too sure.",
    "early_stopping": "Training ends when the metric on validation has not improved for so many evaluations.",
    "eval_every": "How often the model is evaluated on validation while it trains.",
    "log_every": "Steps between two records of the training loss.",
    "best_weights": "Whether the weights of the best evaluation are kept, instead of those of the last step.",
    "precision": (
        "The numbers that are computed with: bf16 is faster where the hardware has it, fp32 is exact to more digits."
    ),
    "backbone_dropout": "Whether the pretrained model's own dropout stays on in training.",
    "augment": "How training rows are changed at random, so that the model sees more variety than there are rows.",
    "checkpointing": (
        "Activations are computed twice instead of being kept: slower, with less memory, and the same results."
    ),
    "shared_learning_rate": "One learning rate for all strategies. Not a fair comparison, since each wants its own.",
}
"""By the settings' names in study files, in the order of the report."""
ALWAYS = ("learning_rate", "count", "rank", "alpha", "targets")
"""Shown wherever a strategy has them; others where they differ or are not at their default."""


@dataclass(frozen=True)
class Setting:
    """A setting, the values it has in the study, and what it means."""

    name: str
    values: str
    meaning: str


def settings(summary: Summary) -> tuple[Setting, ...]:
    """The settings that make this study's configurations what they are, and those that somebody changed."""
    values: dict[str, dict[str, list[str]]] = {}
    shown: set[str] = set()
    for one in summary.configurations:
        config = one.runs[0].record.config
        strategy = _part(config, "strategy")
        for name, value in {**strategy, **_part(config, "training")}.items():
            found = values.setdefault(name, {}).setdefault(one.strategy, [])
            found += [] if (text := _text(value)) in found else [text]
            if name in ALWAYS or text != _text(_default(one.strategy, name, strategy)):
                shown.add(name)
    shown |= {name for name, own in values.items() if len({text for texts in own.values() for text in texts}) > 1}
    return tuple(Setting(name, _told(values[name]), MEANINGS[name]) for name in MEANINGS if name in shown)


def _told(values: Mapping[str, list[str]]) -> str:
    """All values; with the strategies that have them where those differ.

    >>> _told({"full": ["5e-05"], "lora": ["0.01", "0.002"]}), _told({"full": ["2"], "lora": ["2"]})
    ('full: 5e-05; LoRA: 0.002, 0.01', '2')
    """
    told = {kind: ", ".join(text or "not set" for text in _ordered(texts)) for kind, texts in values.items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return "; ".join(f"{NAMES.get(kind, kind)}: {text}" for kind, text in told.items())


def _ordered(texts: list[str]) -> list[str]:
    """Numbers from the lowest, anything else as the study has it."""
    try:
        return sorted(texts, key=float)
    except ValueError:
        return texts


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name)
    return part if isinstance(part, Mapping) else {}


def _default(kind: str, name: str, strategy: Mapping[str, Any]) -> Any:
    """What a setting is unless somebody sets it; alpha follows the rank."""
    if name == "alpha" and isinstance(strategy.get("rank"), int):
        return 2.0 * strategy["rank"]
    for model in (STRATEGIES.get(kind), TrainingConfig):
        if model is not None and name in model.model_fields:
            return model.model_fields[name].get_default(call_default_factory=True)
    return None


def _text(value: Any) -> str:
    """A value as people write it; empty where it is not set.

    >>> _text(["query", "value"]), _text(0.0001), _text(16.0), _text(None), _text({"patience": 3})
    ('query+value', '0.0001', '16', '', 'patience: 3')
    """
    if value is None or value in ((), [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "+".join(_text(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(each)}" for key, each in value.items())
    return str(value)

"""Frozen, validated values: studies, runs, strategies. Nothing here imports torch."""

from tunefork.config.compare import Configuration, Full, Head, LastLayers, LoRA, Peft, resolve
from tunefork.config.grammar import parse_run
from tunefork.config.judging import Judging
from tunefork.config.metric import LOWER_IS_BETTER, METRICS, unknown_metrics, which_metric
from tunefork.config.run import LATER, RunConfig
from tunefork.config.strategies import (
    AnyStrategy,
    FullStrategy,
    HeadStrategy,
    LastLayersStrategy,
    LoRAStrategy,
    PeftStrategy,
    Strategy,
)
from tunefork.config.study import (
    Augmentation,
    DataConfig,
    EarlyStopping,
    Rows,
    Selection,
    StudyConfig,
    TrainingConfig,
    seed_list,
)
from tunefork.config.values import canonical_json, digest

__all__ = [
    "LATER",
    "LOWER_IS_BETTER",
    "METRICS",
    "AnyStrategy",
    "Augmentation",
    "Configuration",
    "DataConfig",
    "EarlyStopping",
    "Full",
    "FullStrategy",
    "Head",
    "HeadStrategy",
    "Judging",
    "LastLayers",
    "LastLayersStrategy",
    "LoRA",
    "LoRAStrategy",
    "Peft",
    "PeftStrategy",
    "Rows",
    "RunConfig",
    "Selection",
    "Strategy",
    "StudyConfig",
    "TrainingConfig",
    "canonical_json",
    "digest",
    "parse_run",
    "resolve",
    "seed_list",
    "unknown_metrics",
    "which_metric",
]

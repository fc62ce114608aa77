"""Frozen, validated values: studies, runs, strategies. Nothing here imports torch."""

from tunefork.config.compare import Configuration, Full, Head, LastLayers, LoRA, Peft, resolve
from tunefork.config.grammar import parse_run
from tunefork.config.judging import Judging
from tunefork.config.metric import HEADLINE, LOWER_IS_BETTER, METRICS, METRICS_OF, unknown_metrics, which_metric
from tunefork.config.run import LATER, RunConfig
from tunefork.config.saving import SaveEvery
from tunefork.config.search import Search
from tunefork.config.space import Choices, Dimension, Range, dimension
from tunefork.config.strategies import (
    AnyStrategy,
    FullStrategy,
    HeadStrategy,
    LastLayersStrategy,
    LoRAStrategy,
    PeftStrategy,
    Strategy,
)
from tunefork.config.study import DataConfig, Rows, Selection, StudyConfig, seed_list
from tunefork.config.text_augmentation import WORDNET, TextAugmentation, parse_text_augmentation
from tunefork.config.tracking import MLflow, TensorBoard, TrackerChoice, parse_trackers
from tunefork.config.training import Augmentation, EarlyStopping, TrainingConfig
from tunefork.config.values import canonical_json, digest

__all__ = [
    "HEADLINE",
    "LATER",
    "LOWER_IS_BETTER",
    "METRICS",
    "METRICS_OF",
    "WORDNET",
    "AnyStrategy",
    "Augmentation",
    "Choices",
    "Configuration",
    "DataConfig",
    "Dimension",
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
    "MLflow",
    "Peft",
    "PeftStrategy",
    "Range",
    "Rows",
    "RunConfig",
    "SaveEvery",
    "Search",
    "Selection",
    "Strategy",
    "StudyConfig",
    "TensorBoard",
    "TextAugmentation",
    "TrackerChoice",
    "TrainingConfig",
    "canonical_json",
    "digest",
    "dimension",
    "parse_run",
    "parse_text_augmentation",
    "parse_trackers",
    "resolve",
    "seed_list",
    "unknown_metrics",
    "which_metric",
]

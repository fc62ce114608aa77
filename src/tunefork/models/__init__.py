"""Pretrained transformers: their anatomy, their weights, their tokenizers."""

from tunefork.models.anatomy import Anatomy, Linear, anatomy_of, is_linear, size, weight_in_out
from tunefork.models.families import Pooling
from tunefork.models.load import (
    Backbone,
    Task,
    load_backbone,
    load_config,
    load_tokenizer,
    locate,
    longest_input,
    quietly,
    skeleton,
    task_of,
)

__all__ = [
    "Anatomy",
    "Backbone",
    "Linear",
    "Pooling",
    "Task",
    "anatomy_of",
    "is_linear",
    "load_backbone",
    "load_config",
    "load_tokenizer",
    "locate",
    "longest_input",
    "quietly",
    "size",
    "skeleton",
    "task_of",
    "weight_in_out",
]

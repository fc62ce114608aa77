"""Pretrained transformers: their anatomy, their weights, what reads their rows."""

from tunefork.models.adapters import load_adapter
from tunefork.models.anatomy import SYNONYMS, Anatomy, Linear, anatomy_of, is_linear, size, weight_in_out
from tunefork.models.families import Pooling
from tunefork.models.images import BACKEND, ImageReader, load_image_reader
from tunefork.models.library import locate, quietly
from tunefork.models.load import (
    PROBLEM_TYPES,
    Backbone,
    Task,
    image_size,
    image_tokens,
    load_backbone,
    load_config,
    skeleton,
    task_of,
)
from tunefork.models.tokenizers import load_tokenizer, longest_input
from tunefork.models.trust import NOTHING, Trust, of_own_code
from tunefork.models.untrained import untrained_backbone

__all__ = [
    "BACKEND",
    "NOTHING",
    "PROBLEM_TYPES",
    "SYNONYMS",
    "Anatomy",
    "Backbone",
    "ImageReader",
    "Linear",
    "Pooling",
    "Task",
    "Trust",
    "anatomy_of",
    "image_size",
    "image_tokens",
    "is_linear",
    "load_adapter",
    "load_backbone",
    "load_config",
    "load_image_reader",
    "load_tokenizer",
    "locate",
    "longest_input",
    "of_own_code",
    "quietly",
    "size",
    "skeleton",
    "task_of",
    "untrained_backbone",
    "weight_in_out",
]

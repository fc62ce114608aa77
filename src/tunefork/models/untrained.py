"""A model with random weights, from its config alone: as large and as slow as the one that is out of reach."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from tunefork.errors import UnsupportedModelError
from tunefork.models.anatomy import anatomy_of
from tunefork.models.images import ImageReader
from tunefork.models.library import quietly
from tunefork.models.load import PROBLEM_TYPES, Backbone, image_size, load_config, skeleton, task_of
from tunefork.models.trust import NOTHING, Trust
from tunefork.problem import Problem


def untrained_backbone(
    name: str,
    labels: Sequence[str],
    revision: str | None = None,
    size: int | None = None,
    problem: Problem = "single_label",
    trust: Trust = NOTHING,
) -> Backbone:
    """What ``load_backbone`` gives, with seeded random weights, and without a tokenizer: nothing reads texts for it.

    What a step of training costs does not depend on the values of weights, so that it can be timed with these.

    Args:
        name: of a model whose config can be had.
        labels: class names; of a regression the one name of the number.
        revision: of a hub id.
        size: height and width of images, where they are to be others than the config's.
        problem: what a row's label is.
        trust: what of the model's files may do more than hold numbers.

    Raises:
        ModelNotFoundError: not even the config can be had.
        UnsupportedModelError: a model of images whose config does not tell their size.
    """
    config = copy.deepcopy(load_config(name, revision, trust))
    kind: Any = type(skeleton(config, len(labels), trust))
    config.num_labels, config.problem_type = len(labels), PROBLEM_TYPES[problem]
    with quietly(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kind._from_config(config).float().eval().requires_grad_(False)
    anatomy = anatomy_of(model)
    reader = None if task_of(config) == "text-classification" else _reader(name, config, size)
    return Backbone(name, revision, model, anatomy, None, frozenset(anatomy.inside(anatomy.head)), (), reader)


def _reader(name: str, config: Any, size: int | None) -> ImageReader:
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    known = (size, size) if size else image_size(config)
    if known is None:
        raise UnsupportedModelError(
            "The config does not say how large images are", where=name, fix="Set data.image_size."
        )
    return ImageReader(ViTImageProcessorPil(size={"height": known[0], "width": known[1]}))

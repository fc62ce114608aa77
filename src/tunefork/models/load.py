"""Models by name: config → skeleton (no weights), and the pretrained model itself, in fp32, with what its rows need."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from torch import nn
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from tunefork.errors import ModelNotFoundError, UnsupportedModelError
from tunefork.models.anatomy import Anatomy, anatomy_of
from tunefork.models.builtin import shipped_config
from tunefork.models.checkpoint import check_finite, fitted
from tunefork.models.families import FAMILIES
from tunefork.models.images import ImageReader, load_image_reader
from tunefork.models.library import locate, quietly, translated
from tunefork.models.pickled import PICKLED, SAFE, only_tensors, pickled, refused
from tunefork.models.tokenizers import ensure_padding, load_tokenizer
from tunefork.models.trust import NOTHING, Trust
from tunefork.problem import Problem

Task = Literal["text-classification", "image-classification"]
PROBLEM_TYPES: dict[Problem, str] = {
    "single_label": "single_label_classification",
    "multi_label": "multi_label_classification",
    "regression": "regression",
}
"""What transformers' configs call them."""


TEXTS, IMAGES = "AutoModelForSequenceClassification", "AutoModelForImageClassification"


@dataclass(frozen=True)
class Backbone:
    """A pretrained model, ready to be fine-tuned.

    ``model`` is in fp32, in eval mode, on the CPU, and nothing in it requires gradients; strategies work on copies.
    """

    name: str
    revision: str | None
    model: Any
    anatomy: Anatomy
    tokenizer: Any
    """None for image models."""
    fresh: frozenset[str]
    """Parameters that the checkpoint does not bring along; every run initialises them from its seed."""
    notices: tuple[str, ...]
    images: ImageReader | None = None
    """None for text models."""

    @property
    def task(self) -> Task:
        """What its rows are."""
        return "text-classification" if self.images is None else "image-classification"

    @property
    def reader(self) -> Any:
        """The tokenizer or the image processor."""
        return self.tokenizer if self.images is None else self.images

    @property
    def pad_id(self) -> int:
        """The token that fills up a batch of texts; 0, which nobody reads, for images."""
        return 0 if self.tokenizer is None else int(self.tokenizer.pad_token_id)

    @property
    def interpolate(self) -> bool:
        """Whether the model has to be told that images have another size than it was pretrained on."""
        if self.images is None or not self.anatomy.interpolates:
            return False
        known = image_size(self.model.config)
        return known is not None and (self.images.height, self.images.width) != known

    def bare(self) -> Any:
        """The model on the meta device: every module and shape, no weights."""
        with quietly(), torch.device("meta"):
            return type(self.model)._from_config(copy.deepcopy(self.model.config))

    def copy(self) -> Any:
        """A copy of the model whose weights may be changed."""
        return copy.deepcopy(self.model)


def load_config(name: str, revision: str | None = None, trust: Trust = NOTHING) -> Any:
    """The config of a model: a folder (only config.json is needed), ``builtin:``, a reference model, or a hub id.

    Raises:
        ModelNotFoundError: saying what was looked for.
        UnsupportedModelError: the model comes with code of its own, which is not trusted.
    """
    folder = Path(name)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ModelNotFoundError(
            "The folder holds no model",
            where=name,
            found=", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "an empty folder",
            fix="It needs config.json (and model.safetensors and a tokenizer for training).",
        )
    shipped = None if folder.is_dir() else shipped_config(name)
    if shipped is not None and trust.revision(name, revision) is None:
        return transformers.AutoConfig.for_model(**shipped)
    with translated(name, "config", ("config.json",)):
        return transformers.AutoConfig.from_pretrained(locate(name), **trust.loading(name, revision))


def task_of(config: Any) -> Task:
    """Whether an architecture classifies texts or images.

    Raises:
        UnsupportedModelError: transformers has no classification model of that architecture.
    """
    own = getattr(config, "auto_map", None) or {}  # classes in code that came with the model
    if config.model_type in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES or TEXTS in own:
        return "text-classification"
    if config.model_type in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES or IMAGES in own:
        return "image-classification"
    raise UnsupportedModelError(
        f"transformers has no classification model of the architecture '{config.model_type}'",
        fix=f"Use one of: {', '.join(FAMILIES)}.",
    )


def skeleton(config: Any, labels: int, trust: Trust = NOTHING) -> nn.Module:
    """The classification model of a config on the meta device: every module and shape, no weights."""
    config = copy.deepcopy(config)
    config.num_labels = labels
    if config.model_type == "deit":
        config.architectures = [_auto(config).__name__]
    auto = (
        transformers.AutoModelForSequenceClassification
        if task_of(config) == "text-classification"
        else transformers.AutoModelForImageClassification
    )
    with translated(config.model_type), torch.device("meta"):
        model: nn.Module = auto.from_config(config, trust_remote_code=bool(trust.code), **trust.code)
    return model


def load_backbone(
    name: str,
    labels: Sequence[str],
    revision: str | None = None,
    image_size: int | None = None,
    problem: Problem = "single_label",
    any_head: bool = False,
    trust: Trust = NOTHING,
) -> Backbone:
    """A pretrained model with a fresh head for ``labels``, and its tokenizer or image processor.

    Only safetensors are read unless pickle is allowed. A head of another size, or of other labels, is replaced, with a
    notice; a pooler that the checkpoint lacks is trained with the head.

    Args:
        name: a hub id, a folder, or ``builtin:``.
        labels: class names; of a regression the one name of the number.
        revision: of a hub id.
        image_size: height and width of images, where they are to be others than the processor's.
        problem: what a row's label is; the saved model's config says so.
        any_head: continue a head of the right size whatever its labels are.
        trust: what of the model's files may do more than hold numbers.

    Raises:
        ModelNotFoundError: no such model, no tokenizer or image processor.
        WeightsError: NaN or Inf in a tensor, or tensors of the backbone that are missing, too many or of another shape.
    """
    if Path(name).is_dir():
        name = str(Path(name).resolve())  # what is saved must find it from anywhere
    place = locate(name)
    config = load_config(name, revision, trust)
    revision = trust.revision(name, revision)
    task = task_of(config)
    ids = dict(enumerate(labels))
    with translated(name):
        file = pickled(place, revision)
    if file and not trust.pickle:
        raise refused(name, file)
    with translated(name, "weights", (*SAFE, *PICKLED)), only_tensors(name, file):
        model, info = _auto(config).from_pretrained(
            place,
            **trust.loading(name, revision),
            num_labels=len(labels),
            id2label=ids,
            label2id={label: number for number, label in ids.items()},
            problem_type=PROBLEM_TYPES[problem],
            dtype=torch.float32,
            use_safetensors=not file,
            weights_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    model.eval().requires_grad_(False)
    found = fitted(model, anatomy_of(model), info, name, None if any_head else config)
    anatomy, notices = found.anatomy, trust.notices + found.notices
    if file:
        notices = (f"the weights are read from {file}, a pickle: its tensors, and nothing else", *notices)
    check_finite(model, name)
    tokenizer = reader = None
    if task == "text-classification":
        tokenizer = load_tokenizer(name, revision, trust)
        notices += ensure_padding(tokenizer, model)
    else:
        reader = load_image_reader(name, revision, image_size, trust)
    if not anatomy.described:
        notices += (
            f"{anatomy.family} has no description of its own; the roles of its linears were guessed from their names",
        )
    return Backbone(name, revision, model, anatomy, tokenizer, found.fresh, notices, reader)


def image_size(config: Any) -> tuple[int, int] | None:
    """Height and width that an image model was pretrained on; None where its config does not tell."""
    size = getattr(config, "image_size", None)
    if size is None or isinstance(size, int):
        return None if size is None else (size, size)
    return size[0], size[1]


def image_tokens(backbone: Backbone) -> int:
    """How many tokens the first block gets of an image.

    Raises:
        UnsupportedModelError: images of this size make no token.
    """
    assert backbone.images is not None
    height, width = backbone.images.height, backbone.images.width
    seen: list[int] = []

    def look(_: Any, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        hidden = positional[0] if positional else named["hidden_states"]
        seen.append(int(hidden.shape[1]))

    block = backbone.model.get_submodule(backbone.anatomy.blocks[0])
    hook = block.register_forward_pre_hook(look, with_kwargs=True)
    try:
        with torch.no_grad():
            named = {"interpolate_pos_encoding": True} if backbone.interpolate else {}
            backbone.model(pixel_values=torch.zeros(1, 3, height, width), **named)
    except (RuntimeError, ValueError) as error:
        raise UnsupportedModelError(
            f"The model cannot read images of {height} × {width} pixels",
            where="data.image_size",
            found=str(error).split("\n")[0][:200],
            fix="Give a multiple of its patches, or leave image_size out.",
        ) from None
    finally:
        hook.remove()
    return seen[0]


def _auto(config: Any) -> Any:
    """The class that loads a model's weights. Of DeiT there is another, with a teacher, that can only predict."""
    if config.model_type == "deit":
        return transformers.DeiTForImageClassification
    if task_of(config) == "text-classification":
        return transformers.AutoModelForSequenceClassification
    return transformers.AutoModelForImageClassification

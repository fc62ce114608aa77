"""Models by name: config → skeleton (no weights), and the pretrained model itself, in fp32, with its tokenizer."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from torch import nn
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from tunefork.errors import ModelNotFoundError, TuneforkError, UnsupportedModelError, WeightsError
from tunefork.models.anatomy import Anatomy, anatomy_of
from tunefork.models.builtin import builtin_location, shipped_config
from tunefork.models.families import FAMILIES

Task = Literal["text-classification", "image-classification"]
TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


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
    fresh: frozenset[str]
    """Parameters that the checkpoint does not bring along; every run initialises them from its seed."""
    notices: tuple[str, ...]

    def copy(self) -> Any:
        """A copy of the model whose weights may be changed."""
        return copy.deepcopy(self.model)


def load_config(name: str, revision: str | None = None) -> Any:
    """The config of a model: a folder (only config.json is needed), ``builtin:``, a reference model, or a hub id.

    Raises:
        ModelNotFoundError: saying what was looked for.
        UnsupportedModelError: transformers does not know the architecture.
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
    if shipped is not None and revision is None:
        return transformers.AutoConfig.for_model(**shipped)
    with _translated(name):
        return transformers.AutoConfig.from_pretrained(locate(name), revision=revision, trust_remote_code=False)


def locate(name: str) -> str:
    """Where transformers finds a model: a folder or a hub id."""
    from huggingface_hub import constants

    return builtin_location(name, offline=constants.HF_HUB_OFFLINE) if name.startswith("builtin:") else name


def task_of(config: Any) -> Task:
    """Whether an architecture classifies texts or images.

    Raises:
        UnsupportedModelError: transformers has no classification model of that architecture.
    """
    if config.model_type in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES:
        return "text-classification"
    if config.model_type in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES:
        return "image-classification"
    raise UnsupportedModelError(
        f"transformers has no classification model of the architecture '{config.model_type}'",
        fix=f"Use one of: {', '.join(FAMILIES)}.",
    )


def skeleton(config: Any, labels: int) -> nn.Module:
    """The classification model on the meta device: every module and shape, no weights."""
    config = copy.deepcopy(config)
    config.num_labels = labels
    auto = (
        transformers.AutoModelForSequenceClassification
        if task_of(config) == "text-classification"
        else transformers.AutoModelForImageClassification
    )
    with _translated(config.model_type), torch.device("meta"):
        model: nn.Module = auto.from_config(config)
    return model


def load_backbone(name: str, labels: Sequence[str], revision: str | None = None) -> Backbone:
    """A pretrained text model with a fresh head for ``labels``, and its tokenizer.

    Only safetensors are read. A head of another size is replaced, with a notice; what the checkpoint lacks is head.

    Raises:
        ModelNotFoundError: no such model, no tokenizer.
        WeightsError: NaN or Inf in a tensor, or a shape that does not fit outside the head.
    """
    if Path(name).is_dir():
        name = str(Path(name).resolve())  # what is saved must find it from anywhere
    place = locate(name)
    config = load_config(name, revision)
    if task_of(config) != "text-classification":
        raise UnsupportedModelError(
            f"'{name}' classifies images, and these rows are texts", found=config.model_type, fix="Choose a text model."
        )
    ids = dict(enumerate(labels))
    with _translated(name):
        model, info = transformers.AutoModelForSequenceClassification.from_pretrained(
            place,
            revision=revision,
            num_labels=len(labels),
            id2label=ids,
            label2id={label: number for number, label in ids.items()},
            problem_type="single_label_classification",
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            trust_remote_code=False,
        )
    model.eval().requires_grad_(False)
    anatomy, fresh, notices = _with_fresh(anatomy_of(model), info, name)
    _check_finite(model, name)
    tokenizer = load_tokenizer(name, revision)
    notices += _ensure_padding(tokenizer, model)
    if not anatomy.described:
        notices += (
            f"{anatomy.family} has no description of its own; the roles of its linears were guessed from their names",
        )
    return Backbone(name, revision, model, anatomy, tokenizer, fresh, notices)


def load_tokenizer(name: str, revision: str | None = None) -> Any:
    """The tokenizer of a model.

    Raises:
        ModelNotFoundError: naming the files looked for.
    """
    place = locate(name)
    if Path(place).is_dir() and not any((Path(place) / file).is_file() for file in TOKENIZER_FILES):
        raise ModelNotFoundError(
            "The model has no tokenizer",
            where=place,
            found=f"none of {', '.join(TOKENIZER_FILES)}",
            fix="Copy the tokenizer's files from the model it was trained from.",
        )
    with _translated(name):
        return transformers.AutoTokenizer.from_pretrained(place, revision=revision, trust_remote_code=False)


def longest_input(config: Any) -> int | None:
    """The most tokens a model's positions allow; None where they have no end."""
    length = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if length is None or getattr(config, "position_biased_input", True) is False:
        return None
    # RoBERTa's positions begin behind the padding id, MPNet's likewise: two of them are never used
    offset = 2 if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet") else 0
    return int(length) - offset


def _with_fresh(anatomy: Anatomy, info: dict[str, Any], name: str) -> tuple[Anatomy, frozenset[str], tuple[str, ...]]:
    """The anatomy whose head includes whatever the checkpoint lacks, and its names; an error for any other mismatch."""
    in_head = set(anatomy.inside(anatomy.head))
    mismatched = {entry[0]: entry[1:] for entry in info.get("mismatched_keys", ())}
    outside = [key for key in anatomy.parameters if key in mismatched and key not in in_head]
    if outside:
        shapes = mismatched[outside[0]]
        raise WeightsError(
            f"The tensor '{outside[0]}' does not fit the model's config",
            where=name,
            found=f"{tuple(shapes[0])} in the file, {tuple(shapes[1])} expected",
            fix="Use the config.json that belongs to these weights.",
        )
    notices: tuple[str, ...] = ()
    if mismatched:
        notices += ("the checkpoint's head is for another number of classes; it was replaced by a fresh one",)
    missing = [key for key in info.get("missing_keys", ()) if key in anatomy.parameters]
    lacking = [key for key in missing if key not in in_head]
    if lacking:
        modules = tuple(dict.fromkeys(key.rpartition(".")[0] for key in lacking))
        notices += (f"the checkpoint lacks {', '.join(modules)}; freshly initialised, trained and saved with the head",)
        anatomy = replace(anatomy, head=anatomy.head + modules)
    fresh = frozenset([*missing, *mismatched])
    if not fresh:
        notices += ("the checkpoint brings a head of the right size along; training continues from it",)
    return anatomy, fresh, notices


def _check_finite(model: nn.Module, name: str) -> None:
    for key, tensor in model.named_parameters():
        if not bool(torch.isfinite(tensor).all()):
            bad = int((~torch.isfinite(tensor)).sum())
            raise WeightsError(
                f"The tensor '{key}' holds {bad} value{'s' if bad != 1 else ''} that are NaN or infinite",
                where=name,
                fix="Download the weights again, or use another checkpoint.",
            )


def _ensure_padding(tokenizer: Any, model: Any) -> tuple[str, ...]:
    """A pad token in the tokenizer and the config: GPT-2 and its like have none and would pool the wrong position."""
    notices: tuple[str, ...] = ()
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token is None:
            raise ModelNotFoundError(
                "The tokenizer has neither a pad token nor an end token",
                where=model.config.model_type,
                fix="Set pad_token in it.",
            )
        tokenizer.pad_token = tokenizer.eos_token
        notices = (
            f"the tokenizer has no pad token; {tokenizer.eos_token} is used, in the tokenizer and in the config",
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    return notices


@contextmanager
def quietly() -> Iterator[None]:
    """transformers and PEFT without progress bars, load reports and deprecations: what matters becomes notices."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """transformers' errors as ours."""
    try:
        with quietly():
            yield
    except TuneforkError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes transformers raise; the cause stays attached
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ModelNotFoundError(
            f"The model '{name}' cannot be loaded",
            found=first.rstrip("."),
            fix="Check the name, and that its weights are safetensors. Offline, use a folder or builtin:minilm.",
        ) from error

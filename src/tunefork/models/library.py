"""transformers as a library: where it finds a model, without its chatter, and its errors as ours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from tunefork.errors import ModelNotFoundError, TuneforkError
from tunefork.models.builtin import builtin_location
from tunefork.models.trust import brings_code


def locate(name: str) -> str:
    """Where transformers finds a model: a folder or a hub id."""
    from huggingface_hub import constants

    return builtin_location(name, offline=constants.HF_HUB_OFFLINE) if name.startswith("builtin:") else name


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
def translated(name: str) -> Iterator[None]:
    """transformers' errors as ours."""
    try:
        with quietly():
            yield
    except TuneforkError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes transformers raise; the cause stays attached
        if "trust_remote_code" in str(error):  # transformers asks for permission to run what came with the model
            raise brings_code(name) from error
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ModelNotFoundError(
            f"The model '{name}' cannot be loaded",
            found=first.rstrip("."),
            fix="Check the name, and that its weights are safetensors. Offline, use a folder or builtin:minilm.",
        ) from error

"""transformers as a library: where it finds a model, without its chatter, and its errors as ours."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tunefork.errors import ModelNotFoundError, TuneforkError
from tunefork.models.builtin import builtin_location
from tunefork.models.trust import brings_code
from tunefork.network import hub_if_reachable

WHOLE = {"": "", "config": "", "weights": ", and that it has weights as safetensors"}
"""Parts without which there is no model, and what else to check where one cannot be had."""


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
def translated(name: str, part: str = "", files: Sequence[str] = ()) -> Iterator[None]:
    """transformers' errors as ours.

    Args:
        name: the model's.
        part: of the model, that is read; the whole of it unless given.
        files: that are read; where one is at hand, the message names it.

    Raises:
        ModelNotFoundError: whatever it is.
        UnsupportedModelError: the model comes with code of its own.
    """
    try:
        with quietly(), hub_if_reachable() if _of_hub(name) else nullcontext():
            yield
    except TuneforkError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes transformers raise; the cause stays attached
        if "trust_remote_code" in str(error):  # transformers asks for permission to run what came with the model
            raise brings_code(name) from error
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        there = {file: path for file in files if (path := _at_hand(name, file)) is not None}
        for file, path in there.items():
            if wrong := _no_json(path):
                raise ModelNotFoundError(
                    f"The model's {file} is damaged", where=str(path), found=wrong, fix="Download or copy it again."
                ) from error
        if there and not _of_hub(name):  # where what is at hand may be another revision's
            raise ModelNotFoundError(
                f"The model's {part} cannot be read",
                where=", ".join(map(str, there.values())),
                found=first.rstrip("."),
                fix="Download or copy it again from where the model comes from.",
            ) from error
        raise ModelNotFoundError(
            f"The {'' if part in WHOLE else f'{part} of the '}model '{name}' cannot be loaded",
            found=first.rstrip("."),
            fix=f"Check the name{WHOLE.get(part, '')}. Offline, use a folder or builtin:minilm.",
        ) from error


def _of_hub(name: str) -> bool:
    return not name.startswith("builtin:") and not Path(name).is_dir()


def _at_hand(name: str, file: str) -> Path | None:
    """A file of a model, where it is on this machine."""
    from huggingface_hub import try_to_load_from_cache

    try:
        place = locate(name)
        found = Path(place) / file if Path(place).is_dir() else try_to_load_from_cache(place, file)
    except (TuneforkError, ValueError, OSError):  # no such builtin model, no name of the hub
        return None
    return Path(found) if isinstance(found, str | Path) and Path(found).is_file() else None


def _no_json(path: Path) -> str:
    """What is wrong with a file that is to be JSON; empty where nothing is."""
    if path.suffix != ".json":
        return ""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        return f"no JSON: {error}"[:200]
    return "" if isinstance(content, dict) else "JSON, but no object with settings"

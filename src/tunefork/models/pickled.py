"""Weights as pickle, which can hold code: refused unless the user allows it, and then only its tensors are read."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunefork.errors import WeightsError

SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
ALLOW = "--allow-pickle"
CONVERT = "model.save_pretrained(folder) of transformers writes safetensors"


def pickled(place: str, revision: str | None = None) -> str:
    """The file with the weights of a model that has them as pickle only; empty where it has safetensors, or nothing.

    Args:
        place: a folder or a hub id.
        revision: of a hub id.
    """
    if any(_has(place, file, revision) for file in SAFE):
        return ""
    return next((file for file in PICKLED if _has(place, file, revision)), "")


def refused(name: str, file: str) -> WeightsError:
    """What to say of a pickle that nobody has allowed."""
    return WeightsError(
        "The weights are a pickle, which can hold code",
        where=name,
        found=f"{file}, no {SAFE[0]}",
        fix=f"Convert it: {CONVERT}. Or let run, compare and plan read it with {ALLOW}.",
    )


@contextmanager
def only_tensors(name: str, file: str) -> Iterator[None]:
    """What torch says of a pickle with more in it than tensors, as ours.

    Args:
        name: the model's.
        file: the pickle; empty where there is none.

    Raises:
        WeightsError: it holds something else, which was not run.
    """
    before = os.environ.get("DISABLE_SAFETENSORS_CONVERSION")
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"  # else transformers asks a bot on the hub to convert it
    try:
        yield
    except Exception as error:
        if not file or not _of_pickle(error):
            raise
        raise WeightsError(
            "The pickle holds more than tensors; nothing of it was run",
            where=f"{name}: {file}",
            found=_what(str(error)),
            fix=f"Do not use it unless you know who made it. Where it can be loaded safely, {CONVERT}.",
        ) from error
    finally:
        if before is None:
            del os.environ["DISABLE_SAFETENSORS_CONVERSION"]
        else:
            os.environ["DISABLE_SAFETENSORS_CONVERSION"] = before


def _has(place: str, file: str, revision: str | None) -> bool:
    if Path(place).is_dir():
        return (Path(place) / file).is_file()
    from huggingface_hub import try_to_load_from_cache
    from transformers.utils import has_file

    try:
        if isinstance(try_to_load_from_cache(place, file, revision=revision), str):
            return True
        return bool(has_file(place, file, revision=revision))
    except Exception:  # no such model, no network, whatever a server says: whoever loads the model will tell
        return False


def _of_pickle(error: BaseException) -> bool:
    return isinstance(error, pickle.UnpicklingError) or "Weights only load failed" in str(error)


def _what(message: str) -> str:
    """The line that names what is in it, such as ``Unsupported global: GLOBAL posix.system``."""
    lines = [line.strip() for line in message.splitlines()]
    told = next((line for line in lines if "GLOBAL" in line or "Unsupported" in line), lines[0] if lines else "")
    return told.split(" was not an allowed global")[0].rstrip(".")[:200]

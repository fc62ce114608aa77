"""What decides the numbers, and must be the same on every machine of a cluster."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from tunefork._version import __version__

LIBRARIES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy")


def versions() -> dict[str, str]:
    """The versions that are installed here."""
    return {"tunefork": __version__, "python": platform.python_version(), **{name: _of(name) for name in LIBRARIES}}


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What differs.

    >>> differences({"torch": "2.13.0", "numpy": "2.4.6"}, {"torch": "2.12.0", "numpy": "2.4.6"})
    ['torch is 2.12.0 there and 2.13.0 here']
    """
    return [
        f"{name} is {there.get(name)} there and {found} here"
        for name, found in here.items()
        if there.get(name) != found
    ]


def _of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

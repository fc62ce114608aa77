"""The demo's study and data set, which ship with the package.

``messages.csv`` holds short messages to an online shop, written for this project, with the intent of each; README.md
beside it says what the ten intents mean. ``demo.yaml`` is an ordinary study file.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def demo_study() -> Path:
    """The demo's study file."""
    return Path(str(files("tunefork.demo").joinpath("demo.yaml")))

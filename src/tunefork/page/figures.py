"""The figures that a report left in a study's folder, in colours that follow light and dark."""

from __future__ import annotations

import re
from pathlib import Path

from tunefork.errors import StoreError
from tunefork.report.figures import FURTHER, NAMES, themed_svg
from tunefork.report.html import palette

FOLDER = "figures"
LARGEST = 8 * 2**20
"""Bytes of one file; ours have a hundredth of that."""
OURS = re.compile(rf"({'|'.join((*NAMES, *FURTHER))})(-\d+)?\.svg")
TITLES = {
    "scores": "The two first metrics of every configuration",
    "differences": "Differences to the best configuration on test",
    "tradeoff": "The metric against trainable parameters",
    "tradeoff-time": "The metric against time",
    "tradeoff-memory": "The metric against memory",
    "parameters": "Trainable parameters of every configuration",
    "rank": "The metric against LoRA rank",
    "rank-targets": "The metric by LoRA rank and targets",
    "targets": "The metric against LoRA targets",
    "loss": "Training and validation loss against the step",
    "accuracy": "Validation accuracy against the step",
    "micro-f1": "Validation micro F1 against the step",
    "r2": "Validation R² against the step",
    "reliability": "How often the best run is right against how sure it is",
    "predicted": "What the best run answers against what is true",
    "search": "The best value on validation against the time of the search",
    "movement": "The relative norm of what training added, by block",
    "intruders": "Intruder dimensions of every configuration",
}


def figures(folder: Path) -> list[dict[str, str]]:
    """Names and titles of the figures that are there, in the report's order."""
    if not (folder / FOLDER).is_dir():
        return []
    there = [found for each in (folder / FOLDER).iterdir() if (found := OURS.fullmatch(each.name))]
    order = [*NAMES, *FURTHER]
    there.sort(key=lambda found: (order.index(found[1]), int((found[2] or "-1")[1:])))
    return [{"name": found[0].removesuffix(".svg"), "title": TITLES.get(found[1], found[1])} for found in there]


def figure(folder: Path, name: str) -> str:
    """One figure as SVG.

    Raises:
        StoreError: there is no such figure.
    """
    path = folder / FOLDER / f"{name}.svg"
    if not OURS.fullmatch(path.name) or not path.is_file() or path.stat().st_size > LARGEST:
        raise StoreError("The study has no such figure", where=str(folder), found=repr(name))
    return themed_svg(path.read_text(encoding="utf-8"), palette())

"""Options that several benchmarks share."""

from __future__ import annotations

import argparse
from pathlib import Path


def slices_parser(description: str, steps: int, slices: int) -> argparse.ArgumentParser:
    """A parser for a benchmark that measures slices of steps on one of the data sets."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data sets")
    parser.add_argument("--set", choices=["sst2", "imdb"], default="sst2")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=steps, help="optimizer steps of a slice")
    parser.add_argument("--slices", type=int, default=slices)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    return parser

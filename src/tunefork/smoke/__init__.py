"""Smoke runs: any study in seconds, on made-up rows, with a tiny model of the same architecture. Needs no network.

schema (what the study's rows look like) → rows (words, pictures) → files; model → a folder; reduced (sizes) → making
(the whole way). Strategies, ranks, targets, layers, metrics, augmentation, search and early stopping stay as they are.
"""

from tunefork.smoke.making import MADE_UP, smoke_folder, smoke_study

__all__ = ["MADE_UP", "smoke_folder", "smoke_study"]

"""What the three parts of a data set are called."""

from __future__ import annotations

ROLES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "evaluation"),
}
"""Our names, and the names of folders and of the splits of ``hub:`` data sets that stand for them."""

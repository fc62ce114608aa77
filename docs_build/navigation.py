"""The order of the site's pages. A page that no group lists stands at the end of the guides, so none is lost."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

GUIDES = "Guides"
GROUPS: dict[str, tuple[str, ...]] = {
    "Home": ("index.md",),
    "Tutorial": ("tutorial.md", "tutorial-images.md"),
    "Deciding": ("verdict.md", "choosing.md"),
    GUIDES: (
        "data.md",
        "labels.md",
        "images.md",
        "metrics.md",
        "search.md",
        "report.md",
        "page.md",
        "export.md",
        "serving.md",
        "estimator.md",
        "trackers.md",
        "changes.md",
        "faults.md",
        "ray.md",
        "parallel.md",
    ),
    "How it works": (
        "engine.md",
        "performance.md",
        "accuracy.md",
        "scale.md",
        "design.md",
        "log.md",
        "dependencies.md",
        "contributing.md",
        "changelog.md",
    ),
    "Recipes": ("recipes.md", "s0.md", "tweeteval.md"),
    "Reference": ("reference/cli.md", "reference/python.md", "reference/study-file.md"),
    "Troubleshooting": ("troubleshooting.md",),
}


def navigation(pages: Collection[str]) -> list[dict[str, Any]]:
    """The navigation as mkdocs takes it: the pages of each group that there are, in the group's order.

    >>> navigation(["index.md", "data.md", "new.md"])
    [{'Home': 'index.md'}, {'Guides': ['data.md', 'new.md']}]
    """
    listed = {page for group in GROUPS.values() for page in group}
    found: list[dict[str, Any]] = []
    for title, group in GROUPS.items():
        there = [page for page in group if page in pages]
        if title == GUIDES:
            there += sorted(set(pages) - listed)
        if there:
            found.append({title: there[0] if len(group) == 1 else there})
    return found

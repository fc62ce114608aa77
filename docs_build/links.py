"""Links of pages: what lies outside ``docs/`` is no page, so its path is told instead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


def relinked(text: str, page: str, copies: Mapping[str, str], source: str) -> str:
    """A page whose links lead to pages of the site, or tell a path of the repository.

    Args:
        page: where it stands in the site.
        copies: files of the repository that are pages too, with these.
        source: where it stands in the repository; its links are relative to that.

    >>> relinked("[a](docs/data.md), [b](src/b.py), [c](CHANGELOG.md)", "x/y.md", {"CHANGELOG.md": "c.md"}, "README.md")
    '[a](../data.md), b (`src/b.py`), [c](../c.md)'
    """

    def placed(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        path, sharp, anchor = target.partition("#")
        if not path or ":" in path:
            return match[0]
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        inside = copies.get(whole) or (whole.removeprefix("docs/") if whole.startswith("docs/") else None)
        if inside is None:
            return words if words.strip("`") == whole else f"{words} (`{whole}`)"
        words = words.removeprefix("docs/") if words == whole else words
        return f"{picture}[{words}]({posixpath.relpath(inside, posixpath.dirname(page) or '.')}{sharp}{anchor})"

    parts, end = [], 0
    for fence in FENCE.finditer(text):
        parts += [LINK.sub(placed, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, LINK.sub(placed, text[end:])])

"""Parts of the README on other pages.

``<!-- include: README.md -->`` is what stands before its first section, ``README.md#Title`` a section.
"""

from __future__ import annotations

import re
from pathlib import Path

INCLUDE = re.compile(r"^<!-- include: (?P<file>[\w./-]+)(?:#(?P<section>[^>]+?))? -->$", re.MULTILINE)


def section(text: str, title: str | None) -> str:
    """What stands below a heading of the second level, with it; without a title what stands before the first.

    >>> section("# t\\na\\n## b\\nc\\n## d\\ne", "b"), section("# t\\na\\n## b\\nc", None)
    ('## b\\nc', '# t\\na')

    Raises:
        KeyError: there is no such heading.
    """
    first, *others = re.split(r"^## ", text, flags=re.MULTILINE)
    if title is None:
        return first.strip()
    by_title = {other.partition("\n")[0].strip(): other for other in others}
    return f"## {by_title[title]}".strip()


def includes(text: str) -> list[re.Match[str]]:
    """Where a page asks for parts of other files."""
    return list(INCLUDE.finditer(text))


def included(match: re.Match[str], root: Path) -> str:
    """What a page asks for, as its file has it."""
    return section((root / match["file"]).read_text(encoding="utf-8"), match["section"])

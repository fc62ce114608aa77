"""Where each error is raised, and with which messages: read from the source, so that none is forgotten."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import tunefork

SOURCE = Path(tunefork.__file__).parent


def raised() -> dict[str, dict[str, list[str]]]:
    """By class, the messages; and for each the modules that raise it. What is computed stands there as ``…``."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name.endswith("Error"):
                    what = words(first)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="problems"), attr="add"), args=[_, first, *_]):
                    name, what = "StudyFileError", words(first)  # collected, and told together
                case _:
                    continue
            if what.strip("…: ") and module not in found[name][what]:
                found[name][what].append(module)
    return {name: dict(messages) for name, messages in found.items()}


def words(node: ast.expr) -> str:
    """A text as it stands in the source; what is filled in is ``…``.

    >>> words(ast.parse("f'no {name} in ' 'it'", mode="eval").body)
    'no … in it'
    """
    if isinstance(node, ast.Constant):
        return str(node.value) if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) for part in node.values)
    return "…"

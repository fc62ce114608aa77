"""YAML with the line of every key: what messages about a study file need, and what YAML itself does not refuse."""

from __future__ import annotations

from typing import Any

import yaml

from tunefork.errors import ConfigError


def load_yaml(text: str, where: str) -> tuple[dict[str, Any], dict[tuple[Any, ...], int]]:
    """A YAML mapping, and the line of each of its keys by path.

    Raises:
        ConfigError: it is no YAML, no mapping, or has a key twice in one place.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        plain = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        found = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise ConfigError(
            "The study file is not YAML", where=f"{where}{line}", found=found, fix="Mind indentation and colons."
        ) from None
    if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
        found = type(plain).__name__ if plain is not None else "an empty file"
        raise ConfigError(
            "A study file holds settings, key: value", where=where, found=found, fix="See tunefork run --help."
        )
    lines: dict[tuple[Any, ...], int] = {}
    _walk(node, (), lines, where, frozenset())
    return plain, lines


def _walk(
    node: Any, path: tuple[Any, ...], lines: dict[tuple[Any, ...], int], where: str, above: frozenset[int]
) -> None:
    """Note the line of every key, and refuse a key that stands twice: YAML would keep the last one silently."""
    if id(node) in above:
        raise ConfigError("The study file refers to itself", where=where, fix="Remove the recursive alias.")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = (*path, key.value)
            line = key.start_mark.line + 1
            if name in lines:
                raise ConfigError(f"'{key.value}' is given twice", where=f"{where} line {line}", fix="Give it once.")
            lines[name] = line
            _walk(value, name, lines, where, above | {id(node)})
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines[(*path, number)] = item.start_mark.line + 1
            _walk(item, (*path, number), lines, where, above | {id(node)})

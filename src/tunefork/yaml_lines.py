"""YAML with the line of every key: what messages about a study file need, and what YAML itself does not refuse."""

from __future__ import annotations

from typing import Any

import yaml

from tunefork.errors import ConfigError

LARGEST = 2**20
"""Characters of a study file at most."""
VALUES = 100_000
"""Values of a study file at most. Aliases of aliases can write billions in ten lines."""
DIGITS = 400
"""Of a number at most: none that is meant has more, and Python does not write down one of thousands."""
DEEPEST = 50
"""Settings inside settings at most."""
INTEGER = "tag:yaml.org,2002:int"
Lines = dict[tuple[Any, ...], int]


def load_yaml(text: str, where: str) -> tuple[dict[str, Any], Lines]:
    """A YAML mapping, and the line of each of its keys by path.

    Raises:
        ConfigError: it is no YAML, no mapping, has a key twice in one place, or more in it than any study.
    """
    if len(text) > LARGEST:
        raise ConfigError(
            "The study file is too long to be one",
            where=where,
            found=f"more than {LARGEST:,} characters",
            fix="Name the study file, not the data.",
        )
    loader: Any = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        walk = _Walk(where)
        walk.see(node, (), frozenset())
        plain = loader.construct_document(node) if node is not None else None
    except ConfigError:
        raise
    except Exception as error:  # a tag such as !!int makes PyYAML raise whatever its conversion does
        raise _no_yaml(error, where) from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
        found = type(plain).__name__ if plain is not None else "an empty file"
        raise ConfigError(
            "A study file holds settings, key: value", where=where, found=found, fix="See tunefork run --help."
        )
    return plain, walk.lines


def _no_yaml(error: Exception, where: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    line = f" line {mark.line + 1}" if mark else ""
    found = (str(getattr(error, "problem", None) or error).splitlines() or [type(error).__name__])[0]
    return ConfigError(
        "The study file is not YAML", where=f"{where}{line}", found=found, fix="Mind indentation and colons."
    )


class _Walk:
    """Notes the line of every key, and refuses what YAML would take: keys that stand twice, of which it would keep the
    last one silently, and what unfolds to more than a study can hold."""

    def __init__(self, where: str) -> None:
        self.lines: Lines = {}
        self._where, self._seen = where, 0

    def see(self, node: Any, path: tuple[Any, ...], above: frozenset[int]) -> None:
        """Look at a value and everything in it."""
        if node is None:
            return
        self._seen += 1
        if self._seen > VALUES or len(above) > DEEPEST:
            raise self._refused(node, "The study file unfolds to more than any study has", "Write it without aliases.")
        if id(node) in above:
            raise self._refused(node, "The study file refers to itself", "Remove the recursive alias.")
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._key(key, path)
                self.see(value, (*path, key.value), above | {id(node)})
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.lines[(*path, number)] = item.start_mark.line + 1
                self.see(item, (*path, number), above | {id(node)})
        else:
            self._scalar(node)

    def _key(self, key: Any, path: tuple[Any, ...]) -> None:
        if not isinstance(key, yaml.ScalarNode):
            raise self._refused(key, "A setting is named by a word, not by a list or settings", "Write key: value.")
        self._scalar(key)
        name = (*path, key.value)
        if name in self.lines:
            raise self._refused(key, f"'{key.value}' is given twice", "Give it once.")
        self.lines[name] = key.start_mark.line + 1

    def _scalar(self, node: Any) -> None:
        if node.tag == INTEGER and len(node.value) > DIGITS:
            raise self._refused(node, f"The number has {len(node.value):,} digits", "Correct it.")
        try:
            node.value.encode()
        except UnicodeEncodeError:
            raise self._refused(
                node, "The text has half of a surrogate pair, which is no character", "Repair the text."
            ) from None

    def _refused(self, node: Any, what: str, fix: str) -> ConfigError:
        return ConfigError(what, where=f"{self._where} line {node.start_mark.line + 1}", fix=fix)

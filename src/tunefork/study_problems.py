"""The problems of a study file, collected: each with its line and its setting."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from tunefork.errors import ConfigError, TuneforkError, did_you_mean

COMMAND_LINE_ONLY = {"trust_remote_code": "--trust-remote-code COMMIT", "allow_pickle": "--allow-pickle"}
"""What a study file, which may come from anywhere, cannot allow; and the option that does."""
_QUOTES = "Correct the value; YAML reads a bare yes, no, on or off as true or false, so put such words in quotes."


class Problems:
    """Collects problems and knows where they stand.

    Args:
        where: the file.
        lines: the line of each key by its path.
        names: of all settings; whatever else pydantic has in a path is its own.
    """

    def __init__(self, where: str, lines: Mapping[tuple[Any, ...], int], names: Collection[str]) -> None:
        self.where, self.lines, self.names = where, lines, names
        self.found: list[TuneforkError] = []

    def place(self, path: tuple[Any, ...]) -> str:
        """``study.yaml line 7, training.epochs``."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        name = ".".join(str(part) for part in path)
        return ", ".join(part for part in (self.where + (f" line {line}" if line else ""), name) if part)

    def add(self, path: tuple[Any, ...], what: str, found: str = "", fix: str = "") -> None:
        """Note a problem."""
        self.found.append(ConfigError(what, where=self.place(path), found=found, fix=fix))

    def unknown_keys(self, path: tuple[Any, ...], value: Mapping[str, Any], model: type[BaseModel]) -> None:
        """Note every setting that a part of the file does not have, and what may be meant."""
        known = list(model.model_fields)
        for key in value:
            if key in COMMAND_LINE_ONLY:
                self.add(
                    (*path, key),
                    f"There is no setting '{key}' here: a study file cannot allow that",
                    found=repr(value[key]),
                    fix=f"Take it out; whoever runs the study may say {COMMAND_LINE_ONLY[key]} on the command line.",
                )
            elif key not in known:
                self.add((*path, key), f"There is no setting '{key}' here", fix=did_you_mean(str(key), known))

    def _unknown(self, path: tuple[Any, ...]) -> None:
        """A setting that there is not, unless ``unknown_keys`` has said so, and what may be meant."""
        if not any(problem.where == self.place(path) for problem in self.found):
            self.add(path, f"There is no setting '{path[-1]}' here", fix="Correct its name, or take it out.")

    def validated(self, path: tuple[Any, ...], model: type[Any], value: Mapping[str, Any]) -> Any:
        """The model, or None with its problems noted."""
        try:
            return model.model_validate({key: item for key, item in value.items() if key in model.model_fields})
        except ValidationError as error:
            for each in error.errors():
                if each["type"] == "extra_forbidden":
                    self._unknown((*path, *each["loc"]))
                    continue
                loc = tuple(
                    part for part in each["loc"] if not str(part).startswith(("function-", "constrained-", "tagged-"))
                )
                loc = tuple(part for part in loc if isinstance(part, int) or part in self.names)
                message = each["msg"].removeprefix("Value error, ")
                shown = "" if isinstance(each["input"], Mapping) else repr(each["input"])
                if not any(problem.where == self.place((*path, *loc)) for problem in self.found):
                    self.add(
                        (*path, *loc),
                        message,
                        found=shown,
                        fix=_QUOTES if isinstance(each["input"], bool) else "Correct the value.",
                    )
        return None

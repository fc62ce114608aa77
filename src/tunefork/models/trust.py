"""What of a model's files may do more than hold numbers: its own code, and pickle. Nothing, unless the user says so.

It is said on the command line only, each time: a study file comes from elsewhere as easily as a model does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunefork.errors import ConfigError, UnsupportedModelError
from tunefork.models.pickled import ALLOW

CODE = "--trust-remote-code"
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Trust:
    """What the user allows.

    Raises:
        ConfigError: the revision is no commit: branches and tags can be moved to other code.

    >>> Trust("main")
    Traceback (most recent call last):
    tunefork.errors.settings.ConfigError: --trust-remote-code takes the commit whose code may run, of 40 hexadecimal \
digits. Found: 'main'. Copy the commit hash from the history of files on the model's page.
    """

    code_revision: str | None = None
    """The commit of the model's repository on the hub whose code may run."""
    pickle: bool = False
    """Whether weights may be read from a pickle, nothing but tensors of it."""

    def __post_init__(self) -> None:
        if self.code_revision is not None and not COMMIT.fullmatch(self.code_revision):
            raise ConfigError(
                f"{CODE} takes the commit whose code may run, of 40 hexadecimal digits",
                found=repr(self.code_revision),
                fix="Copy the commit hash from the history of files on the model's page.",
            )

    @property
    def options(self) -> str:
        """The options of the command line that say so."""
        code = "" if self.code_revision is None else f" {CODE} {self.code_revision}"
        return code + (f" {ALLOW}" if self.pickle else "")

    def revision(self, name: str, revision: str | None) -> str | None:
        """The revision of a model's files: the one whose code is trusted.

        Args:
            name: the model.
            revision: what the study says.

        Raises:
            UnsupportedModelError: nothing pins the code of a folder.
            ConfigError: the study wants another revision.
        """
        if self.code_revision is None:
            return revision
        if name.startswith("builtin:") or Path(name).is_dir():
            raise UnsupportedModelError(
                f"{CODE} is for models of the hub, where a commit says which code may run",
                where=name,
                found="a model of tunefork's own" if name.startswith("builtin:") else "a folder, whose code may change",
                fix=f"Leave {CODE} out, or name the model by its id on the hub.",
            )
        if revision not in (None, self.code_revision):
            raise ConfigError(
                f"The model's revision and {CODE} differ",
                where=name,
                found=f"revision {revision}, {CODE} {self.code_revision}",
                fix="Leave the revision out of the study, or give the same commit for both.",
            )
        return self.code_revision

    def loading(self, name: str, revision: str | None) -> dict[str, Any]:
        """What transformers' ``from_pretrained`` is told."""
        found = {"revision": self.revision(name, revision), "trust_remote_code": self.code_revision is not None}
        return found | self.code

    @property
    def code(self) -> dict[str, Any]:
        """Which code transformers may take, where it may take any."""
        return {} if self.code_revision is None else {"code_revision": self.code_revision}

    @property
    def without_code(self) -> Trust:
        """The same where code of no model may run."""
        return Trust(pickle=self.pickle)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the plan says of it."""
        if self.code_revision is None:
            return ()
        return (f"code from the model's repository is run, of commit {self.code_revision}",)


NOTHING = Trust()


def of_own_code(model: Any) -> bool:
    """Whether a model's class came with its files."""
    return type(model).__module__.startswith("transformers_modules.")


def brings_code(name: str) -> UnsupportedModelError:
    """What to say of a model that needs code of its own, which nobody has allowed."""
    if Path(name).is_dir():
        return UnsupportedModelError(
            "The model comes with code of its own, and nothing pins the code in a folder",
            where=name,
            found="auto_map in config.json or in a file beside it",
            fix=f"Name the model by its id on the hub, with {CODE} and its commit.",
        )
    return UnsupportedModelError(
        "The model comes with code of its own, which is not run unless you say so",
        where=name,
        found="an architecture that transformers does not know (auto_map)",
        fix=f"Read that code, then add {CODE} and the 40 digits of the commit that you read.",
    )

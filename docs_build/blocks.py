"""Blocks of code in pages, and what is to become of them in tests.

A comment on the line before a block marks it; the site leaves such comments out:

    <!-- not run: REASON -->            it needs what no test has: a cluster, the hub
    <!-- run: with --epochs 1 -->       with these options behind the command's own, so that it takes seconds
    <!-- run: fails, same -->           its exit status is not 0; its output is what the page shows, to the letter
    <!-- run: background -->            it stays while what follows runs
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MARK = re.compile(r"^<!-- (?P<kind>run|not run): (?P<text>[^\n]+) -->\n", re.MULTILINE)
BLOCK = re.compile(rf"(?:{MARK.pattern})?^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^(?:\w[\w ]*)?\$ ")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    code: str
    marks: tuple[str, ...] = ()
    """Of ``run``."""
    not_run: str = ""
    """Why it cannot be run."""

    @property
    def place(self) -> str:
        """Page and line, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def options(self) -> str:
        """What stands behind the command's own options when it is tested."""
        return next((mark.removeprefix("with ") for mark in self.marks if mark.startswith("with ")), "")


def blocks(path: Path) -> list[Block]:
    """The blocks of a page, from top to bottom."""
    text, found = path.read_text(encoding="utf-8"), []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        given, kind = match["text"] or "", match["kind"]
        marks = tuple(part.strip() for part in given.split(",")) if kind == "run" else ()
        reason = given if kind == "not run" else ""
        found.append(Block(path.name, line, match["language"], match["code"], marks, reason))
    return found


def command_lines(code: str, program: str = "tunefork") -> list[str]:
    r"""The commands of a block that call a program, without prompts, comments and what goes into a file.

    >>> command_lines("$ tunefork plan a.yaml   # looks\ntold: tunefork\ntunefork run \\\n  a.yaml")
    ['tunefork plan a.yaml', 'tunefork run    a.yaml']
    """
    found = []
    for line in code.replace("\\\n", " ").splitlines():
        line = PROMPT.sub("", line.strip())
        if line == program or line.startswith(f"{program} "):
            found.append(re.split(r"\s+#\s|\s[|>]+\s", f"{line} ")[0].strip())
    return found


def steps(code: str) -> list[tuple[str, str]]:
    """The commands of a console, each with the output that stands below it.

    >>> steps("$ echo a\\na\\n$ true\\n")
    [('echo a', 'a'), ('true', '')]
    """
    found: list[tuple[str, str]] = []
    for line in code.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            command, output = found[-1]
            found[-1] = (command, f"{output}\n{line}" if output else line)
    return found


def without_marks(text: str) -> str:
    """A page as readers get it."""
    return MARK.sub("", text)

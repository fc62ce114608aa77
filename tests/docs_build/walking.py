"""Walking through a page as its reader would: its Python in one namespace, its commands in one folder, in order."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docs_build.blocks import Block, steps

MAIN = "from tunefork.cli import main; main()"
COUNT = re.compile(r"\b\d{1,3}(?:,\d{3})+\b")
"""Numbers of parameters, which are the same everywhere."""
PORT = "8000"
PATIENCE = 120
"""Seconds until a server is there."""


class Walk:
    """A reader of one page, in a folder.

    Args:
        folder: where its commands are given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.names = folder, {"__name__": "page"}
        self.servers: list[subprocess.Popen[str]] = []
        self.port = _free_port()

    def step(self, block: Block) -> None:
        """Do what a block says."""
        if block.not_run:
            return
        if block.language == "python":
            exec(compile(replaced(block), block.place, "exec"), self.names)
        elif block.language == "yaml":
            (self.folder / "study.yaml").write_text(block.code, encoding="utf-8")
        elif block.language == "console":
            for command, shown in steps(block.code):
                self._command(block, command, shown)

    def _command(self, block: Block, command: str, shown: str) -> None:
        if "background" in block.marks:
            self._serve(command)
            return
        command = f"{command} {block.options}".replace(f"localhost:{PORT}", f"localhost:{self.port}").strip()
        done = subprocess.run(_words(command), cwd=self.folder, capture_output=True, text=True, env=_environment())
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == ("fails" in block.marks), f"{block.place}: {command}\n{said}"
        check(shown, said, block)

    def _serve(self, command: str) -> None:
        server = subprocess.Popen(
            [*_words(command), "--port", str(self.port)], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=_environment(),
        )  # fmt: skip
        self.servers.append(server)
        ends = time.monotonic() + PATIENCE
        assert server.stdout is not None
        while "serving on" not in (line := server.stdout.readline()):
            assert line, f"{command} has ended"
            assert time.monotonic() < ends

    def end(self) -> None:
        """Nothing of the page goes on."""
        for server in self.servers:
            server.terminate()
            server.communicate(timeout=60)


@contextmanager
def walk(folder: Path) -> Iterator[Walk]:
    """A walk whose servers end with it."""
    walking = Walk(folder)
    try:
        yield walking
    finally:
        walking.end()


def replaced(block: Block) -> str:
    """The code as it is run: ``<!-- run: epochs=1 for epochs=4 -->`` makes it short.

    >>> replaced(Block("a.md", 1, "python", "f(epochs=4)", ("epochs=1 for epochs=4",)))
    'f(epochs=1)'
    """
    code = block.code
    for mark in block.marks:
        new, between, old = mark.partition(" for ")
        assert not between or old in code, f"{block.place}: {old} is not there"
        code = code.replace(old, new) if between else code
    return code


def check(shown: str, said: str, block: Block) -> None:
    """Hold what a page shows against what was said: all of it, or what does not depend on the machine."""
    where = f"{block.place} shows something else:\n{said}"
    if "same" in block.marks:
        assert shown.strip() == said.strip(), where
    elif shown.startswith("{"):
        assert _shape(json.loads(shown)) == _shape(json.loads(said)), where
    else:
        assert set(COUNT.findall(shown)) <= set(COUNT.findall(said)), where


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def _words(command: str) -> list[str]:
    name, *rest = shlex.split(command)
    return [sys.executable, "-c", MAIN, *rest] if name == "tunefork" else [name, *rest]


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "100"}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

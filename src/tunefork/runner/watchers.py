"""Watchers: a Rich progress display for terminals and notebooks, plain lines for pipes, and silence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from typing import Any

from tunefork.plan import Plan
from tunefork.runner.protocol import Watcher


class Silence:
    """Says nothing."""

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Nothing."""

    def group(self, names: tuple[str, ...], steps: int) -> None:
        """Nothing."""

    def step(self, step: int, loss: float | None) -> None:
        """Nothing."""

    def finish(self, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Display:
    """A bar for the study and one for the present group, with the time that is left.

    Without a terminal it prints one line per finished run and no bars.

    Args:
        console: a ``rich.console.Console``; standard error unless given.
    """

    def __init__(self, console: Any = None) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not (self._console.is_terminal or self._console.is_jupyter),
        )
        self._study: Any = None
        self._group: Any = None
        self._began = 0.0
        self._loss = ""
        self._size = 1

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Show the study's bar."""
        steps = sum(run.steps or 0 for run in plan.runs if run.config.id not in done)
        self._progress.start()
        self._study = self._progress.add_task("study", total=steps or None, note="steps")
        if done:
            self._console.print(f"{len(done)} of {len(plan.runs)} runs are done already and are kept")

    def group(self, names: tuple[str, ...], steps: int) -> None:
        """Show the group's bar."""
        if self._group is not None:
            self._progress.remove_task(self._group)
        self._size = len(names)
        label = names[0] if len(names) == 1 else f"{len(names)} runs: {names[0]} …"
        self._group, self._began, self._loss = (
            self._progress.add_task(label, total=steps, note=""),
            time.monotonic(),
            "",
        )

    def step(self, step: int, loss: float | None) -> None:
        """Move the bars."""
        if loss is not None:
            self._loss = f"loss {loss:.3f}"
        self._progress.update(self._group, completed=step, note=self._loss)
        self._progress.advance(self._study, self._size)

    def finish(self, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Print how a run ended."""
        figures = ", ".join(f"{key} {value:.4f}" for key, value in metrics.items())
        seconds = time.monotonic() - self._began
        text = f"{name}: {figures}" if status == "done" else f"{name}: {status}, {reason}"
        self._console.print(f"{text} ({seconds:.0f} s)", highlight=False, markup=False)

    def end(self) -> None:
        """Take the bars away."""
        self._progress.stop()


__all__ = ["Display", "Silence", "Watcher"]

"""Watchers: a Rich progress display for terminals and notebooks, plain lines for pipes, and silence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from tunefork.plan import Plan
from tunefork.runner.protocol import STUDY, Watcher


class Silence:
    """Says nothing."""

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Nothing."""

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        """Nothing."""

    def tell(self, group: int, text: str) -> None:
        """Nothing."""

    def step(self, group: int, step: int, loss: float | None) -> None:
        """Nothing."""

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


@dataclass
class _Bar:
    """One group's bar."""

    task: Any
    label: str
    began: float
    runs: int
    counted: int
    """Runs whose steps count for the study: without those that were done and train again beside the others."""
    step: int = 0
    """The furthest that was told: a worker that takes the group up, or one half of it, may begin further back."""
    ended: int = 0
    note: str = ""


class Display:
    """A bar for the study and one for each group that is under way, with the time that is left.

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

        self._console = console or Console(stderr=True, emoji=False)
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
        self._groups: dict[int, _Bar] = {}
        self._done: set[str] = set()

    def begin(self, plan: Plan, done: Set[str]) -> None:
        """Show the study's bar."""
        steps = sum(run.last for run in plan.runs if run.config.id not in done)
        self._done = {run.name for run in plan.runs if run.config.id in done}
        for bar in self._groups.values():  # of the plan before
            self._progress.remove_task(bar.task)
        self._groups = {}
        self._progress.start()
        self._study = self._progress.add_task("study", total=steps or None, note="steps")
        if done:
            self._console.print(f"{len(done)} of {len(plan.runs)} runs are done already and are kept")

    def group(self, group: int, names: tuple[str, ...], steps: int) -> None:
        """Show the group's bar, in place of the one that it had with a worker that died."""
        before = self._groups.pop(group, None)
        if before is not None:
            self._progress.remove_task(before.task)
        label = names[0] if len(names) == 1 else f"{len(names)} runs: {names[0]} …"
        task = self._progress.add_task(label, total=steps, note="")
        counted = sum(name not in self._done for name in names)
        self._groups[group] = _Bar(
            task, label, time.monotonic(), len(names), counted, step=0 if before is None else before.step
        )

    def tell(self, group: int, text: str) -> None:
        """Print it."""
        text = text if group == STUDY else f"{self._groups[group].label}: {text}"
        self._console.print(text, highlight=False, markup=False, emoji=False)

    def step(self, group: int, step: int, loss: float | None) -> None:
        """Move the bars."""
        bar = self._groups[group]
        if loss is not None:
            bar.note = f"loss {loss:.3f}"
        self._progress.update(bar.task, completed=step, note=bar.note)
        self._progress.advance(self._study, bar.counted * max(0, step - bar.step))
        bar.step = max(bar.step, step)

    def finish(self, group: int, name: str, status: str, metrics: Mapping[str, float], reason: str) -> None:
        """Print how a run ended; with its last run, a group's bar goes."""
        figures = ", ".join(f"{key} {value:.4f}" for key, value in metrics.items())
        text = f"{name}: {figures}" if status in ("done", "paused") else f"{name}: {status}, {reason}"
        bar = self._groups.get(group)
        if bar is not None:
            text += f" ({time.monotonic() - bar.began:.0f} s)"
            bar.ended += 1
            if bar.ended == bar.runs:
                self._progress.remove_task(bar.task)
                del self._groups[group]
        self._console.print(text, highlight=False, markup=False)

    def end(self) -> None:
        """Take the bars away."""
        self._progress.stop()


__all__ = ["Display", "Silence", "Watcher"]

"""How a study's runs are executed, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass

from tunefork.runner import LocalRunner, Places, Runner, Watcher


@dataclass(frozen=True)
class Conduct:
    """Who trains, who watches, and until when."""

    watcher: Watcher
    runner: Runner | None = None
    """``LocalRunner`` unless given."""
    workers: int | None = None
    """Groups at the same time; as many as measure fastest unless given."""
    deadline: float | None = None
    """When to stop, in seconds since the epoch."""
    finish: bool = False
    """Whether runs that are under way at the deadline end there with what they have learnt."""

    @property
    def executes(self) -> Runner:
        """The runner."""
        return self.runner or LocalRunner()

    @property
    def places(self) -> Places | None:
        """What the runner has room for, where that is not measured."""
        return self.executes.places()

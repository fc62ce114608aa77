"""Under torchrun or ``accelerate launch``: the first process is the usual command, the others follow it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import torch

from tunefork.engine import PrefixCache
from tunefork.engine.stopping import ignore_signals
from tunefork.errors import LostError
from tunefork.plan import Plan
from tunefork.runner.group import Order
from tunefork.runner.local import LocalRunner, in_turn
from tunefork.runner.parallel.follow import follow
from tunefork.runner.protocol import Job, Places, Watcher
from tunefork.runner.team import Seat, Team
from tunefork.store import Store


class LaunchedRunner(LocalRunner):
    """Executes a plan in this process and those that were started with it; see ``Runner`` for the contract.

    A context, from its beginning to its end: it sends the others home.

    Raises:
        LostError: the others did not come.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat, self._team = seat, None

    _team: Team | None

    def __enter__(self) -> Self:
        self._team = Team(self._seat)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._team is not None and not isinstance(error, LostError):
            self._team.dismiss()

    def places(self) -> Places | None:
        """One group at a time, over all processes."""
        return Places(1, torch.get_num_threads(), self._seat.size)

    def _execute(self, orders: Sequence[Order], plan: Plan, job: Job, store: Store, watcher: Watcher) -> None:
        assert self._team is not None, "it is a context"
        in_turn(orders, plan, job, store, watcher, PrefixCache(share=self._seat.local_size), self._team)


def follow_leader(seat: Seat) -> None:
    """What all but the first process do.

    Raises:
        LostError: the leader, or another follower, is gone.
    """
    team = Team(seat)
    ignore_signals()  # they are for the leader, who finishes the step, keeps it and sends everybody home
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    follow(team)
    team.leave()

"""A worker on a cluster, as the runner knows it."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tunefork.runner.cluster.cluster import Cluster, environment
from tunefork.runner.cluster.messages import Files, Given, Met
from tunefork.runner.cluster.trainer import Trainer
from tunefork.runner.group import Order
from tunefork.runner.messages import Event
from tunefork.store import StopWish

Events = queue.Queue[tuple[Any, Event | None]]
LONGEST = 300
"""Characters of what Ray says of a death."""
GONE = "node has died"
"""Part of what Ray says of it where the whole machine is gone."""


class ClusterHand:
    """One actor: asked for at once, and there when the cluster has room.

    Args:
        cluster: where it works.
        threads: of it; so many CPUs it asks for.
        gpus: it asks for, also a part of one.
        events: where what it says goes.
    """

    def __init__(self, cluster: Cluster, threads: int, gpus: float, events: Events) -> None:
        ray = cluster.ray
        self._ray, self.events = ray, events
        self.threads, self.gpus = threads, gpus
        self.name = uuid.uuid4().hex
        """Tells one worker from another."""
        groups = {"steering": 1, "hearing": 1}
        self._actor = (
            ray.remote(concurrency_groups=groups)(Trainer)
            .options(num_cpus=max(1, threads), num_gpus=gpus, runtime_env={"env_vars": environment(threads)})
            .remote(threads)
        )
        self.order: Order | None = None
        self.ready = False
        self.met: Met | None = None
        self.desk: Path | None = None
        """Its folder on the study's storage, while it has an order and sees that."""
        self.prepare: Callable[[Order], tuple[Given, list[Any]]] | None = None
        """What it is told of an order."""
        self.alive = True
        self.stranded = False
        """Whether its machine has died, or cannot be reached."""
        self._how = "The worker was ended"
        self._fault = ""
        """Why it could not even take a call."""
        threading.Thread(target=self._listen, name="listening", daemon=True).start()

    def give(self, order: Order) -> None:
        """Let it train a group."""
        assert self.prepare is not None
        self.order = order
        self._call("give", *self.prepare(order))

    def deliver(self, files: Files) -> None:
        """Send what it has asked for."""
        self._call("deliver", files)

    def stop(self, number: int) -> None:
        """Ask it to keep where it is and to end its order."""
        if self.order is not None:
            self._call("stop", number)

    def wish(self, wishes: Sequence[StopWish]) -> None:
        """Tell it what somebody wants stopped."""
        self._call("wish", tuple(wishes))

    def leave(self) -> Any:
        """Ask it to clear up before it is ended; a reference of its answer."""
        return self._actor.leave.options(concurrency_group="steering").remote()

    def end(self) -> str:
        """End it; returns how it ended."""
        self._ray.kill(self._actor)
        return self._how

    def _call(self, name: str, *arguments: Any) -> None:
        called = getattr(self._actor, name).options(concurrency_group="steering").remote(*arguments)
        called.future().add_done_callback(self._answered)

    def _answered(self, answer: Future[Any]) -> None:
        """A call that failed was not taken, and its worker would wait for ever for what it was to bring."""
        error = answer.exception()
        if error is not None and not isinstance(error, self._ray.exceptions.RayActorError):
            self._fault = _reason(str(error))
            self._ray.kill(self._actor)  # ``_listen`` tells the rest

    def _listen(self) -> None:
        try:
            self.met = self._ask("introduce")
            self.events.put((self, Event("met")))
            while True:
                for event in self._ask("hear"):
                    if event.name == "broken":
                        raise RuntimeError(event.arguments[0])
                    self.events.put((self, event))
        except self._ray.exceptions.RayError as error:
            known = self._ray.exceptions
            lost = isinstance(error, known.ObjectLostError)  # the machine went with an answer that was on its way
            unreachable = isinstance(error, known.ActorUnavailableError)  # Ray itself does not know yet
            self.stranded = lost or unreachable or GONE in str(error)
            why = "its machine is gone, with what it was telling" if lost else _reason(str(error))
            self._how = f"A worker on the cluster has died ({self._fault or why})"
        except Exception as error:
            self._how = f"A worker on the cluster has failed ({_reason(str(error))})"
        finally:
            self.alive = False
            # nobody must wait for a worker that says nothing more
            self.events.put((self, None))

    def _ask(self, name: str) -> Any:
        return self._ray.get(getattr(self._actor, name).options(concurrency_group="hearing").remote())


def _reason(text: str) -> str:
    r"""The last line of what Ray tells, which says why.

    >>> _reason("The actor died.\n\tpid: 7\nThe actor is dead because its worker process has died. It was killed.")
    'The actor is dead because its worker process has died. It was killed'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip(" ^~\t")]
    return lines[-1][:LONGEST].rstrip(". ") if lines else "nobody knows why"

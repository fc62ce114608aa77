"""``--runner`` and ``--address``: where groups train."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tunefork.runner import Places, Runner, Seat

RunnerName = Annotated[
    str | None,
    typer.Option(
        "--runner",
        help="Where groups train: local (unless given), or ray; ray:threads=2,gpus=0.5 says what a worker asks for. "
        "data-parallel:2 divides every group among two processes, or as many as there are GPUs.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        help="Of the Ray cluster: HOST:PORT or auto; the variable RAY_ADDRESS's unless given; without either, one of "
        "this machine alone is started.",
    ),
]
NAMES = ("local", "ray", "data-parallel")
NUMBERS = {"threads": int, "gpus": float}


def runner_option(
    text: str | None, address: str | None = None, workers: int | None = None
) -> AbstractContextManager[Runner | None]:
    """The runner that was asked for, as a context that ends what it has started; None stands for the usual one.

    Raises:
        ConfigError: there is no such runner, or it has no such setting.
    """
    from tunefork.errors import ConfigError, did_you_mean

    if (seat := _seat()) is not None:
        return _launched(seat, text, workers)
    name, _, given = (text or "local").partition(":")
    if name not in NAMES:
        raise ConfigError(f"There is no runner '{name}'", where="--runner", fix=did_you_mean(name, NAMES))
    if name == "data-parallel":
        return _data_parallel(given, address, workers)
    if name == "local":
        if address is not None or given:
            raise ConfigError(
                "Only the runner ray has settings and an address", where="--runner", found=address or given,
                fix="Write --runner ray.",
            )  # fmt: skip
        return nullcontext()
    from tunefork.runner import RayRunner

    return RayRunner(address, most=workers, **_settings(given))


def follows() -> bool:
    """Whether this process was started by torchrun to follow another one; if so, it has done that, and is to end.

    Raises:
        LostError: the other one is gone.
    """
    seat = _seat()
    if seat is None or seat.rank == 0:
        return False
    from tunefork.runner import follow_leader

    follow_leader(seat)
    return True


def _seat() -> Seat | None:
    """This process's place among those that torchrun has started; None where it was not."""
    if "WORLD_SIZE" not in os.environ or "RANK" not in os.environ:
        return None
    from tunefork.runner import Seat

    return Seat.read(os.environ)


def _launched(seat: Seat, text: str | None, workers: int | None) -> AbstractContextManager[Runner]:
    from tunefork.errors import ConfigError
    from tunefork.runner import LaunchedRunner

    if text is not None or workers is not None:
        raise ConfigError(
            "Processes that were started together train each group together", where="--runner" if text else "--workers",
            found=f"{text or workers}, and {seat.size} processes (WORLD_SIZE)",
            fix="Leave it out, or start the command without torchrun.",
        )  # fmt: skip
    return LaunchedRunner(seat)


def _data_parallel(given: str, address: str | None, workers: int | None) -> AbstractContextManager[Runner]:
    from tunefork.errors import ConfigError
    from tunefork.runner import DataParallelRunner

    if address is not None or workers is not None or (given and not given.isdigit()):
        raise ConfigError(
            "The runner data-parallel takes a number of processes, and trains one group at a time", where="--runner",
            found=f"--workers {workers}" if workers else address or repr(given), fix="Write --runner data-parallel:2.",
        )  # fmt: skip
    return DataParallelRunner(int(given) if given else None)


def runner_places(text: str | None, address: str | None = None, workers: int | None = None) -> Places | None:
    """What the runner that was asked for has room for now; None where that is measured on this machine.

    Raises:
        ConfigError: there is no such runner, or it has no such setting.
        RunnerError: nothing answers at the address.
    """
    with runner_option(text, address, workers) as runner:
        return None if runner is None else runner.places()


def _settings(text: str) -> dict[str, Any]:
    """``threads=2,gpus=0.5`` as numbers.

    >>> _settings("threads=2,gpus=0.5")
    {'threads': 2, 'gpus': 0.5}
    """
    from tunefork.errors import ConfigError

    found: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            found[name] = NUMBERS[name](value)
        except (KeyError, ValueError):
            raise ConfigError(
                "The runner ray takes threads and gpus", where="--runner", found=repr(part),
                fix="Write --runner ray:threads=2,gpus=0.5.",
            ) from None  # fmt: skip
    return found

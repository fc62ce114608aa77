"""``--runner`` and ``--address``: where groups train."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tunefork.runner import Places, Runner

RunnerName = Annotated[
    str | None,
    typer.Option(
        "--runner",
        help="Where groups train: local (unless given), or ray; ray:threads=2,gpus=0.5 says what a worker asks for.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Of the Ray cluster: HOST:PORT or auto; one of this machine alone unless given."),
]
NUMBERS = {"threads": int, "gpus": float}


def runner_option(
    text: str | None, address: str | None = None, workers: int | None = None
) -> AbstractContextManager[Runner | None]:
    """The runner that was asked for, as a context that ends what it has started; None stands for the usual one.

    Raises:
        ConfigError: there is no such runner, or it has no such setting.
    """
    from tunefork.errors import ConfigError, did_you_mean

    name, _, given = (text or "local").partition(":")
    if name not in ("local", "ray"):
        raise ConfigError(f"There is no runner '{name}'", where="--runner", fix=did_you_mean(name, ["local", "ray"]))
    if name == "local":
        if address is not None or given:
            raise ConfigError(
                "Only the runner ray has settings and an address", where="--runner", found=address or given,
                fix="Write --runner ray.",
            )  # fmt: skip
        return nullcontext()
    from tunefork.runner import RayRunner

    return RayRunner(address, most=workers, **_settings(given))


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

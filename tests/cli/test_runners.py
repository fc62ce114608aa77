"""``--runner`` and ``--address``."""

from __future__ import annotations

import pytest

from tunefork.cli.runners import runner_option, runner_places
from tunefork.errors import ConfigError
from tunefork.runner import Places, RayRunner


def test_the_usual_runner_is_none() -> None:
    for text in (None, "local"):
        with runner_option(text) as runner:
            assert runner is None


def test_settings_and_address_reach_the_runner() -> None:
    runner = runner_option("ray:threads=2,gpus=0.5", "10.0.0.1:6379", 3)  # connected when it is entered
    assert isinstance(runner, RayRunner)
    assert (runner._threads, runner._gpus, runner._address, runner._most) == (2, 0.5, "10.0.0.1:6379", 3)


@pytest.mark.parametrize(
    ("text", "address", "told"),
    [
        ("rai", None, "There is no runner 'rai' (--runner). Did you mean 'ray'?"),
        (None, "auto", "Only the runner ray has settings and an address (--runner). Found: auto."),
        ("local:threads=2", None, "Only the runner ray has settings and an address (--runner). Found: threads=2."),
        ("ray:gpu=1", None, "The runner ray takes threads and gpus (--runner). Found: 'gpu=1'."),
        ("ray:threads=many", None, "The runner ray takes threads and gpus (--runner). Found: 'threads=many'."),
        ("ray:threads=0", None, "A worker has at least one thread"),
        ("ray:gpus=1.5", None, "and a part of a GPU or a whole number of them"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str | None, address: str | None, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        runner_option(text, address)
    assert told in str(caught.value)


def test_what_there_is_room_for_is_asked_of_the_runner_which_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr(RayRunner, "__enter__", lambda self: self)
    monkeypatch.setattr(RayRunner, "close", lambda self: closed.append(self))
    monkeypatch.setattr(RayRunner, "places", lambda self: Places(self._most or 7, self._threads or 1))
    assert runner_places(None) is None
    assert runner_places("local", workers=2) is None
    assert runner_places("ray:threads=2", "10.0.0.1:6379", 3) == Places(3, 2)
    assert len(closed) == 1

"""``--runner`` and ``--address``."""

from __future__ import annotations

import pytest

from tunefork.cli.runners import follows, runner_option, runner_places
from tunefork.errors import ConfigError
from tunefork.runner import DataParallelRunner, LaunchedRunner, Places, RayRunner


def test_the_usual_runner_is_none() -> None:
    for text in (None, "local"):
        with runner_option(text) as runner:
            assert runner is None


def test_settings_and_address_reach_the_runner() -> None:
    runner = runner_option("ray:threads=2,gpus=0.5", "10.0.0.1:6379", 3)  # connected when it is entered
    assert isinstance(runner, RayRunner)
    assert (runner._threads, runner._gpus, runner._address, runner._most) == (2, 0.5, "10.0.0.1:6379", 3)


def test_a_number_of_processes_reaches_the_runner() -> None:
    runner = runner_option("data-parallel:3")
    assert isinstance(runner, DataParallelRunner)
    assert runner.processes == 3


def test_under_torchrun_the_first_process_leads_and_asks_for_no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not follows()
    with runner_option(None) as runner:
        assert runner is None, "one process is nothing to divide among"
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with runner_option(None) as runner:
        assert runner is None, "nobody says where the others are"
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    assert not follows()
    launched = runner_option(None)
    assert isinstance(launched, LaunchedRunner)
    places = launched.places()
    assert places is not None
    assert (places.groups, places.share) == (1, 2)
    with pytest.raises(ConfigError, match=r"were started together .*--runner\). Found: ray, and 2 processes"):
        runner_option("ray")
    with pytest.raises(ConfigError, match=r"--workers\). Found: 4, and 2 processes"):
        runner_option(None, workers=4)


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
        ("data-parallel:two", None, "The runner data-parallel takes a number of processes, and trains one group"),
        ("data-parallel:1", None, "A group is divided among two processes or more"),
        ("data-paralel", None, "There is no runner 'data-paralel' (--runner). Did you mean 'data-parallel'?"),
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

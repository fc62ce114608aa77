"""A hub that cannot be reached is not waited for."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from huggingface_hub import constants

from tunefork import network
from tunefork.data.hub import read_hub
from tunefork.errors import ModelNotFoundError, ReadError
from tunefork.models import load_config
from tunefork.network import hub_if_reachable, reachable


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A machine without a network, on which nobody said so; whom it tries to reach."""
    found: list[Any] = []

    def refused(address: Any, timeout: float) -> socket.socket:
        found.append(address)
        raise OSError(-2, "Name or service not known")

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.example")
    monkeypatch.setattr(network.socket, "create_connection", refused)
    monkeypatch.setattr(network, "_found", {})
    return found


def test_within_it_caches_are_all_there_is(knocks: list[Any]) -> None:
    with hub_if_reachable():
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE
    assert knocks == [("hub.example", 443)]


def test_a_hub_that_answers_is_asked(knocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    monkeypatch.undo()
    with listening:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with hub_if_reachable():
            assert not constants.HF_HUB_OFFLINE


def test_an_answer_is_believed_for_a_minute(knocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert [reachable("https://hub.example") for _ in range(3)] == [False] * 3
    assert len(knocks) == 1
    monkeypatch.setattr(network.time, "monotonic", lambda: 1e9)
    assert not reachable("https://hub.example")
    assert len(knocks) == 2


def test_a_proxy_may_know_the_way(knocks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert reachable("https://hub.example")
    assert knocks == []


def test_models_and_rows_out_of_reach_are_told_at_once(knocks: list[Any]) -> None:
    began = time.monotonic()
    with pytest.raises(ModelNotFoundError, match="The model 'somebody/else' cannot be loaded"):
        load_config("somebody/else")
    pytest.importorskip("datasets")
    with pytest.raises(ReadError, match="The data set 'somebody/rows' cannot be loaded"):
        read_hub("hub:somebody/rows")
    assert time.monotonic() - began < 10
    assert knocks == [("hub.example", 443)]

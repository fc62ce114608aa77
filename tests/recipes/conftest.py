"""The network out of reach, and reference models that are small."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tunefork.models import builtin, load

SMALL = {
    **{"dim": 64, "hidden_dim": 64, "n_layers": 2, "n_heads": 2},
    **{"n_embd": 64, "n_layer": 2, "n_head": 2},
    **{"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
}
"""Sizes, whatever an architecture calls them."""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever asks for a machine of another name, or wants to talk to one, fails, and so does the test."""
    asked: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        asked.append(arguments)
        raise OSError("no network in this test")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert asked == []


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference models' configs with two narrow blocks: as they are otherwise, and quickly timed."""

    def small(name: str) -> dict[str, Any] | None:
        known = builtin.shipped_config(name)
        return known and {key: SMALL.get(key, value) for key, value in known.items()}

    monkeypatch.setattr(load, "shipped_config", small)

"""A Ray cluster of this machine, for all tests that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tunefork.runner import RayRunner


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayRunner]:
    """Two CPUs; its workers stay from test to test."""
    ray = pytest.importorskip("ray")
    with RayRunner(cores=2, memory=200 * 2**20) as runner:
        yield runner
    assert not ray.is_initialized()

"""What happens when a cluster of this machine alone ends; without Ray."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tunefork.runner.cluster.cluster import Cluster
from tunefork.store.machine import sweep


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users")
def test_a_place_of_somebody_else_s_does_not_spoil_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"tunefork-{os.getuid()}").symlink_to(tmp_path / "theirs")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(PermissionError, match="is not a folder of this user alone"):
        sweep()
    ended: list[str] = []
    cluster: Any = object.__new__(Cluster)
    cluster.ray = SimpleNamespace(is_initialized=lambda: True, shutdown=lambda: ended.append("cluster"))
    cluster._started, cluster._session = True, SimpleNamespace(end=lambda: ended.append("session"))
    cluster.close()
    assert ended == ["cluster", "session"]
    cluster.close()
    assert ended == ["cluster", "session"], "once"


@pytest.mark.parametrize(
    ("gpus", "groups"), [(0, 16), (0.25, 16), (0.3, 12), (0.4, 8), (0.5, 8), (0.6, 4), (1, 4), (2, 2), (3, 1)]
)
def test_a_part_of_a_gpu_lies_on_one(gpus: float, groups: int) -> None:
    """As Ray has it: what two GPUs have left is not put together."""
    machines = [
        {"Alive": True, "Resources": {"CPU": 16.0, "GPU": 4.0}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    cluster: Any = object.__new__(Cluster)
    cluster.ray = SimpleNamespace(nodes=lambda: machines)
    assert cluster.places(1, gpus).groups == groups

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

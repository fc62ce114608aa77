"""A cluster whose nodes come and go: whoever joins gets work, and the work of whoever goes is done by the others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.test_ray import alone, compare, prepared  # noqa: F401
from tunefork.store import MemoryStore, SqliteStore, Store

pytest.importorskip("ray")


@pytest.mark.slow
def test_nodes_that_join_get_work_and_one_that_goes_costs_no_bit(alone: Store, tmp_path: Path) -> None:  # noqa: F811
    done = subprocess.run(
        [sys.executable, "-m", "tests.runner.nodes", str(tmp_path / "out"), "0"],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["waited"][0] == "waiting for the cluster: no machine has room for a group (1 CPU) yet"
    assert all(re.match(r"goes on from step \d+ of 10|begins anew", text) for text in found["told"])
    assert (found["nodes"], found["statuses"]) == (2, ["done"])
    # a worker that is to take its place may be sent to the dead machine, and die there before it has a group
    assert sum(bool(group) for group, _, _ in found["buried"]) == 1, found["buried"]
    assert all(stranded for _, stranded, _ in found["buried"]), found["buried"]
    assert found["addresses"] == ["127.0.0.1"]
    runs, _, _ = prepared(MemoryStore(tmp_path / "names"))
    compare(SqliteStore.open(tmp_path / "out"), alone, runs)

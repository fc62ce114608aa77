"""kill -9 at any moment: the study goes on and ends with the very bits of one that nobody disturbed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

POINTS = int(os.environ.get("TUNEFORK_KILL_POINTS", "20"))
SEED = int(os.environ.get("TUNEFORK_KILL_SEED", "0"))


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * POINTS)
def test_a_study_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    command = ["-m", "tests.faults.killing", "--points", str(POINTS), "--seed", str(SEED), "--work", str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout, done.stderr
    texts, images, *points = [json.loads(line) for line in done.stdout.splitlines()]
    assert texts["moments"] > 2000, "there is much to be hit"
    assert images["moments"] > 500
    assert [each["different"] for each in points] == [[]] * POINTS, done.stderr[-2000:]
    killed = sum(each["statuses"].count(-9) for each in points)
    assert killed >= 0.8 * POINTS

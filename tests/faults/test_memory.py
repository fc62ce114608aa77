"""Memory that really runs out: a limit on the address space of a process that trains a group."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, resource, sys
from pathlib import Path
from tests.runner.contract import RunnerContract, Told, planned
from tests.tiny import encoded
from dataclasses import replace
from tunefork.engine import Rows
from tunefork.runner import LocalRunner
from tunefork.store import MemoryStore

class Contract(RunnerContract):
    def make_runner(self): return LocalRunner()

store = MemoryStore(Path(sys.argv[1]))
runs = [planned(f"lora:rank={rank},targets=query+value+mlp") for rank in range(2, 10)]
training = runs[0].config.training.model_copy(update={"batch_size": 128, "epochs": 2, "steps": None})
runs = [replace(run, config=run.config.model_copy(update={"training": training}), steps=4) for run in runs]
plan, job = Contract().prepare(store, runs, groups=[tuple(range(8))])
job = replace(job, rows=Rows(encoded(range(256)), encoded(range(256, 272)), encoded(range(272, 290)), 0))
warm = [planned("lora:rank=2")]
warm_store = MemoryStore(Path(sys.argv[1]) / "warm")
LocalRunner().execute(*Contract().prepare(warm_store, warm), warm_store, Told())
used = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmSize"))) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]) * 2**20, resource.RLIM_INFINITY))
LocalRunner().execute(plan, job, store, Told())
records = store.runs()
print(json.dumps([[record.status, record.reason, record.notices] for record in records]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS and /proc are Linux's")
@pytest.mark.parametrize("room", [30, 60])
def test_a_group_that_does_not_fit_is_split_until_it_does(room: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(room)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [status for status, _, _ in found] == ["done"] * 8
    split = [notice for _, _, notices in found for notice in notices if notice.startswith("memory ran out with ")]
    assert "memory ran out with 8 runs in one pass: they were trained in two" in split

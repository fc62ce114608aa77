"""A team's end: nothing of it lives on in the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner.test_launched import environment

ALONE = """
import sys
from pathlib import Path

from tunefork.runner.team import Seat, Team


def threads():
    return sum("gloo" in path.read_text() for path in Path("/proc/self/task").glob("*/comm"))


team = Team(Seat(0, 1, 0, 1, Path(sys.argv[1])))
before = threads()
team.dismiss()
print(before > 0, threads())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_thread_of_a_team_that_was_sent_home_is_left_for_the_interpreters_end(tmp_path: Path) -> None:
    """One that still held a tensor ended the process with SIGABRT, once in some dozens of studies."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "meeting")],
        env=environment(), capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "True 0\n"), done.stderr

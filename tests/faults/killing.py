"""Kills studies with SIGKILL at seeded moments, resumes them as often as needed, and compares what comes out.

    python -m tests.faults.killing --points 20 --seed 0 --work DIR

Moments are counted in writes: whenever the study flushes or renames a file, commits to a database, writes tensors or
removes something, the process may end before or behind it. The process forks for each study (with one thread, before
anything computes), so that libraries are loaded once. Frozen prefixes lie in files. One point in four is of the study
of images. Prints one JSON line for each point, and what differed.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.faults.small_study import STUDIES, outcome, prepare

MOST = 12
"""Sittings after which a study must have ended."""


class Moments:
    """Counts writes and ends the process at one of them."""

    def __init__(self, last: float, count_file: Path) -> None:
        self.seen, self._last, self._file = 0, last, count_file

    def __call__(self) -> None:
        self.seen += 1
        if self.seen == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        """Make a call two moments: before it and behind it."""
        plain: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            self()
            found = plain(*arguments, **named)
            self()
            return found

        setattr(owner, name, watched)

    def install(self) -> None:
        """Watch everything that changes files."""
        import tunefork.engine.artefacts
        import tunefork.engine.pausing
        from tunefork.engine import PrefixCache
        from tunefork.store.database import Database

        keep_in_files = functools.partialmethod(PrefixCache.__init__, memory=0)
        PrefixCache.__init__ = keep_in_files  # type: ignore[method-assign, assignment]

        for name in ("fsync", "replace", "rename", "unlink", "link"):
            self.around(os, name)
        self.around(os, "posix_fallocate")  # files of frozen prefixes
        self.around(tempfile, "TemporaryFile")
        self.around(shutil, "rmtree")
        for module in (tunefork.engine.artefacts, tunefork.engine.pausing):
            self.around(module, "save_file")
        moments, plain = self, Database._connect

        def connect(database: Database, read_only: bool) -> sqlite3.Connection:
            made = plain(database, read_only)
            made.set_trace_callback(lambda text: moments() if text in ("COMMIT", "BEGIN IMMEDIATE") else None)
            return made

        Database._connect = connect  # type: ignore[method-assign]

    def keep(self) -> None:
        """Tell how many there were."""
        self._file.write_text(str(self.seen))


def sitting(made: Path, name: str, out: Path, last: float = 0) -> int:
    """One sitting of a study in a process of its own; its exit status, negative for a signal."""
    counted = made / f"moments-{name}"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)
            moments = Moments(last, counted)
            moments.install()
            STUDIES[name](made).run(out, progress=False, workers=1)
            moments.keep()
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def point(made: Path, name: str, out: Path, moments: list[int]) -> dict[str, Any]:
    """Kill at these moments, one in each sitting, then let it end."""
    statuses = []
    for last in [*moments, *[0] * MOST]:
        statuses.append(sitting(made, name, out, last))
        if statuses[-1] == 0:
            return {"statuses": statuses, "outcome": outcome(out)}
    return {"statuses": statuses, "outcome": None}


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where two outcomes differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = sorted(expected.keys() | found.keys())
        return [each for key in keys for each in differences(expected.get(key), found.get(key), f"{path}/{key}")]
    return [] if expected == found else [f"{path}: {str(expected)[:200]} became {str(found)[:200]}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    work = options.work.resolve()
    made = work / "made"
    made.mkdir(parents=True, exist_ok=True)
    os.environ["TUNEFORK_CACHE"] = str(work / "cache")  # measured once: choices by time are the same everywhere
    child = os.fork()  # models are made with torch, and whoever forks must not have computed
    if child == 0:
        prepare(made)
        os._exit(0)
    os.waitpid(child, 0)
    expected, totals = {}, {}
    for name in STUDIES:
        for sat in ("warm", "reference"):  # the first one measures
            if sitting(made, name, work / f"{name}-{sat}"):
                return 1
        expected[name], totals[name] = outcome(work / f"{name}-reference"), int((made / f"moments-{name}").read_text())
        print(json.dumps({"study": name, "moments": totals[name], "runs": len(expected[name]["runs"])}), flush=True)
    draw, wrong = random.Random(options.seed), 0
    for number in range(options.points):
        name = "images" if number % 4 == 3 else "texts"
        wanted = [draw.randint(1, totals[name])]
        for _ in range(draw.choice((0, 0, 1, 2))):  # later sittings have less to do
            wanted.append(draw.randint(1, max(40, totals[name] - wanted[-1])))
        found = point(made, name, work / f"point-{number}", wanted)
        told = differences(expected[name], found["outcome"]) if found["outcome"] else ["it did not end"]
        wrong += bool(told)
        line = {"study": name, "moments": wanted, "statuses": found["statuses"], "different": told[:6]}
        print(json.dumps(line), flush=True)
        if not told:
            shutil.rmtree(work / f"point-{number}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

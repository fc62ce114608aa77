"""``tunefork serve`` as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

WORDS = re.compile(r"serving on http://127\.0\.0\.1:(\d+);")


@contextmanager
def serving(*words: object) -> Iterator[int]:
    """Its port; it is ended in the end, and must go quietly."""
    command = [sys.executable, "-c", "from tunefork.cli import main; main()", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if found := WORDS.search(line):
                yield int(found[1])
                break
        else:
            raise AssertionError("".join(said))
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        assert "Traceback" not in rest, rest
        assert process.returncode == 0, (process.returncode, rest)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def megabytes(port: int) -> float:
    """Memory of the process that listens on a port, its own part of what is shared included."""
    (pid,) = {each.pid for each in psutil.net_connections("tcp") if each.laddr.port == port and each.status == "LISTEN"}
    return float(psutil.Process(pid or 0).memory_full_info().pss / 2**20)

"""tunefork ui: its address, its token, its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.page.made import finished
from tunefork.page.finding import identity

TOKEN = "correct-horse-battery"


def begin(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    code = "from tunefork.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "ui", "--no-open", "--port", "0", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    finished(tmp_path / "one").close()
    with begin(str(tmp_path), TUNEFORK_TOKEN=TOKEN) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = r"(http://127\.0\.0\.1:\d+/\?token=.*)"
        match = re.fullmatch(rf"Studies below {re.escape(str(tmp_path.resolve()))}: {address}\n", said)
        assert match, said
        yield process, match[1]
        process.kill()


def test_whoever_has_the_address_may_ask_and_nobody_else(page: tuple[subprocess.Popen[str], str]) -> None:
    _, address = page
    plain = address.partition("?")[0]
    assert httpx.get(f"{plain}api/studies").status_code == 401
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(address).url == plain  # the token is in a cookie, and no longer in the address
        assert [each["name"] for each in browser.get(f"{plain}api/studies").json()["studies"]] == ["sst2-ablation"]


def test_it_ends_at_once_although_somebody_watches(page: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    process, address = page
    headers = {"authorization": f"Bearer {TOKEN}"}
    stream = f"{address.partition('?')[0]}api/studies/{identity(tmp_path.resolve() / 'one')}/events"
    with httpx.stream("GET", stream, headers=headers, timeout=20) as answer:
        lines = answer.iter_lines()  # kept: without it the reader would be gone
        assert next(lines) == "event: whole"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert time.monotonic() - began < 4
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nowhere"], 1, "There is no such folder (nowhere). Name the folder that holds your studies."),
        ([".", "--host", "0.0.0.0"], 2, "Other machines can reach this address, and anybody on them could ask"),
        ([".", "--token", "short"], 2, "A token has 16 characters or more"),
        ([".", "--host", "no.such.host.invalid", "--token", TOKEN], 2, "There is no such host"),
    ],
)
def test_what_it_refuses(arguments: list[str], status: int, message: str) -> None:
    process = begin(*arguments)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, message in said) == (status, True), said

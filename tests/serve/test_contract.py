"""Whatever OpenAPI allows is answered, whatever it forbids is refused: by schemathesis, which makes up requests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.export.test_formats import model_folder
from tests.serve.fleets import trained
from tests.serve.servers import serving
from tunefork import LoRA, Results

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def server(
    intents: Results, others: dict[str, Path], digit_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """One that reads texts, pairs and pictures, and wants a token."""
    root = tmp_path_factory.mktemp("serve-contract")
    trained(model_folder("vit", root / "vit"), root / "digits", [LoRA(rank=4)], train=digit_folder)
    with serving(intents.folder, *others.values(), root / "digits", "--token", TOKEN) as port:
        yield port


@pytest.mark.slow
def test_openapi_is_kept(server: int, tmp_path: Path) -> None:
    """All checks, in all phases: given examples, the edges of every field, made up requests, sequences of them."""
    address = f"http://127.0.0.1:{server}/openapi.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", address, "-H", f"Authorization: Bearer {TOKEN}",
        "--max-examples", "150", "--seed", "1", "--no-color",
    ]  # fmt: skip
    here = str(Path(__file__).parents[2])
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.serve.schemathesis_formats", "PYTHONPATH": here}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=500, cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert "No issues found" in done.stdout, done.stdout[-3000:]

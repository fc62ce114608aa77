"""Proof ladder, step 6: tests that cannot fail prove nothing. Each mistake of ``tests.mutations`` must be found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tunefork
from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parent.parent
PACKAGE = Path(tunefork.__file__).parent


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_the_mistake_stands_where_the_package_has_it_right(mutation: Mutation) -> None:
    assert (PACKAGE / mutation.file).read_text(encoding="utf-8").count(mutation.right) == 1
    file, _, expression = mutation.test.partition("::")
    assert (ROOT / file).is_file()
    assert expression


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_the_mistake_is_found(mutation: Mutation, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "src" / "tunefork", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "src" / "tunefork" / mutation.file
    source.write_text(source.read_text(encoding="utf-8").replace(mutation.right, mutation.wrong), encoding="utf-8")
    file, _, expression = mutation.test.partition("::")
    path = os.pathsep.join([str(tmp_path / "src"), str(ROOT)])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider", file, "-k", expression],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, f"{mutation.name} was not found by {mutation.test}:\n{run.stdout[-2000:]}"
    assert " failed" in run.stdout

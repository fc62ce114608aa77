"""The arrows of the architecture: each line imports only from lines below it, never sideways."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tunefork

SOURCE = Path(tunefork.__file__).parent
LAYERS = (
    ("__main__",),
    ("cli", "estimator"),
    ("page",),
    ("study",),
    ("export", "serve"),
    ("predictor",),
    ("report", "demo", "recipes", "search", "smoke", "doctor", "trackers"),
    ("runner",),
    ("engine",),
    ("strategies", "baselines", "spectra"),
    ("models", "data", "plan", "store", "metrics"),
    ("study_file",),
    ("config", "counts", "uncertainty", "yaml_lines", "study_problems", "preflight"),
    ("web",),
    ("errors", "problem", "network", "_version"),
)
RANK = {name: rank for rank, layer in enumerate(reversed(LAYERS)) for name in layer}


def imports(path: Path) -> set[str]:
    """The parts of tunefork that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        found |= {name.split(".")[1] for name in names if name.startswith("tunefork.")}
    return found


def files() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py"]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_from_below(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for other in imports(path) - {part}:
        assert RANK[other] < RANK[part], f"{path.name} in {part} imports {other}, which is not below it"


@pytest.mark.parametrize(
    "part",
    [
        "tunefork",
        "tunefork.config",
        "tunefork.study_file",
        "tunefork.plan",
        "tunefork.store",
        "tunefork.metrics",
        "tunefork.report",
        "tunefork.data",
        "tunefork.cli",
        "tunefork.page.app",
    ],
)
def test_torch_is_not_imported_by(part: str) -> None:
    code = f"import {part}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert not [path for path in files() if path.stem in {"utils", "util", "helpers", "helper", "common", "misc"}]


def test_files_are_small() -> None:
    assert [path.name for path in files() if len(path.read_text(encoding="utf-8").splitlines()) > 310] == []


def test_public_names_are_sorted_and_there() -> None:
    assert tunefork.__all__ == sorted(tunefork.__all__, key=str)
    for name in tunefork.__all__:
        assert getattr(tunefork, name) is not None

"""A folder of class folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.images.making import content, picture

Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Make:
    """Makes a folder of class folders: ``folder({"cat": 3, "dog": 2})``; other files by name and bytes."""

    def make(classes: dict[str, int], files: dict[str, bytes] | None = None, name: str = "photos") -> Path:
        root, number = tmp_path / name, 0
        for label, count in classes.items():
            (root / label).mkdir(parents=True, exist_ok=True)
            for each in range(count):
                (root / label / f"{each}.png").write_bytes(content(picture(number)))
                number += 1
        for path, data in (files or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        return root

    return make

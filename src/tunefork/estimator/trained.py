"""A trained model as the files that it is saved in: pickling it carries plain bytes, and no folder has to stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tunefork.errors import StoreError
from tunefork.store.whole import MANIFEST

if TYPE_CHECKING:
    from tunefork.predictor import Predictor

LEFT = (MANIFEST, "predictions.parquet")
"""Files of a run that are no part of its model."""


class Trained:
    """The files of a model, and the model once somebody asked for it.

    An adapter's files are small, and its base model is loaded by its name; all others hold the whole model.

    Args:
        files: path in the folder → content.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self._predictor: Predictor | None = None

    @classmethod
    def read(cls, folder: Path) -> Trained:
        """The model in a folder."""
        found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in LEFT)
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in found})

    def write(self, folder: Path) -> None:
        """Write the model to a folder, which is made where it is missing."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @property
    def predictor(self) -> Predictor:
        """The model, ready to predict; loaded when first asked for."""
        if self._predictor is None:
            from tunefork.predictor import load_model

            with TemporaryDirectory(prefix="tunefork-", ignore_cleanup_errors=True) as folder:
                self.write(Path(folder))
                self._predictor = load_model(folder)
        return self._predictor

    def __getstate__(self) -> dict[str, dict[str, bytes]]:
        return {"files": self.files}

    def __setstate__(self, state: Mapping[str, Mapping[str, bytes]]) -> None:
        self.__init__(state["files"])  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"Trained({len(self.files)} files, {sum(map(len, self.files.values())) / 2**20:.1f} MiB)"


def check_empty(folder: Path) -> None:
    """Refuse to write among other files.

    Raises:
        StoreError: the folder is there already and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError("The folder is not empty", where=str(folder), fix="Choose another folder, or empty it.")

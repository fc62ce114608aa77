"""What a study keeps of its test rows, so that a report can show more of them than their ids."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from tunefork.store import Store


@dataclass(frozen=True)
class Copy:
    """A small copy of a row; both are empty where none was kept."""

    text: str = ""
    """The beginning of its text, one line per part."""
    picture: str = ""
    """A data URI."""


class Copies:
    """The copies of a study."""

    def __init__(self, store: Store) -> None:
        self._texts, self._pictures = store.excerpts(), store.thumbnails()

    def of(self, row: str) -> Copy:
        """The copy of the row with this id."""
        picture = self._pictures.get(row)
        uri = "" if picture is None else f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        return Copy(self._texts.get(row, ""), uri)

"""Formats of tunefork's OpenAPI: how schemathesis makes up texts that can be seen, and pictures."""

from __future__ import annotations

import base64
import io

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tunefork.data.blanks import blank, encodable


def _picture(size: tuple[int, int]) -> str:
    content = io.BytesIO()
    Image.new("RGB", size, (9, 90, 200)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


VISIBLE = st.text(min_size=1).filter(lambda text: not blank(text) and encodable(text))
schemathesis.openapi.format("visible-text", VISIBLE)
schemathesis.openapi.format("picture", st.tuples(st.integers(1, 40), st.integers(1, 40)).map(_picture))

"""Whatever OpenAPI allows is answered, whatever it forbids is refused: by schemathesis, which makes up requests."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import strategies as st
from PIL import Image

from tests.export.test_formats import model_folder
from tests.serve.fleets import trained
from tests.serve.servers import serving
from tunefork import LoRA, Results
from tunefork.data.blanks import blank, encodable

TOKEN = "correct-horse-battery"


def _picture(size: tuple[int, int]) -> str:
    content = io.BytesIO()
    Image.new("RGB", size, (9, 90, 200)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


schemathesis.openapi.format(
    "visible-text", st.text(min_size=1).filter(lambda text: not blank(text) and encodable(text))
)
schemathesis.openapi.format("picture", st.tuples(st.integers(1, 40), st.integers(1, 40)).map(_picture))


@pytest.fixture(scope="module")
def server(
    intents: Results, others: dict[str, Path], digit_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """One that reads texts, pairs and pictures, and wants a token."""
    root = tmp_path_factory.mktemp("serve-contract")
    trained(model_folder("vit", root / "vit"), root / "digits", [LoRA(rank=4)], train=digit_folder)
    with serving(intents.folder, *others.values(), root / "digits", "--token", TOKEN) as port:
        yield port


@pytest.fixture
def api(server: int) -> object:
    return schemathesis.openapi.from_url(
        f"http://127.0.0.1:{server}/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}
    )

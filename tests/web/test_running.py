from __future__ import annotations

import pytest

from tunefork.errors import MissingExtraError
from tunefork.web import check_installed, running


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed("The page")
    monkeypatch.setattr(running, "find_spec", lambda name: None if name == "uvicorn" else "there")
    with pytest.raises(MissingExtraError) as caught:
        check_installed("The page")
    assert str(caught.value) == (
        "The page needs the package uvicorn, which is not installed. Run: pip install 'tunefork[serve]'"
    )

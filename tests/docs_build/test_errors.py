"""The page on troubleshooting: every error has a cause, a remedy and a message that was really said."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from docs_build.error_messages import raised
from docs_build.error_reference import classes, told

import tunefork
from docs_build import error_reference
from tests.docs_build.provoked import PROVOKED
from tunefork.errors import StoreError, TuneforkError

OPTIONAL = ("ray", "fastapi", "optuna", "kornia", "tensorboard", "mlflow", "nltk", "onnx")


def every() -> set[type[TuneforkError]]:
    """Every class of error in the package, wherever it is written."""
    for module in pkgutil.walk_packages(tunefork.__path__, "tunefork."):
        if module.name.endswith(".worker") or "errors" not in module.name:
            continue
        importlib.import_module(module.name)
    found, waiting = {TuneforkError}, [TuneforkError]
    while waiting:
        below = waiting.pop().__subclasses__()
        found |= set(below)
        waiting += below
    return {each for each in found if each.__module__.startswith("tunefork")}


def test_every_error_is_on_the_page_with_cause_and_remedy() -> None:
    page = error_reference.page()
    assert {each.__name__ for each in classes()} == {each.__name__ for each in every()}
    for each in classes():
        one, section = told(each), page.partition(f"\n## {each.__name__}\n")[2].partition("\n## ")[0]
        assert f"**Why.** {error_reference.escaped(one.cause)}" in section
        assert f"**What to do.** {error_reference.escaped(one.remedy)}" in section
        assert f"\n{one.example}\n```" in section
        assert f"[`{each.__name__}`](#{each.__name__.lower()})" in page


def test_no_error_is_written_outside_the_errors() -> None:
    source = Path(tunefork.__file__).parent
    names = {each.__name__ for each in every()}
    outside = [
        line
        for path in source.rglob("*.py")
        if path.parent.name != "errors"
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("class ") and any(f"({name}" in line or f", {name})" in line for name in names)
    ]
    assert outside == []


def test_every_error_has_been_provoked() -> None:
    assert set(PROVOKED) == {each.__name__ for each in every()}


@pytest.mark.parametrize("name", PROVOKED)
def test_an_example_is_what_is_said(
    name: str, tmp_path: Path, tiny_folder: Path, messages_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny").symlink_to(tiny_folder)
    (tmp_path / "messages.csv").symlink_to(messages_csv)
    monkeypatch.chdir(tmp_path)
    error = next(each for each in classes() if each.__name__ == name)
    with pytest.raises(error) as caught:
        PROVOKED[name]()
    assert str(caught.value).replace(f"{tmp_path}/", "") == told(error).example
    if name not in ("TuneforkError", "ModelError"):  # of which only others are raised
        assert type(caught.value) is error


def test_an_error_that_does_not_say_what_to_do_is_refused() -> None:
    class Silent(StoreError):
        """A folder that says nothing.

        Cause: It is silent.
        """

    with pytest.raises(ValueError, match="Silent does not say its Remedy and Example"):
        told(Silent)


def test_what_is_said_is_read_from_the_source() -> None:
    found = raised()
    assert found["LeakageError"] == {"… … in both … and …": ["data/leakage.py"]}
    assert found["BusyError"]["Another process is at work in this folder"] == ["store/lease.py"]
    assert "The study has no '…'" in found["StudyFileError"]
    assert len(found["ConfigError"]) > 60
    page = error_reference.page()
    assert "- The folder holds another study <small>study/folders.py</small>" in page
    assert "- lora has no setting" not in page
    assert "- … has no setting '…' <small>" in page

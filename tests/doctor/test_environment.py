"""This machine, as the doctor sees it."""

from __future__ import annotations

from importlib import metadata

import pytest
import torch

from tunefork.doctor import Finding, environment
from tunefork.doctor import environment as looked_at


def told(found: list[Finding]) -> str:
    return "\n".join(f"{each.level} {each}" for each in found)


def test_a_machine_in_order_has_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    found = environment()
    assert not [each for each in found if each.level == "wrong"], told(found)
    text = told(found)
    assert f"torch {metadata.version('torch')}" in text
    assert "ok Python 3." in text
    assert "GiB free in " in text
    assert "device: " in text


def test_an_old_package_is_told_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = metadata.version

    def version(name: str) -> str:
        if name == "kornia":
            raise metadata.PackageNotFoundError(name)
        return {"transformers": "4.57.0"}.get(name) or plain(name)

    module = __import__("tunefork.doctor.environment", fromlist=["version"])
    monkeypatch.setattr(module, "version", version)
    found = environment()
    (wrong,) = [each for each in found if each.level == "wrong"]
    assert str(wrong) == ("transformers 4.57.0 is installed, and >=5.20 is needed. pip install 'transformers>=5.20'")
    assert "notice kornia not installed. Where needed: pip install 'tunefork[images]'" in told(found)


def test_threads_beyond_the_cores_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    found = [each for each in environment() if "64 threads" in each.what]
    assert found[0].level == "wrong"
    assert "export OMP_NUM_THREADS=" in found[0].fix


def test_settings_that_hold_the_processor_back_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert "notice the environment holds the processor back: ONEDNN_MAX_CPU_ISA=AVX2" in told(looked_at())

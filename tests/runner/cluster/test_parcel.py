"""A job by value, its pictures apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runner.contract import RUNS, RunnerContract, planned
from tunefork.data.images.pixels import PixelStore
from tunefork.runner.cluster.parcel import pack, unpack
from tunefork.runner.cluster.versions import differences, versions
from tunefork.store import MemoryStore


@pytest.mark.parametrize("memory", [2**20, 0], ids=["in memory", "in a file"])
def test_pictures_travel_once_with_their_content(memory: int, tmp_path: Path) -> None:
    _, job = RunnerContract().prepare(MemoryStore(tmp_path), [planned(RUNS[1])])
    with PixelStore(memory, tmp_path) as pictures:
        for number in range(3):
            pictures.add(np.full((2, 2, 3), number, np.uint8))
    pixels = pictures.close()
    twice: Any = {"train": pixels, "test": pixels}
    parcel = pack(replace(job, facts=twice))
    assert [array.tolist() for array in parcel.pictures] == [pixels.array.tolist()]
    assert pixels.path is None or str(pixels.path).encode() not in parcel.content
    found = unpack(parcel)
    assert found.facts["train"] is found.facts["test"]
    assert found.facts["train"].take(np.array([2, 0])).tolist() == pixels.take(np.array([2, 0])).tolist()
    assert found.selections.keys() == job.selections.keys()


def test_versions_that_differ_are_named() -> None:
    here = versions()
    assert here["tunefork"] == "0.1.0"
    assert differences(here, here) == []
    assert differences(here, {**here, "torch": "1.0"}) == [f"torch is 1.0 there and {here['torch']} here"]
    assert differences({"peft": "0.21"}, {}) == ["peft is None there and 0.21 here"]

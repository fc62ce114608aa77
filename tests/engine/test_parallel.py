"""Several processes that train a group in lockstep ≡ one, in fp64 to 1e-9, whatever divides unevenly."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.digest import digest
from tests.engine.lockstep import CASES, FP64, train
from tests.engine.recording import Kept
from tests.engine.test_fused_groups import run_of
from tests.tiny import rows_for, tiny_backbone
from tunefork.engine import Rows, Training, assemble
from tunefork.engine.members import Members
from tunefork.engine.parallel import Alone
from tunefork.engine.part import Part, dealt
from tunefork.engine.randomness import Draws, RunDropout
from tunefork.errors import UnsupportedModelError
from tunefork.strategies import select

QUICK = ("text", "one row", "full", "images")
"""Cases that are trained in every test run; the others are slow only because there are many."""


def together(folder: Path, size: int, names: tuple[str, ...]) -> list[dict[str, dict[str, Any]]]:
    """What each of so many processes has in the end, by case."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    if sys.platform.startswith("linux"):
        environment["GLOO_SOCKET_IFNAME"] = "lo"
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.engine.lockstep", str(folder), str(rank), str(size), *names],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(size)
    ]  # fmt: skip
    for each in started:
        _, told = each.communicate(timeout=300)
        assert each.returncode == 0, told
    kept = ("failures", *names)
    return [{name: pickle.loads((folder / f"{name}-{rank}").read_bytes()) for name in kept} for rank in range(size)]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    return together(tmp_path_factory.mktemp("two"), 2, QUICK)


@pytest.fixture(scope="module")
def all_by_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    return together(tmp_path_factory.mktemp("all"), 2, tuple(CASES))


@pytest.fixture(scope="module")
def by_three(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    return together(tmp_path_factory.mktemp("three"), 3, ("text", "one row", "images"))


def compare(name: str, processes: list[dict[str, dict[str, Any]]]) -> None:
    """One process against the first of several, and all of these among themselves, to the bit."""
    leader = processes[0][name]
    expected = train(CASES[name])
    assert leader["ends"] == expected["ends"]
    read = [number for number, end in enumerate(expected["ends"]) if end[0] == "done"]
    assert read
    for number in read:
        for key, tensor in expected["weights"][number].items():
            torch.testing.assert_close(leader["weights"][number][key], tensor, rtol=1e-9, atol=1e-9)
        assert leader["losses"][number] == pytest.approx(expected["losses"][number], rel=1e-9)
        for ours, theirs in zip(leader["found"][number], expected["found"][number], strict=True):
            assert ours[:2] == theirs[:2]
            assert ours[2] == pytest.approx(theirs[2], rel=1e-6)  # of answers in fp32
            np.testing.assert_allclose(ours[3], theirs[3], rtol=2e-7, atol=1e-9)
        np.testing.assert_allclose(leader["logits"][number], expected["logits"][number], rtol=2e-7, atol=1e-9)
    for other in processes[1:]:
        for ours, theirs in zip(leader["weights"], other[name]["weights"]):
            for key, tensor in ours.items():
                assert digest(tensor.numpy().tobytes()) == digest(theirs[key].numpy().tobytes())
        assert other[name]["ends"] == leader["ends"]


@pytest.mark.parametrize("name", QUICK)
def test_two_processes_equal_one(name: str, two: list[dict[str, dict[str, Any]]]) -> None:
    compare(name, two)


def test_an_error_of_one_process_is_an_error_of_all(two: list[dict[str, dict[str, Any]]]) -> None:
    """Each stops where the other does, with its reason; then both go on."""
    first, second = (each["failures"] for each in two)
    assert first == {
        "no room": ("MemoryError", "process 2 of 2: MemoryError: no room", [2.0, 4.0]),
        "strange": ("PartnerError", "Process 2 of 2 failed. Found: ValueError: strange.", [2.0, 4.0]),
        "None": ("", "", [2.0, 4.0, 6.0]),
    }
    assert second["no room"] == ("MemoryError", "no room", [2.0, 4.0])
    assert second["strange"] == ("ValueError", "strange", [2.0, 4.0])
    assert second["None"] == first["None"]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES))
def test_two_processes_equal_one_in_every_case(name: str, all_by_two: list[dict[str, dict[str, Any]]]) -> None:
    compare(name, all_by_two)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "one row", "images"])
def test_three_processes_equal_one(name: str, by_three: list[dict[str, dict[str, Any]]]) -> None:
    """Of batches of 3, 4 and 5 rows, at times a process has none."""
    compare(name, by_three)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_each_row_is_computed_by_one_process(size: int) -> None:
    """Of two runs with four rows each; of five processes one has none."""
    whole = SimpleNamespace(rows=np.array([[7, 3, 9, 1], [2, 8, 4, 6]]))
    parts = [dealt(whole, rank, size) for rank in range(size)]  # type: ignore[arg-type]
    assert [len(part[0]) for part in parts] == [len(range(rank, 4, size)) for rank in range(size)]
    for run, rows in enumerate(whole.rows):
        assert sorted(np.concatenate([part[run] for part in parts])) == sorted(rows)


def test_a_mask_is_the_own_part_of_the_whole() -> None:
    members = Members(2)
    draws = Draws([0, 1], members)
    dropout = RunDropout([0.5, 0.25], draws, "here").train()
    draws.lengths = (6, 4)
    members.tokens, members.width = (6, 4), 10
    whole = dropout(torch.ones(1, 10, 3))[0]
    draws.part = Part(np.array([1]), 2, (6, 4), (3, 2), (np.array([3, 4, 5]), np.array([1, 3])))
    members.tokens, members.width = (3, 2), 5
    assert torch.equal(dropout(torch.ones(1, 5, 3))[0], whole[[3, 4, 5, 7, 9]])
    draws.part = None
    pooled = dropout(torch.ones(4, 3))
    draws.part = Part(np.array([1]), 2, (6, 4), (3, 2), (np.array([3, 4, 5]), np.array([1, 3])))
    assert torch.equal(dropout(torch.ones(2, 3)), pooled[[1, 3]])


class Pair(Alone):
    """One of two processes, before it meets the other."""

    size = 2


@pytest.mark.parametrize(
    ("kind", "run", "training", "said"),
    [
        ("bert", "full:learning_rate=1e-3", {"backbone_dropout": "as_pretrained"}, "keeps the backbone's own dropout"),
        ("deberta-v2", "lora:rank=2,dropout=0.1,learning_rate=1e-3", {}, "drops inputs of deberta-v2's linears"),
    ],
)
def test_what_would_be_drawn_in_another_way_is_refused(
    kind: str, run: str, training: dict[str, Any], said: str
) -> None:
    backbone, config = tiny_backbone(kind), run_of(run, **training)
    group = assemble(backbone, [config], [select(config.strategy, backbone.anatomy, backbone.model)], FP64)
    rows = Rows(rows_for(kind, range(20)), None, None, 0)
    with pytest.raises(
        UnsupportedModelError, match=f"{said}.* several processes would draw it in another way than one"
    ):
        Training(group, [config], rows, Kept(), devices=Pair())

"""A training that is cut off goes on from its newest whole checkpoint, with the very bits of one that was not."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.digest import digest
from tests.engine.recording import Kept
from tests.engine.test_pausing import BF16, FP64, GROUPS, run_of
from tests.tiny import rows_for, tiny_backbone
from tunefork.config import RunConfig
from tunefork.engine import Checkpoints, GroupModel, Outcome, Precision, Rows, Training, ask, assemble, stopping, wanted
from tunefork.errors import StoppedError
from tunefork.models import Backbone
from tunefork.strategies import select


class Cut(Kept):
    """An observer that ends the training behind a step, as a power cut would."""

    def __init__(self, last: int | None = None) -> None:
        super().__init__()
        self.last = last

    def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
        super().advance(runs, step, steps)
        if step == self.last:
            raise KeyboardInterrupt


def train(
    backbone: Backbone,
    runs: Sequence[RunConfig],
    precision: Precision,
    kept: Kept,
    checkpoints: Checkpoints | None = None,
) -> tuple[GroupModel, list[Outcome]]:
    selections = [select(run.strategy, backbone.anatomy, backbone.model) for run in runs]
    group = assemble(backbone, runs, selections, precision)
    parts = [rows_for(backbone.name, part) for part in (range(90), range(90, 120), range(120, 150))]
    return group, Training(group, runs, Rows(*parts, 0), kept, checkpoints=checkpoints).run()


def same(one: tuple[GroupModel, list[Outcome]], other: tuple[GroupModel, list[Outcome]]) -> None:
    for number in range(one[0].runs):
        expected, found = one[0].tensors(number), other[0].tensors(number)
        assert expected.keys() == found.keys()
        for name, tensor in expected.items():
            assert torch.equal(tensor.view(torch.uint8), found[name].view(torch.uint8)), name  # NaN too
    for first, second in zip(one[1], other[1]):
        assert (first.status, first.reason, first.steps, first.best_step, first.converged, first.stopped_early) == (
            second.status, second.reason, second.steps, second.best_step, second.converged, second.stopped_early
        )  # fmt: skip
        assert first.notices == second.notices


STOPS = {"metric": "loss", "patience": 1, "min_delta": 100.0}
MORE = {
    **GROUPS,
    "one that stops early and one that diverges": [
        run_of("lora:rank=4,learning_rate=1e-2,dropout=0.1", seed=0),
        run_of("lora:rank=2,learning_rate=1e-2", seed=1, early_stopping=STOPS),
        run_of("lora:rank=2,learning_rate=1e38", seed=2, max_grad_norm=0),
    ],
}


@pytest.mark.parametrize("cut", [3, 12, 19])
@pytest.mark.parametrize("runs", MORE.values(), ids=MORE)
@pytest.mark.parametrize("precision", [FP64, BF16], ids=["fp64", "bf16"])
def test_a_training_that_was_cut_off_has_the_very_bits_of_one_that_was_not(
    runs: list[RunConfig], precision: Precision, cut: int, tmp_path: Path
) -> None:
    backbone, whole = tiny_backbone("bert", dropout=0.1), Kept()
    expected = train(backbone, runs, precision, whole)
    first, second = Cut(cut), Kept()
    with pytest.raises(KeyboardInterrupt):
        train(backbone, runs, precision, first, Checkpoints(tmp_path / "c", steps=2))
    found = train(backbone, runs, precision, second, Checkpoints(tmp_path / "c", steps=2))
    same(expected, found)
    assert second.advanced[0] == cut - (cut - 1) % 2  # behind the newest checkpoint, which is kept behind even steps

    def told(*parts: Kept) -> tuple[dict[object, object], dict[object, object]]:
        """As a store has it: what is told again takes the place of what was told before."""
        steps = {(each.run, each.step): (each.loss, each.learning_rate) for kept in parts for each in kept.steps}
        scores = {
            (each.run, each.split, each.step): (each.loss, digest(answers.logits.tobytes()))
            for kept in parts
            for each, answers in kept.evaluations
        }
        return steps, scores

    assert repr(told(first, second)) == repr(told(whole)) or told(first, second) == told(whole)


@pytest.mark.parametrize("cut", [3, 12])
def test_with_random_changes_of_images_too(cut: int, tmp_path: Path) -> None:
    backbone, whole = tiny_backbone("vit", dropout=0.1), Kept()
    augment = "flip+crop+color+randaugment+mixup"
    runs = [
        run_of("lora:rank=4,learning_rate=1e-2,dropout=0.1", seed=0, augment=augment),
        run_of("lora:rank=2,learning_rate=1e-2", seed=1, augment=augment),
    ]
    expected = train(backbone, runs, BF16, whole)
    with pytest.raises(KeyboardInterrupt):
        train(backbone, runs, BF16, Cut(cut), Checkpoints(tmp_path / "c", steps=2))
    again = Kept()
    same(expected, train(backbone, runs, BF16, again, Checkpoints(tmp_path / "c", steps=2)))
    assert again.advanced[0] == cut - (cut - 1) % 2
    losses = {each.step: each.loss for each in whole.steps if each.run == runs[0].id}
    assert len(set(losses.values())) > 3
    assert {each.step: each.loss for each in again.steps if each.run == runs[0].id}.items() <= losses.items()


def test_keeping_checkpoints_changes_no_bit(tmp_path: Path) -> None:
    backbone = tiny_backbone("bert", dropout=0.1)
    for number, runs in enumerate(GROUPS.values()):
        plain = train(backbone, runs, BF16, Kept())
        same(plain, train(backbone, runs, BF16, Kept(), Checkpoints(tmp_path / str(number), steps=1)))


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "one byte short":
        path.write_bytes(content[:-1])
    elif how == "longer":
        path.write_bytes(content + b"\0")
    else:
        place = {"first bit": 0, "middle bit": len(content) // 2, "last bit": len(content) - 1}[how]
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))


WAYS = ("missing", "empty", "truncated", "one byte short", "longer", "first bit", "middle bit", "last bit")
FILES = ("run-0.safetensors", "run-2.safetensors", "group.json", "manifest.json")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("file", FILES)
def test_whatever_happens_to_a_file_no_damaged_checkpoint_is_loaded(file: str, how: str, tmp_path: Path) -> None:
    backbone, runs = tiny_backbone("bert", dropout=0.1), GROUPS["adapters and a head"]
    folder = tmp_path / "c"
    with pytest.raises(KeyboardInterrupt):
        train(backbone, runs, FP64, Cut(11), Checkpoints(folder, steps=2))
    assert sorted(path.name for path in folder.iterdir()) == ["000000008", "000000010"]
    if file == "manifest.json" and how in ("longer", "last bit", "middle bit", "first bit"):
        damaged(folder / "000000010" / file, "truncated" if how == "longer" else how)
    else:
        damaged(folder / "000000010" / file, how)
    checkpoints = Checkpoints(folder, steps=2)
    snapshot = checkpoints.newest()
    assert snapshot is not None
    assert snapshot.step == 8
    assert list(snapshot.runs) == [run.id for run in runs]
    assert (folder / "quarantine").is_dir()
    assert len(checkpoints.notices) == 1
    assert checkpoints.notices[0].startswith("a checkpoint was damaged and is not used (")
    damaged(folder / "000000008" / "run-1.safetensors", "middle bit")
    assert Checkpoints(folder).newest() is None


def test_half_written_folders_are_swept_and_only_two_stay(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    backbone, runs = tiny_backbone("bert"), GROUPS["last layer"]
    train(backbone, runs, FP64, Kept(), Checkpoints(folder, steps=3))
    assert sorted(path.name for path in folder.iterdir()) == ["000000015", "000000018"]
    (folder / ".staged-000000021-99").mkdir()
    (folder / ".staged-000000021-99" / "run-0.safetensors").write_bytes(b"half")
    snapshot = Checkpoints(folder).newest()
    assert snapshot is not None
    assert snapshot.step == 18
    assert sorted(path.name for path in folder.iterdir()) == ["000000015", "000000018"]


def test_who_is_asked_to_stop_finishes_the_step_and_keeps_it(tmp_path: Path) -> None:
    class Asking(Kept):
        def advance(self, runs: tuple[str, ...], step: int, steps: int) -> None:
            super().advance(runs, step, steps)
            if step == 7:
                os.kill(os.getpid(), signal.SIGTERM)

    backbone, runs = tiny_backbone("bert", dropout=0.1), GROUPS["adapters and a head"]
    expected, kept = train(backbone, runs, FP64, Kept()), Asking()
    with pytest.raises(StoppedError) as caught, stopping():
        train(backbone, runs, FP64, kept, Checkpoints(tmp_path / "c"))
    assert caught.value.exit_status == 128 + signal.SIGTERM
    assert kept.advanced[-1] == 7
    assert wanted() is None
    again = Kept()
    same(expected, train(backbone, runs, FP64, again, Checkpoints(tmp_path / "c")))
    assert again.advanced[0] == 8


def test_a_signal_in_the_middle_of_a_checkpoint_leaves_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone, runs = tiny_backbone("bert", dropout=0.1), GROUPS["adapters and a head"]
    expected, flushed, plain = train(backbone, runs, FP64, Kept()), [0], os.fsync

    def fsync(file: int) -> None:
        flushed[0] += 1
        if flushed[0] == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        plain(file)

    monkeypatch.setattr(os, "fsync", fsync)
    kept = Kept()
    with pytest.raises(StoppedError), stopping():
        train(backbone, runs, FP64, kept, Checkpoints(tmp_path / "c", steps=4))
    monkeypatch.undo()
    # the checkpoint is written to its end; the next step is finished and kept, too
    assert (tmp_path / "c" / "000000004").is_dir()
    newest = Checkpoints(tmp_path / "c").newest()
    assert newest is not None
    assert newest.step == kept.advanced[-1] in (4, 5)
    again = Kept()
    same(expected, train(backbone, runs, FP64, again, Checkpoints(tmp_path / "c", steps=4)))
    assert again.advanced[0] == newest.step + 1


def test_time_decides_when_no_number_of_steps_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("tunefork.engine.checkpoint.time.monotonic", lambda: now[0])
    checkpoints = Checkpoints(tmp_path, seconds=60)
    assert not checkpoints.due(5)
    now[0] += 59.9
    assert not checkpoints.due(6)
    now[0] += 0.2
    assert checkpoints.due(7)


def test_a_wish_that_nobody_heard_is_raised_where_its_context_ends() -> None:
    with pytest.raises(StoppedError) as caught, stopping():
        ask(signal.SIGINT)
    assert caught.value.signal == signal.SIGINT
    assert wanted() is None


def test_a_wish_that_is_taken_back_is_not() -> None:
    with stopping():
        ask(signal.SIGINT)
        assert wanted() == signal.SIGINT
        ask(None)
    assert wanted() is None


def test_another_exception_goes_before_a_wish() -> None:
    def broken() -> None:
        ask(signal.SIGINT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), stopping():
        broken()
    assert wanted() is None

"""Workers of one machine share what frozen blocks give: computed once, the same bits, whoever dies over it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from tests.engine.test_stages import ROWS, build
from tests.tiny import encoded, rows_for, tiny_backbone
from tunefork.data import EncodedSplit
from tunefork.engine import GroupModel, PrefixCache, SharedStates
from tunefork.engine.packing import Packed
from tunefork.engine.shared_states import Table
from tunefork.store.machine import alone

pytest.importorskip("fcntl")
BACKBONE = tiny_backbone("bert", dtype=torch.float64)
SPLIT = encoded(range(24))


def sharing(folder: Path, split: EncodedSplit = SPLIT, disk: int = 10**9, spare: int = 0) -> PrefixCache:
    """The cache of one more worker."""
    return PrefixCache(shared=SharedStates(folder, {"train": split}, 1, disk, spare))


def counting(strategy: str, cache: PrefixCache) -> tuple[GroupModel, list[int]]:
    """A group, and the blocks that have run in it."""
    group, calls = build(BACKBONE, [strategy], cache), list[int]()
    for number, name in enumerate(BACKBONE.anatomy.blocks):
        group.model.get_submodule(name).attention.register_forward_hook(lambda *_, number=number: calls.append(number))
    return group, calls


def hidden(group: GroupModel, split: EncodedSplit = SPLIT) -> torch.Tensor:
    found = group.batch(split, ROWS, 0).hidden
    assert found is not None
    return found


@pytest.mark.parametrize(("strategy", "blocks"), [("head", [0, 1]), ("last_layers", [0])])
def test_the_second_worker_computes_nothing_and_has_the_same_bits(
    strategy: str, blocks: list[int], tmp_path: Path
) -> None:
    own = hidden(build(BACKBONE, [strategy], PrefixCache()))
    first, ran = counting(strategy, sharing(tmp_path))
    assert torch.equal(hidden(first), own)
    assert ran == blocks
    second, ran = counting(strategy, sharing(tmp_path))
    assert torch.equal(hidden(second), own)
    assert ran == []
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("kind", ["vit", "dinov2", "gpt2"])
@pytest.mark.parametrize("strategy", ["head", "last_layers"])
def test_so_it_is_for_every_kind_of_model(kind: str, strategy: str, tmp_path: Path) -> None:
    backbone, split = tiny_backbone(kind, dtype=torch.float64), rows_for(kind, range(24))
    own = hidden(build(backbone, [strategy], PrefixCache()), split)
    for _ in range(2):
        assert torch.equal(hidden(build(backbone, [strategy], sharing(tmp_path, split)), split), own)


def test_two_that_need_it_at_the_same_time_compute_it_once(tmp_path: Path) -> None:
    groups = [counting("head", sharing(tmp_path)) for _ in range(2)]
    found: dict[int, torch.Tensor] = {}
    begin = threading.Barrier(2)

    def work(number: int) -> None:
        begin.wait()
        found[number] = hidden(groups[number][0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert torch.equal(found[0], found[1])
    assert sorted(ran for _, ran in groups) == [[], [0, 1]]


def test_who_dies_over_it_leaves_nothing_broken(tmp_path: Path) -> None:
    class Killed(BaseException):
        """As far as files go, what SIGKILL leaves."""

    def die(*_: object) -> None:
        raise Killed

    split = encoded(range(80))  # two passes: the second one dies
    cache = sharing(tmp_path, split)
    group = build(BACKBONE, ["last_layers"], cache)
    block, passes = group.model.get_submodule(BACKBONE.anatomy.blocks[0]), list[int]()
    block.register_forward_pre_hook(lambda *_: die() if passes else passes.append(1))
    with pytest.raises(Killed):
        group.batch(split, ROWS, 0)
    (part,) = tmp_path.glob("*.part")
    assert not list(tmp_path.glob("*.states"))
    part.write_bytes(b"rubbish" * 10_000)
    own = hidden(build(BACKBONE, ["last_layers"], PrefixCache()), split)
    assert torch.equal(hidden(build(BACKBONE, ["last_layers"], sharing(tmp_path, split)), split), own)
    assert len(list(tmp_path.glob("*.states"))) == 1


SIZE = int(SPLIT.lengths.sum()) * 32 * 8


@pytest.mark.parametrize(
    ("disk", "spare", "shared"),
    [(SIZE + 4096, 0, True), (SIZE + 4095, 0, False), (10**9, 10**18, False)],
    ids=["it just fits", "over the limit", "the disk is nearly full"],
)
def test_what_has_no_room_is_each_worker_s_own(disk: int, spare: int, shared: bool, tmp_path: Path) -> None:
    own = hidden(build(BACKBONE, ["last_layers"], PrefixCache()))
    group, ran = counting("last_layers", sharing(tmp_path, disk=disk, spare=spare))
    assert torch.equal(hidden(group), own)
    assert len(list(tmp_path.glob("*.states"))) == shared
    again, ran = counting("last_layers", sharing(tmp_path, disk=disk, spare=spare))
    assert torch.equal(hidden(again), own)
    assert (ran == []) == shared


def test_rows_that_are_nobody_else_s_are_kept_apart(tmp_path: Path) -> None:
    some = SPLIT.take(ROWS[0])
    group = build(BACKBONE, ["head"], sharing(tmp_path))
    batch = group.batch(some, [ROWS[0] % len(some)], 0)
    assert isinstance(batch, Packed)
    assert batch.hidden is not None
    assert list(tmp_path.iterdir()) == []


def test_what_another_has_computed_of_fewer_blocks_is_a_beginning(tmp_path: Path) -> None:
    hidden(build(BACKBONE, ["last_layers"], sharing(tmp_path)))
    own = hidden(build(BACKBONE, ["head"], PrefixCache()))
    group, ran = counting("head", sharing(tmp_path))
    assert torch.equal(hidden(group), own)
    assert ran == [1]


def test_a_table_is_not_published_while_another_worker_counts_what_is_there(tmp_path: Path) -> None:
    shared, kind = SharedStates(tmp_path, {"train": SPLIT}, 1, spare=0), torch.float32
    room = shared.room(SPLIT, 1, kind, (4, 2))
    assert room is not None
    table = Table(room.fill_(7), pooled=False)
    publishing = threading.Thread(target=shared.publish, args=(SPLIT, 1, kind, table))
    with alone(tmp_path / "room"):
        publishing.start()
        publishing.join(0.3)
        assert publishing.is_alive()
    publishing.join(60)
    found = shared.read(SPLIT, 1, kind)
    assert found is not None
    assert (found.states.tolist(), found.pooled) == ([[7, 7]] * 4, False)

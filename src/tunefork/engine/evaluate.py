"""Evaluation: the logits of K runs over a split."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tunefork.data import EncodedSplit
from tunefork.engine.group_model import GroupModel
from tunefork.engine.parallel import ALONE, Devices


def evaluate(
    group: GroupModel, split: EncodedSplit, batch_size: int, pad_id: int, devices: Devices = ALONE
) -> NDArray[np.float32]:
    """Logits of every run that takes part, for every row of the split: [K, N, classes] in fp32, in the split's order.

    Rows of similar length share a batch, so little is padded. Dropout is off. Of several processes each takes every
    ``size``-th batch: the same batches as of one, and so the same rounding.
    """
    if devices.size > 1:
        return _divided(group, split, batch_size, pad_id, devices)
    runs = len(group.members.active)
    by_length = np.argsort(-split.lengths, kind="stable")
    found: NDArray[np.float32] | None = None
    for at in range(0, len(by_length), batch_size):
        rows = by_length[at : at + batch_size]
        batch = group.batch(split, [rows] * runs, pad_id)
        logits = group.evaluate_logits(batch).numpy()
        if found is None:
            found = np.empty((runs, len(by_length), logits.shape[-1]), dtype=np.float32)
        found[:, batch.rows[0]] = logits
    assert found is not None, "a split has at least one row"
    return found


def _divided(
    group: GroupModel, split: EncodedSplit, batch_size: int, pad_id: int, devices: Devices
) -> NDArray[np.float32]:
    runs = len(group.members.active)
    group.train(False)
    group.settle()  # also where this process has no batch: all are to hold the same bits
    by_length = np.argsort(-split.lengths, kind="stable")
    found = torch.zeros(runs, len(by_length), group.model.config.num_labels)
    for at in range(devices.rank * batch_size, len(by_length), devices.size * batch_size):
        batch = group.batch(split, [by_length[at : at + batch_size]] * runs, pad_id)
        found[:, torch.from_numpy(batch.rows[0])] = group.evaluate_logits(batch)
    devices.meet([])
    found = found.to(group.precision.device)
    devices.sum([found])
    return np.asarray(found.cpu().numpy())

"""The training loss of K runs where rows have several labels, or a number.

Several labels: binary cross-entropy, the mean over labels, as torch's ``BCEWithLogitsLoss(pos_weight=w)`` has it. A row
contributes 1/C Σ_c [w_c y_c softplus(−z_c) + (1 − y_c) softplus(z_c)]; with label smoothing ε, y is (1 − ε) y + ε / 2.

Numbers: the squared error, in units of the training labels' deviation, so that neither clipping nor the size of a step
depends on whether prices are told in euros or in thousands of them. What is recorded is in the labels' unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tunefork.config import TrainingConfig
from tunefork.engine.losses import ClassLoss, Loss
from tunefork.engine.unit import Unit
from tunefork.problem import Labels, problem_of


def loss_of(
    runs: Sequence[TrainingConfig],
    labels: Labels,
    names: Sequence[str],
    unit: Unit,
    device: torch.device,
    dtype: torch.dtype,
) -> Loss:
    """The loss of a group, by what its labels are.

    Args:
        runs: the settings of the group's runs, in its order.
        labels: of the training rows.
        names: of the classes or labels.
        unit: of numbers.
        device: where logits are.
        dtype: of logits.
    """
    problem = problem_of(labels)
    if problem == "multi_label":
        return LabelLoss(runs, labels, names, device, dtype)
    return NumberLoss(unit) if problem == "regression" else ClassLoss(runs, labels, names, device, dtype)


def positive_weights(
    training: TrainingConfig, labels: NDArray[np.integer], names: Sequence[str]
) -> NDArray[np.float64]:
    """[C] what a row that has a label counts beside one that has not.

    ``auto`` is the number of rows without it divided by those with it, so that both sides weigh alike; a label that is
    on in no row or in all of them counts 1. Labels that a mapping does not name count 1.

    >>> labels = np.array([[1, 0], [0, 0], [0, 0], [0, 1]])
    >>> positive_weights(TrainingConfig(class_weights="auto"), labels, ("a", "b")).tolist()
    [3.0, 3.0]
    """
    wanted = training.class_weights
    if wanted is None:
        return np.ones(len(names))
    if wanted == "auto":
        having = labels.sum(axis=0).astype(np.float64)
        lacking = len(labels) - having
        known = (having > 0) & (lacking > 0)
        return np.asarray(np.divide(lacking, having, out=np.ones(len(names)), where=known), dtype=np.float64)
    given = dict(wanted)
    return np.array([given.get(name, 1.0) for name in names])


class LabelLoss(Loss):
    """Any number of labels of a row: binary cross-entropy.

    Args:
        runs: the settings of the runs, in the group's order.
        labels: [N, C] of 0 and 1, of the training rows.
        names: of the labels.
        device: where logits are.
        dtype: of logits.
    """

    def __init__(
        self,
        runs: Sequence[TrainingConfig],
        labels: NDArray[np.integer],
        names: Sequence[str],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        weights = np.stack([positive_weights(run, labels, names) for run in runs])
        self._weights = torch.from_numpy(weights).to(dtype).to(device)
        self._smoothing = torch.tensor([run.label_smoothing for run in runs], dtype=dtype, device=device)

    def rows(self, logits: torch.Tensor, labels: torch.Tensor, active: Sequence[int]) -> torch.Tensor:
        """[k, n] binary cross-entropy of each row, of logits and labels [k, n, C]."""
        own = list(active)
        smoothing = self._smoothing[own][:, None, None]
        wanted = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        weights = self._weights[own][:, None].expand_as(logits)
        return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none", pos_weight=weights).mean(dim=-1)


class NumberLoss(Loss):
    """A number of a row: the squared error.

    Args:
        unit: in which the model answers.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.reported = unit.scale**2

    def rows(self, logits: torch.Tensor, labels: torch.Tensor, active: Sequence[int]) -> torch.Tensor:
        """[k, n] squared error of each row, of answers [k, n, 1] and labels [k, n]."""
        return (logits[..., 0] - self._unit.inward(labels).to(logits.dtype)).square()

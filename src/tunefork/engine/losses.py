"""The training loss of K runs.

Of classes it is cross-entropy with each run's own class weights and label smoothing. As
``torch.nn.functional.cross_entropy(weight=w, label_smoothing=ε)`` has it: a row with label y contributes

    (1 − ε) · w_y · (−log p_y) + ε / C · Σ_c w_c · (−log p_c)

and the mean is the sum over rows divided by the sum of their w_y, here over all rows of an optimizer step, so that
accumulation changes nothing. Without weights that is the mean over rows. Losses of several labels and of numbers stand
in ``label_losses``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tunefork.config import TrainingConfig
from tunefork.engine.group_model import Batch
from tunefork.engine.pictures import Pictures


def weights_of(training: TrainingConfig, labels: NDArray[np.integer], names: Sequence[str]) -> NDArray[np.float64]:
    """[C] what a row of each class counts.

    ``auto`` is scikit-learn's "balanced": rows / (classes · rows of the class), over the classes that have rows; one
    without any counts 0. Labels that a mapping does not name count 1.

    Args:
        training: the run's settings.
        labels: [N] class numbers of the training rows.
        names: of the C classes; a study has checked that a mapping names no other.

    >>> weights_of(TrainingConfig(class_weights="auto"), np.array([0, 0, 0, 1]), ("ham", "spam")).round(2).tolist()
    [0.67, 2.0]
    """
    wanted = training.class_weights
    found = np.ones(len(names))
    if wanted == "auto":
        from sklearn.utils.class_weight import compute_class_weight

        present = np.unique(labels)
        found = np.zeros(len(names))
        found[present] = compute_class_weight("balanced", classes=present, y=labels)
    elif wanted is not None:
        given = dict(wanted)
        found = np.array([given.get(name, 1.0) for name in names])
    return found


class Loss(ABC):
    """What the runs of a group minimise."""

    reported = 1.0
    """What recorded losses are multiplied by, where training computes in another unit than the labels'."""

    def of(self, logits: torch.Tensor, batch: Batch, active: Sequence[int]) -> torch.Tensor:
        """[k, n] what each row of a batch contributes; of mixed images, both labels by their shares (Zhang et al. 2018,
        section 2)."""
        own = self.rows(logits, batch.labels, active)
        if not isinstance(batch, Pictures) or batch.mixed is None:
            return own
        others, shares = batch.mixed
        return torch.lerp(self.rows(logits, others, active), own, shares.to(logits.dtype))

    @abstractmethod
    def rows(self, logits: torch.Tensor, labels: torch.Tensor, active: Sequence[int]) -> torch.Tensor:
        """[k, n] what each row contributes, of logits [k, n, C] of the runs ``active`` and labels [k, n, …]."""

    def totals(self, rows: Sequence[NDArray[np.integer]], active: Sequence[int]) -> torch.Tensor | int:
        """[k] what the contributions of an optimizer step are divided by; their number unless rows weigh differently.

        Args:
            rows: for each of the runs ``active``, the numbers of all rows of the step.
        """
        return len(rows[0])


class ClassLoss(Loss):
    """One of several classes: cross-entropy.

    Args:
        runs: their settings, in the group's order.
        labels: [N] class numbers of the training rows.
        names: of the classes.
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
        self._plain = not any(run.class_weights or run.label_smoothing for run in runs)
        if self._plain:
            return
        weights = np.stack([weights_of(run, labels, names) for run in runs])
        self._of_rows: NDArray[np.float64] = weights[:, labels]
        self._weights = torch.from_numpy(weights).to(dtype).to(device)
        self._smoothing = torch.tensor([run.label_smoothing for run in runs], dtype=dtype, device=device)[:, None]
        self._smooths = any(run.label_smoothing for run in runs)

    def rows(self, logits: torch.Tensor, labels: torch.Tensor, active: Sequence[int]) -> torch.Tensor:
        """[k, n] cross-entropy of each row, of logits [k, n, C] of the runs ``active`` and labels [k, n]."""
        if self._plain:
            return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels)
        own = list(active)
        weights = self._weights[own]
        logs = -torch.log_softmax(logits, dim=-1)
        right = logs.gather(-1, labels[..., None]).squeeze(-1) * weights.gather(-1, labels)
        if not self._smooths:
            return right
        spread = (logs * weights[:, None]).sum(dim=-1) / logits.shape[-1]
        return torch.lerp(right, spread, self._smoothing[own])

    def totals(self, rows: Sequence[NDArray[np.integer]], active: Sequence[int]) -> torch.Tensor | int:
        """[k] the weights of an optimizer step's rows, or their number.

        Images that are mixed in pairs leave it as it is, since each batch is mixed with itself.
        """
        if self._plain:
            return len(rows[0])
        found = [self._of_rows[run, each].sum() for run, each in zip(active, rows)]
        return torch.tensor(found, dtype=self._weights.dtype, device=self._weights.device)

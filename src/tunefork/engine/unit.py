"""The unit in which a model answers with numbers while it trains.

A head begins near 0 and moves by its learning rate at every step: it would need thousands of steps to answer with
prices of 300,000. So while a model trains, its answer z stands for ``mean + scale · z``, with the mean and deviation of
the training labels. What is saved answers in the labels' own unit: the last linear of the head becomes ``scale · W``
and ``scale · b + mean``, so transformers gives prices. A linear without bias has nowhere to put the mean, which then is
0, and the scale their root mean square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from tunefork.models import Backbone, is_linear, weight_in_out
from tunefork.problem import Labels, problem_of

Numbers = TypeVar("Numbers", NDArray[np.float32], NDArray[np.float64], torch.Tensor)


@dataclass(frozen=True)
class Unit:
    """What an answer stands for: ``mean + scale · z``. Of classes and labels the logit itself.

    >>> Unit(100.0, 10.0).outward(np.array([[0.5]], dtype=np.float32)).tolist()
    [[105.0]]
    """

    mean: float = 0.0
    scale: float = 1.0
    output: str = ""
    """The path of the linear that answers."""
    begun: bool = False
    """Whether the weights that training begins with answer in the labels' own unit: they were a regression before."""

    @property
    def plain(self) -> bool:
        """Whether answers stand for themselves."""
        return self.mean == 0.0 and self.scale == 1.0

    def outward(self, answers: Numbers) -> Numbers:
        """Answers in the labels' unit."""
        return answers if self.plain else answers * self.scale + self.mean

    def inward(self, labels: Numbers) -> Numbers:
        """Labels in the model's unit."""
        return labels if self.plain else (labels - self.mean) / self.scale

    def folded(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A run's weights, by name, that answer in the labels' unit."""
        return self._changed(tensors, self.scale, self.mean)

    def unfolded(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A run's weights, by name, that answer in the model's unit, of such that answer in the labels'."""
        return self._changed(tensors, 1 / self.scale, -self.mean / self.scale)

    def _changed(self, tensors: Mapping[str, torch.Tensor], factor: float, more: float) -> dict[str, torch.Tensor]:
        found = dict(tensors)
        if self.plain:
            return found
        for name, tensor in tensors.items():
            place = name.removeprefix("base_model.model.").replace(".modules_to_save.default", "")  # as PEFT calls it
            if place == f"{self.output}.weight":
                found[name] = tensor * factor
            elif place == f"{self.output}.bias":
                found[name] = tensor * factor + more
        return found


PLAIN = Unit()


def unit_of(backbone: Backbone, labels: Labels) -> Unit:
    """The unit of training labels: of numbers their mean and deviation, else none.

    Args:
        backbone: the model, with the head that will answer.
        labels: of the training rows.
    """
    if problem_of(labels) != "regression":
        return PLAIN
    name = output_linear(backbone)
    biased = getattr(backbone.model.get_submodule(name), "bias", None) is not None
    mean = float(labels.mean()) if biased else 0.0
    scale = float(np.sqrt(np.square(labels - mean).mean())) or 1.0
    return Unit(mean, scale, name, f"{name}.weight" not in backbone.fresh)


def output_linear(backbone: Backbone) -> str:
    """The path of the last linear of the head, which gives the logits."""
    outputs = backbone.model.config.num_labels
    found = [
        name
        for path in backbone.anatomy.head
        for name, module in backbone.model.get_submodule(path).named_modules(prefix=path)
        if is_linear(module) and weight_in_out(module).shape[1] == outputs
    ]
    return str(found[-1])

"""RunConfig: one configuration with one seed, resolved; equal values are one run."""

from __future__ import annotations

from functools import cached_property

from tunefork.config.strategies import AnyStrategy
from tunefork.config.training import TrainingConfig
from tunefork.config.values import Value, digest

LATER = ("augment", "class_weights", "sampling", "label_smoothing")
"""Settings that came after the first studies: left out of an identity where they change nothing."""
_DEFAULTS = TrainingConfig().model_dump(mode="json")


class RunConfig(Value):
    """One training: a resolved strategy, the training settings that apply to it, and a seed.

    A seed moves the order of the rows, initialisation and dropout; never the split.
    """

    strategy: AnyStrategy
    training: TrainingConfig
    seed: int = 0

    @cached_property
    def configuration(self) -> str:
        """The configuration's identity: equal for runs that differ only in their seed."""
        # Whether activations are kept or computed again changes no number, so it makes no other run.
        training = self.training.model_dump(mode="json", exclude={"checkpointing"})
        training = {key: value for key, value in training.items() if key not in LATER or value != _DEFAULTS[key]}
        settings = [self.strategy.model_dump(mode="json"), training]
        return f"{self.strategy.kind}-{digest(settings, 8)}"

    @cached_property
    def id(self) -> str:
        """The run's identity, which names its folder.

        >>> from tunefork.config.strategies import HeadStrategy
        >>> RunConfig(strategy=HeadStrategy(), training=TrainingConfig(), seed=1).id.startswith("head-")
        True
        """
        return f"{self.configuration}-s{self.seed}"

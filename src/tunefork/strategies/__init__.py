"""A strategy is a choice of parameters: which ones train. One small file each."""

from __future__ import annotations

from torch import nn

from tunefork.config import (
    HeadStrategy,
    LastLayersStrategy,
    LoRAStrategy,
    PeftStrategy,
    Strategy,
)
from tunefork.counts import Counts
from tunefork.models import Anatomy
from tunefork.strategies.budget import Fitting, fitting
from tunefork.strategies.counts import count, formulas
from tunefork.strategies.derivation import derivation
from tunefork.strategies.frozen import frozen_depth
from tunefork.strategies.full import select_full
from tunefork.strategies.head import select_head
from tunefork.strategies.last_layers import select_last_layers
from tunefork.strategies.lora import select_lora
from tunefork.strategies.peft_method import install_peft, select_peft
from tunefork.strategies.selection import Adapter, Selection
from tunefork.strategies.sharing import alone_because

__all__ = [
    "Adapter",
    "Counts",
    "Fitting",
    "Selection",
    "alone_because",
    "count",
    "derivation",
    "fitting",
    "formulas",
    "frozen_depth",
    "install_peft",
    "select",
    "select_head",
]


def select(strategy: Strategy, anatomy: Anatomy, model: nn.Module) -> Selection:
    """What a strategy trains in a model.

    Args:
        strategy: resolved settings.
        anatomy: of ``model``.
        model: a skeleton on the meta device; only PEFT's own methods look at it, and change it.

    Raises:
        TargetError, UnsupportedModelError: the strategy makes no sense for this model.
    """
    if isinstance(strategy, LoRAStrategy):
        return select_lora(strategy, anatomy)
    if isinstance(strategy, LastLayersStrategy):
        return select_last_layers(strategy, anatomy)
    if isinstance(strategy, HeadStrategy):
        return select_head(anatomy)
    if isinstance(strategy, PeftStrategy):
        return select_peft(strategy, anatomy, model)
    return select_full(anatomy)

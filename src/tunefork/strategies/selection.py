"""What a strategy chooses: the parameters that train, by the part of the model they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Adapter:
    """A low-rank adapter on one linear: ``A`` is [rank, inputs], ``B`` is [outputs, rank]."""

    module: str
    rank: int
    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """``rank × (inputs + outputs)`` (Hu et al. 2021, section 4.2)."""
        return self.rank * (self.inputs + self.outputs)


@dataclass(frozen=True)
class Selection:
    """What one strategy trains in one model."""

    head: tuple[str, ...]
    """Names of the head's parameters."""
    backbone: tuple[str, ...] = ()
    """Names of the backbone's parameters that train."""
    adapters: tuple[Adapter, ...] = ()
    saved_modules: tuple[str, ...] = ()
    """Modules that PEFT copies, trains in full and saves with an adapter: the head and ``modules_to_save``."""
    peft_adapter: int = field(default=0)
    """Adapter parameters of a method that PEFT itself installs."""
    notices: tuple[str, ...] = ()

    @property
    def base(self) -> frozenset[str]:
        """Names of all parameters of the pretrained model that train."""
        return frozenset(self.head + self.backbone)

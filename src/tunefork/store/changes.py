"""What was measured of trained models after the study: how their weights changed, and what they still know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Head = Literal["before", "earlier", "own"]


@dataclass(frozen=True)
class ChangeRecord:
    """What training did to one matrix of one run. W0 is the matrix that training began with, ΔW what it added."""

    run: str
    matrix: str
    """Path of the linear in the model."""
    block: int
    roles: str
    """What the linear is for: query, key, value, output, mlp; several of them where it is fused, joined by a plus."""
    outputs: int
    inputs: int
    norm: float
    """‖ΔW‖_F."""
    base_norm: float
    """‖W0‖_F."""
    spectral_norm: float
    """‖ΔW‖_2."""
    effective_rank: float
    """Of ΔW."""
    stable_rank: float
    """Of ΔW."""
    top_k: int
    """How many singular vectors of W0 + ΔW were looked at."""
    threshold: float
    """A vector is an intruder where no vector of W0 is as similar as this."""
    intruders: int
    similarities: tuple[float, ...] = ()
    """[top_k] of each vector the largest absolute cosine similarity with a singular vector of W0."""

    @property
    def relative(self) -> float:
        """‖ΔW‖_F / ‖W0‖_F."""
        return self.norm / self.base_norm if self.base_norm else float("inf")


@dataclass(frozen=True)
class RetentionRecord:
    """The rows of an earlier task, answered before or after further training."""

    run: str
    """The run of this study; ``earlier:TASK`` for the model that all of its runs began with."""
    task: str
    """Equal for the records on the same rows."""
    head: Head
    """``before``: the model that training began with; ``earlier``: its head on the run's backbone; ``own``: the run's
    model as it is, where its classes are those of the earlier task."""
    name: str
    """Of the earlier study, or of the file with the rows."""
    source: str
    """The earlier study's folder, or the file."""
    earlier: str
    """The earlier study's run that training began with; empty for a file."""
    rows: int
    loss: float
    accuracy: float
    macro_f1: float
    data_hash: str
    """Of the earlier study's data, or of the file's rows."""
    seconds: float = 0.0

    @property
    def split(self) -> str:
        """Under which its answers are kept: ``store.predictions(record.run, record.split)``."""
        return f"retention:{self.task}:{self.head}"

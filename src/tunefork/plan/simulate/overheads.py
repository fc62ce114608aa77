"""What a study costs beside steps and evaluations: workers that start, models that are saved, records that are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Overheads:
    """Seconds, as ``benchmarks/scale`` measured them; see docs/scale.md."""

    start: float = 8.0
    """Until a worker has imported its libraries and has the model and the rows."""
    coming: int = 16
    """Workers that start at the same time: the Ray runner asks for no more at once."""
    group: float = 0.5
    """To assemble a group, and what its first steps take longer."""
    run: float = 0.5
    """To save a model, load it back and compare."""
    record: float = 0.00015
    """Of the driver, for each record of a step or an evaluation, or of how far a run is."""
    event: float = 0.00002
    """Of the driver, for each step of a group that its display shows."""
    kept: float = 0.92
    """The share of its speed that a worker keeps beside others on the same CPU, with which it shares memory."""
    shared_prefix: bool = True
    """Whether the workers of a node share what frozen blocks give, as they do where there is room for it; otherwise
    each computes it for itself."""


PUT = 4
"""Times that a run itself is recorded: planned, begun, trained, done."""

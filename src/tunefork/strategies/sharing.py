"""Which runs can share a pass through the backbone."""

from tunefork.config import PeftStrategy, RunConfig
from tunefork.models import Anatomy
from tunefork.strategies.selection import Selection


def alone_because(run: RunConfig, selection: Selection, anatomy: Anatomy) -> str:
    """Why a run cannot share a pass with others; empty when it can."""
    if selection.backbone:
        return "trains the backbone's own parameters"
    if isinstance(run.strategy, PeftStrategy):
        return "is a method that PEFT installs"
    if run.training.backbone_dropout == "as_pretrained":
        return "keeps the backbone's own dropout"
    if anatomy.shared_positions:
        return f"is on {anatomy.family}, whose linears also see positions, once for all rows"
    return ""

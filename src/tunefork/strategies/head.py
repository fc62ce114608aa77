"""Head only: the backbone stays as it was pretrained."""

from tunefork.models import Anatomy
from tunefork.strategies.selection import Selection


def select_head(anatomy: Anatomy) -> Selection:
    """The head's parameters."""
    return Selection(head=anatomy.inside(anatomy.head))

"""Full fine-tuning: every parameter trains."""

from tunefork.models import Anatomy
from tunefork.strategies.selection import Selection


def select_full(anatomy: Anatomy) -> Selection:
    """All parameters."""
    head = anatomy.inside(anatomy.head)
    return Selection(head=head, backbone=tuple(name for name in anatomy.parameters if name not in set(head)))

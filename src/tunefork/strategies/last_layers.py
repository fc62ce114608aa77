"""Last layers: the last blocks and the head train; norms and poolers between them stay as pretrained."""

from tunefork.config import LastLayersStrategy
from tunefork.errors import UnsupportedModelError
from tunefork.models import Anatomy
from tunefork.strategies.selection import Selection


def select_last_layers(strategy: LastLayersStrategy, anatomy: Anatomy) -> Selection:
    """The last ``count`` blocks and the head.

    Raises:
        UnsupportedModelError: more blocks than there are, or blocks that share their weights (ALBERT).
    """
    if anatomy.shared_blocks:
        raise UnsupportedModelError(
            f"{anatomy.family}'s blocks are one block applied many times, so its last layer cannot train alone",
            where="last_layers",
            fix="Compare full, head or lora instead.",
        )
    if strategy.count > len(anatomy.blocks):
        raise UnsupportedModelError(
            f"last_layers.count must be at most {len(anatomy.blocks)} but got {strategy.count}",
            where="last_layers.count",
            found=f"{len(anatomy.blocks)} blocks in {anatomy.family}",
            fix="Ask for fewer.",
        )
    return Selection(
        head=anatomy.inside(anatomy.head),
        backbone=anatomy.inside(anatomy.blocks[len(anatomy.blocks) - strategy.count :]),
    )

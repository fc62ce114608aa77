"""How deep the frozen prefix of a strategy reaches."""

from tunefork.models import Anatomy
from tunefork.strategies.selection import Selection


def frozen_depth(anatomy: Anatomy, selection: Selection) -> int:
    """How many blocks at the bottom of the model a strategy leaves as they are: 0 when the embeddings train.

    Behind these blocks lies the lowest trainable parameter, so their output never changes.
    """
    starts = {f"{block}.": number for number, block in enumerate(anatomy.blocks)}
    behind = tuple(f"{module}." for module in (*anatomy.between, *anatomy.head))
    depth = len(anatomy.blocks)
    for name in [*selection.backbone, *(f"{adapter.module}." for adapter in selection.adapters)]:
        block = next((number for start, number in starts.items() if name.startswith(start)), None)
        if block is None and name.startswith(behind):
            continue
        depth = min(depth, block or 0)
    return 0 if selection.peft_adapter else depth

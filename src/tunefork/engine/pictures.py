"""Batches of images: all make equally many tokens, so nothing is padded and nothing has to be packed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from tunefork.data import ImageSplit
from tunefork.engine.augment import Augment
from tunefork.engine.buckets import Spans
from tunefork.engine.members import side_by_side
from tunefork.models import Pooling

if TYPE_CHECKING:
    from tunefork.engine.part import Part


class Pictures:
    """One batch of K runs, [K·n, tokens, hidden] on its way through the blocks: the rows of run 0, then those of run 1.

    Args:
        split: the images.
        rows: for each run [n] row numbers; in training all of the same length n.
        pooling: which token of an image the head reads.
        blocks: how many blocks the model has.
        device: where the tensors go.
        packs: whether the model's attention is ours; else totals are the tokens of a row, as in a padded batch.
        dtype: of the pixels that the model gets.
    """

    def __init__(
        self,
        split: ImageSplit,
        rows: Sequence[np.ndarray],
        pooling: Pooling,
        blocks: int,
        device: torch.device,
        packs: bool,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.pooling, self.blocks, self.device = pooling, blocks, device
        self.rows = side_by_side(rows)
        """[K, n] row numbers; [Σ n] where runs have differently many."""
        self.tokens = int(split.lengths[0])
        """Of every image."""
        self.width = self.rows.size * self.tokens
        self.totals = tuple(len(each) * self.tokens if packs else self.tokens for each in rows)
        """Tokens of each run; of one row where the batch is not packed."""
        self.spans = _spans(self.rows.size, self.tokens, device)
        self.pooled = torch.arange(0, self.width, self.tokens, device=device)
        """[K·n] where each image's pooled token is."""
        self.labels = torch.from_numpy(split.labels[self.rows]).to(device)
        """As ``rows``."""
        self.mixed: tuple[torch.Tensor, torch.Tensor] | None = None
        """[K, n] second labels and the shares of the first, where images are mixed."""
        self.part: Part | None = None
        """Where its rows are in a pass that several processes share."""
        self.start, self.stop = 0, blocks
        """The first block that computes, and the first that does not again, whose input is left in ``caught``."""
        self.hidden: torch.Tensor | None = None
        """What block ``start`` gets: [K·n, tokens, hidden]; behind all blocks [K·n, 1, hidden] of the pooled token, or
        [K·n, 1, width of the head's input] where the head reads all tokens."""
        self.caught: torch.Tensor | None = None
        self.full: torch.Tensor | None = None
        """All tokens' states before the last block's keys and values, while only the pooled tokens pass through it."""
        self.whole: dict[str, torch.Tensor] | None = None
        """The last block's keys and values of all tokens, while only the pooled tokens ask."""
        self._split, self._dtype = split, dtype
        self._changed: torch.Tensor | None = None

    def augment(self, augment: Augment, seeds: Sequence[int], step: int) -> None:
        """Change the images at random, each run's by its own seed; runs of one seed see the same."""
        pixels = self._bytes().float().div_(255)
        runs, count = self.rows.shape
        seen: dict[int, torch.Tensor] = {}
        for number, seed in enumerate(seeds):
            if seed not in seen:
                seen[seed] = augment(pixels[number * count : (number + 1) * count], seed, step)
        changed = torch.cat([seen[seed] for seed in seeds])
        if augment.mixes:
            own = [augment.mix(seed, step, count) for seed in seeds]
            changed = torch.cat(
                [_mix(part, *each) for part, each in zip(changed.view(runs, count, *changed.shape[1:]), own)]
            )
            others = torch.stack([labels[partners] for labels, (partners, _) in zip(self.labels, own)])
            shares = torch.stack([share.expand(count) for _, share in own]).to(self.device)
            self.mixed = (others, shares)
        self._changed = changed.mul_(255)

    def take_changes(self, whole: Pictures, rows: np.ndarray) -> None:
        """Take what was changed in a batch of which this one has the rows [n] of each run."""
        chosen = torch.from_numpy(rows)
        if whole._changed is not None:
            images = whole._changed.view(*whole.rows.shape, *whole._changed.shape[1:])
            self._changed = images.index_select(1, chosen.to(images.device)).flatten(0, 1)
        if whole.mixed is not None:
            others, shares = (each.index_select(1, chosen.to(each.device)) for each in whole.mixed)
            self.mixed = (others, shares)

    @property
    def reads_head(self) -> bool:
        """Whether ``hidden`` is what the head gets: behind the last block of a model whose head reads all tokens."""
        return self.pooling == "all" and self.start == self.blocks

    def inputs(self) -> dict[str, torch.Tensor | bool]:
        """The model's inputs: pixels [K·n, 3, height, width]; none where a frozen prefix is at hand."""
        if self.start:
            return {"pixel_values": torch.empty(0)}
        pixels = self._bytes().float() if self._changed is None else self._changed
        found: dict[str, torch.Tensor | bool] = {"pixel_values": _scaled(pixels, self._split).to(self._dtype)}
        return found | ({"interpolate_pos_encoding": True} if self._split.interpolate else {})

    def index(self, starts: np.ndarray) -> np.ndarray:
        """[K·n, tokens] where this batch's tokens are, in a table in which row r begins at ``starts[r]``."""
        return np.asarray(starts[self.rows.ravel()][:, None] + np.arange(self.tokens))

    def take_whole(self, heads: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The last block's keys and values of all tokens, [1, heads, width, d]; they are given once."""
        assert self.whole is not None
        key, value = (self.whole[role].reshape(1, -1, heads, size).transpose(1, 2) for role in ("key", "value"))
        self.whole = self.full = None
        return key, value

    def _bytes(self) -> torch.Tensor:
        """[K·n, 3, height, width] on the device."""
        return torch.from_numpy(self._split.bytes_of(self.rows.ravel())).to(self.device).permute(0, 3, 1, 2)


def picture_inputs(split: ImageSplit, rows: np.ndarray, device: torch.device) -> dict[str, torch.Tensor | bool]:
    """What transformers' own forward takes for some rows [n]."""
    return Pictures(split, [rows], "first", 1, device, packs=False).inputs()


def _scaled(pixels: torch.Tensor, split: ImageSplit) -> torch.Tensor:
    gain, offset = (torch.from_numpy(each).to(pixels.device).view(1, 3, 1, 1) for each in (split.gain, split.offset))
    return torch.addcmul(offset, pixels, gain).contiguous()


def _mix(pixels: torch.Tensor, partners: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    return torch.lerp(pixels[partners.to(pixels.device)], pixels, share.to(pixels.device))


@lru_cache(maxsize=32)
def _spans(images: int, tokens: int, device: torch.device) -> Spans:
    """Where images are; the same for all batches of one shape.

    Keys are padded with the image's own first token, whose scores are masked; queries not at all, since a padded query
    would hand its gradient to a token that is there.
    """
    starts = np.arange(images) * tokens
    return Spans(starts, np.full(images, tokens), starts, device, width=images * tokens, exact=True)

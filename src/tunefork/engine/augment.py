"""Random changes of training images, by kornia. Every draw belongs to a run's seed and a step, as all draws do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from tunefork.config import Augmentation
from tunefork.engine.randomness import derive
from tunefork.errors import MissingExtraError

CROP = (0.5, 1.0)
"""The share of an image's area that a crop keeps. Fine-tuning needs less than the 0.08 of training from scratch."""
JITTER = {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.05}
OPERATIONS, STRENGTH = 2, 9
"""RandAugment's: how many for each image, and how strong (Cubuk et al. 2020, arXiv 1909.13719, section 4)."""
MIXUP = 0.2
"""Of the Beta distribution (Zhang et al. 2018, arXiv 1710.09412, section 3)."""


class Augment:
    """What ``training.augment`` asks for, in the order flip, crop, color, randaugment, mixup.

    Args:
        names: parts of it.
        size: height and width of images.

    Raises:
        MissingExtraError: kornia is not installed.
    """

    def __init__(self, names: Sequence[Augmentation], size: tuple[int, int]) -> None:
        self.mixes = "mixup" in names
        self._changes = nn.Sequential(*_changes(names, size))

    def __call__(self, pixels: torch.Tensor, seed: int, step: int) -> torch.Tensor:
        """Images [n, 3, height, width] from 0 to 1, changed."""
        if not len(self._changes):
            return pixels
        devices = [pixels.device] if pixels.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            torch.manual_seed(derive(seed, "augment", step))
            found: torch.Tensor = self._changes(pixels)
        return found.clamp_(0, 1)

    def mix(self, seed: int, step: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """With which other image each of ``count`` is mixed [count], and the share that it keeps itself."""
        draws = np.random.Generator(np.random.PCG64(derive(seed, "mixup", step)))
        share = draws.beta(MIXUP, MIXUP)
        return torch.from_numpy(draws.permutation(count)), torch.tensor(max(share, 1 - share), dtype=torch.float32)


class _EachImage(nn.Module):
    """kornia draws RandAugment's operations once a batch; here each image gets its own."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self._change = change

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """[n, 3, height, width]."""
        return torch.cat([self._change(image) for image in torch.split(pixels, 1)])


def _changes(names: Sequence[Augmentation], size: tuple[int, int]) -> list[Any]:
    if not set(names) - {"mixup"}:
        return []
    try:
        from kornia import augmentation
        from kornia.augmentation.auto import RandAugment
    except ImportError:
        raise MissingExtraError(f"augment: {'+'.join(names)}", package="kornia", extra="images") from None
    known: dict[str, Any] = {
        "flip": lambda: augmentation.RandomHorizontalFlip(),
        "crop": lambda: augmentation.RandomResizedCrop(size, scale=CROP),
        "color": lambda: augmentation.ColorJitter(**JITTER, p=0.8),
        "randaugment": lambda: _EachImage(RandAugment(n=OPERATIONS, m=STRENGTH)),
    }
    return [make() for name, make in known.items() if name in names]

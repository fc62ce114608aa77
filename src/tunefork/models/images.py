"""Image processors: how a model wants its pictures. Resizing is the processor's; scaling is left to the device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunefork.errors import ModelNotFoundError, UnsupportedModelError
from tunefork.models.library import locate, translated
from tunefork.models.trust import NOTHING, Trust

if TYPE_CHECKING:
    from PIL.Image import Image

PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
LONGEST = 50
"""How many times longer than wide a picture is before its ends are cut off."""
BACKEND = "pil"
"""Processors come in several, which give different pixels. This one needs no torchvision, and is the first one's."""


class ImageReader:
    """A model's image processor: RGB pictures → bytes in the size it wants, and how bytes become what it reads.

    Args:
        processor: transformers' own.

    Raises:
        UnsupportedModelError: it gives pictures of different sizes, or of other than three channels.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self._as_it_is: tuple[int, int] | None = None
        shapes = {self(_blank(*size)).shape for size in ((96, 64), (64, 96))}
        shape = next(iter(shapes))
        if len(shapes) > 1 or shape[2] != 3:
            raise UnsupportedModelError(
                "The model's image processor does not make all pictures the same size",
                where=type(processor).__name__,
                found=" and ".join(f"{height} × {width} × {channels}" for height, width, channels in sorted(shapes)),
                fix="Set data.image_size.",
            )
        self.height, self.width = shape[:2]
        # Resizing to the size it has gives the very picture, and most of the time goes into setting that up.
        crops = getattr(processor, "do_center_crop", False) or getattr(processor, "do_pad", False)
        self._as_it_is = None if crops else (self.width, self.height)

    def __call__(self, image: Image) -> NDArray[np.uint8]:
        """A picture as [height, width, 3]: resized and cropped as the processor says, not scaled yet."""
        if image.size == self._as_it_is:
            return np.asarray(image)
        image = self._shortened(image)
        found = self.processor.preprocess(image, do_rescale=False, do_normalize=False)["pixel_values"][0]
        return np.ascontiguousarray(np.moveaxis(np.asarray(found, dtype=np.uint8), 0, -1))

    def _shortened(self, image: Image) -> Image:
        """A very long picture without what a crop would cut off anyway: resizing the whole would take all memory."""
        longest = LONGEST * min(image.size)
        if max(image.size) <= longest or self._as_it_is is not None:
            return image
        width, height = (min(edge, longest) for edge in image.size)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return image.crop((left, top, left + width, top + height))

    @property
    def gain(self) -> NDArray[np.float32]:
        """[3] by which bytes are multiplied: what the model reads is ``byte × gain + offset``."""
        factor = np.full(3, self.processor.rescale_factor if self.processor.do_rescale else 1.0)
        return np.asarray(factor / self._deviation, dtype=np.float32)

    @property
    def offset(self) -> NDArray[np.float32]:
        """[3]."""
        mean = self.processor.image_mean if self.processor.do_normalize else 0.0
        return np.asarray(-np.broadcast_to(mean, 3) / self._deviation, dtype=np.float32)

    @property
    def _deviation(self) -> NDArray[np.float64]:
        return np.broadcast_to(self.processor.image_std if self.processor.do_normalize else 1.0, 3).astype(np.float64)

    def save_pretrained(self, folder: str) -> None:
        """Write ``preprocessor_config.json``."""
        self.processor.save_pretrained(folder)


def load_image_reader(
    name: str, revision: str | None = None, size: int | None = None, trust: Trust = NOTHING
) -> ImageReader:
    """The image processor of a model.

    Args:
        name: a hub id, a folder, or ``builtin:``.
        revision: of a hub id.
        size: height and width, where they are to be others than the processor's.
        trust: whether code of the model's own may run.

    Raises:
        ModelNotFoundError: naming the files looked for.
        UnsupportedModelError: pictures of different sizes.
    """
    import transformers

    place = locate(name)
    if Path(place).is_dir() and not any((Path(place) / file).is_file() for file in PROCESSOR_FILES):
        raise ModelNotFoundError(
            "The model has no image processor",
            where=place,
            found=f"none of {', '.join(PROCESSOR_FILES)}",
            fix="Copy preprocessor_config.json from the model it was trained from.",
        )
    with translated(name, "image processor", PROCESSOR_FILES):
        content, _ = transformers.ImageProcessingMixin.get_image_processor_dict(
            place, revision=trust.revision(name, revision)
        )
        kind = str(content.get("image_processor_type", ""))
        if kind.endswith("FeatureExtractor"):  # as transformers 4 called them in early 2022
            own = getattr(transformers, kind.replace("FeatureExtractor", "ImageProcessorPil"))
            processor = own.from_dict({key: each for key, each in content.items() if key != "image_processor_type"})
        else:
            processor = transformers.AutoImageProcessor.from_pretrained(
                place, backend=BACKEND, **trust.loading(name, revision)
            )
    if size is not None:
        _resized(processor, size)
    return ImageReader(processor)


def _resized(processor: Any, size: int) -> None:
    """Have a processor make pictures of another size; one that crops still crops the same share."""
    from transformers.image_utils import SizeDict

    square = SizeDict(height=size, width=size)
    processor.do_resize = True
    if not getattr(processor, "do_center_crop", False):
        processor.size = square
        return
    grown = size / processor.crop_size["height"]
    processor.crop_size = square
    processor.size = SizeDict(**{name: round(edge * grown) for name, edge in dict(processor.size).items()})


def _blank(height: int, width: int) -> Image:
    from PIL import Image

    return Image.new("RGB", (width, height))

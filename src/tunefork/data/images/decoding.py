"""The bytes of a file → one RGB picture, by stated rules. Pillow decodes.

What a file is called does not count: its content decides. Each change of a picture has a name, so that it can be
counted: see ``CHANGES``.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
"""What is read. PostScript and the like, which would start programs, are not."""
LARGEST = 89_478_485
"""Pixels of one picture at most: a quarter of a GiB in RGB, as Pillow has it. A larger one may be a bomb."""
CHANGES = {
    "first frame": "are animated: their first frame is used",
    "turned": "are turned as their EXIF tag says",
    "transparent": "have transparent parts, which are laid on white",
    "16 bit": "have more than 8 bits a channel and are scaled to 8",
    "grey": "are grey: three equal channels are made of one",
    "palette": "have a palette and become RGB",
    "CMYK": "are CMYK and become RGB",
    "colours": "are in another colour space and become RGB",
}
"""What is done to pictures that are not plain RGB, as a notice says it."""


class BadPictureError(Exception):
    """A picture that cannot be used, in a few words."""


class BombError(BadPictureError):
    """A picture so large that decoding it could take down the machine; never just left out."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture in RGB, and what was done to it."""

    image: Image
    changes: tuple[str, ...]
    """Keys of ``CHANGES``."""


def decode_picture(content: bytes | Any) -> Decoded:
    """A whole picture in RGB.

    Args:
        content: a file's bytes, a Pillow image, or an array [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].

    Raises:
        BombError: more than ``LARGEST`` pixels; known from the file's head, before anything is decoded.
        BadPictureError: not a picture, or a damaged or truncated one.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not isinstance(content, bytes | bytearray | memoryview):
        return to_rgb(_from_object(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warning of large pictures: they are refused below
            image = Image.open(io.BytesIO(content), formats=_formats())
        _check_size(*image.size)
        image.load()
        turned: Image.Image = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise BombError("more pixels than any photograph has") from None
    except BadPictureError:
        raise
    except UnidentifiedImageError:
        raise BadPictureError(_not_a_picture(bytes(content))) from None
    except Exception as error:  # decoders raise whatever they like about damaged files
        raise BadPictureError(str(error).split("\n")[0] or type(error).__name__) from None
    first = ("first frame",) if getattr(image, "n_frames", 1) > 1 and image.format != "MPO" else ()
    found = to_rgb(turned)
    return Decoded(
        found.image, (*first, *(("turned",) if turned is not image and _tagged(image) else ()), *found.changes)
    )


@cache
def _formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that this Pillow reads."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def to_rgb(image: Image) -> Decoded:
    """The picture in RGB: transparent parts on white, wide numbers scaled to eight bits, never clipped."""
    from PIL import Image as Pillow

    changes: list[str] = []
    if image.mode.startswith(("I", "F")):
        image = Pillow.fromarray(_eight_bits(np.asarray(image)))
        changes.append("16 bit")
    if image.has_transparency_data:
        white = Pillow.new("RGBA", image.size, (255, 255, 255, 255))
        image = Pillow.alpha_composite(white, image.convert("RGBA"))
        changes.append("transparent")
    elif image.mode != "RGB":
        changes.append({"L": "grey", "1": "grey", "P": "palette", "CMYK": "CMYK"}.get(image.mode, "colours"))
    return Decoded(image if image.mode == "RGB" else image.convert("RGB"), tuple(changes))


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Whole numbers from 0 to 65,535 where they fit, fractions from 0 to 1, anything else by its own range."""
    if not np.isfinite(values).all():
        raise BadPictureError("it holds values that are no numbers")
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values.astype(np.float64) - low) * (255 / max(high - low, 1e-12))
    return np.asarray(scaled.round(), dtype=np.uint8)


def _from_object(value: Any) -> Image:
    from PIL import Image

    if isinstance(value, Image.Image):
        _check_size(*value.size)
        return value
    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise BadPictureError(f"an array of shape {array.shape}; [height, width] or [height, width, 3] is one")
    if array.dtype != np.uint8:
        if array.dtype.kind not in "iuf":
            raise BadPictureError(f"an array of {array.dtype}, which is no number")
        array = _eight_bits(array)
    _check_size(*array.shape[:2])
    return Image.fromarray(array)


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise BombError(f"{width:,} × {height:,} pixels, more than {LARGEST:,}")


def _tagged(image: Image) -> bool:
    """Whether a tag says that the picture is to be turned."""
    return bool(image.getexif().get(0x0112, 1) != 1)


def _not_a_picture(content: bytes) -> str:
    return "the file is empty" if not content else f"not a picture; it begins with {bytes(content[:8])!r}"

"""The bytes of a file → one RGB picture, by stated rules. Pillow decodes.

What a file is called does not count: its content decides. Each change of a picture has a name, so that it can be
counted: see ``CHANGES``. Whole numbers become bytes by the same rule in all pictures, never by what one of them holds:
grey ones of 16 bits are divided by 257 and rounded; of colours of 16 bits the higher byte is kept, as Pillow does it,
which is one step of 255 less at most; other ones are bytes where they go from 0 to 255, and are refused where they do
not, since nobody knows what is white.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunefork.data.images.depth import bits

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
"""What is read. PostScript and the like, which would start programs, are not."""
LARGEST = 89_478_485
"""Pixels of one picture at most: a quarter of a GiB in RGB, as Pillow has it. A larger one may be a bomb."""
_PIXELS = re.compile(r"\((\d+) pixels\)")
"""How many there are, in Pillow's words about a picture that may be a bomb."""
HEAD = 1000
"""Bytes of a file that say how many bits its channels have."""
ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""
CHANGES = {
    "first frame": ("is animated: its first frame is used", "are animated: their first frame is used"),
    "turned": ("is turned as its EXIF tag says", "are turned as their EXIF tag says"),
    "transparent": (
        "has transparent parts, which are laid on white",
        "have transparent parts, which are laid on white",
    ),
    "16 bit": (
        "has other than 8 bits a channel and is scaled to 8",
        "have other than 8 bits a channel and are scaled to 8",
    ),
    "grey": ("is grey: three equal channels are made of one", "are grey: three equal channels are made of one"),
    "palette": ("has a palette and becomes RGB", "have a palette and become RGB"),
    "CMYK": ("is CMYK and becomes RGB", "are CMYK and become RGB"),
    "colours": ("is in another colour space and becomes RGB", "are in another colour space and become RGB"),
}
"""What is done to pictures that are not plain RGB, as a notice says it of one and of several."""


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
    from PIL import Image, UnidentifiedImageError

    try:
        if isinstance(content, bytes | bytearray | memoryview):
            return _decoded(Image.open(io.BytesIO(content), formats=_formats()), bytes(content[:HEAD]))
        return _decoded(content) if isinstance(content, Image.Image) else _from_array(content)
    except Image.DecompressionBombError as error:
        size = _PIXELS.search(str(error))
        pixels = f"{int(size[1]):,} pixels" if size else "more pixels than any photograph has"
        raise BombError(f"{pixels}, more than {LARGEST:,}") from None
    except BadPictureError:
        raise
    except UnidentifiedImageError:
        raise BadPictureError(_not_a_picture(bytes(content))) from None
    except Exception as error:  # decoders raise whatever they like about damaged files
        raise BadPictureError(str(error).split("\n")[0] or type(error).__name__) from None


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height of a file's picture, from its head; 0, 0 of what is none.

    Raises:
        BombError: so many pixels that nobody should decode them.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=_formats()) as found:
            width, height = found.size
    except Image.DecompressionBombError:
        raise BombError(f"far more than {LARGEST:,} pixels") from None
    except Exception:  # what it is, whoever decodes it will say
        return 0, 0
    return width, height


def _decoded(image: Image, head: bytes = b"") -> Decoded:
    """Decode an image that Pillow has opened, turn it as its tag says, and make it RGB; ``head`` begins its file."""
    from PIL import ImageOps

    _check_size(*image.size)
    wide = bits(head, image) > 8
    image.load()
    changes: tuple[str, ...] = ("turned",) if image.getexif().get(ORIENTATION, 1) != 1 else ()
    found = to_rgb(ImageOps.exif_transpose(image), image.format)
    if wide and "16 bit" not in found.changes:
        changes += ("16 bit",)
    first = ("first frame",) if image.format != "MPO" and _frames(image) > 1 else ()
    return Decoded(found.image, (*first, *changes, *found.changes))


def _frames(image: Image) -> int:
    """How many pictures an animation has; where that cannot be told, one."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # counting reads on behind the first frame, which is whole and all that is used
        return 1


@cache
def _formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that this Pillow reads."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def to_rgb(image: Image, source: str | None = None) -> Decoded:
    """The picture in RGB: transparent parts on white, wide numbers scaled to eight bits, never clipped.

    ``source`` is the format of its file.
    """
    from PIL import Image as Pillow

    changes: list[str] = []
    if image.mode.startswith(("I", "F")):
        sixteen = image.mode.startswith("I;16") or source == "PPM"  # of which Pillow makes 0 to 65535 in 32 bits
        image = Pillow.fromarray(_eight_bits(np.asarray(image), sixteen and image.mode != "F"))
        changes.append("16 bit")
    if image.has_transparency_data:
        white = Pillow.new("RGBA", image.size, (255, 255, 255, 255))
        image = Pillow.alpha_composite(white, image.convert("RGBA"))
        changes.append("transparent")
    elif image.mode != "RGB":
        changes.append({"L": "grey", "1": "grey", "P": "palette", "CMYK": "CMYK"}.get(image.mode, "colours"))
    return Decoded(image if image.mode == "RGB" else image.convert("RGB"), tuple(changes))


def _eight_bits(values: NDArray[Any], sixteen: bool = False) -> NDArray[np.uint8]:
    """Numbers as bytes: of 16 bits by that range, others from 0 to 255 as they are; fractions from 0 to 1 times 255.

    Whole numbers of 32 bits are not scaled: a dark picture would come out as another one than its neighbours.

    Raises:
        BadPictureError: numbers outside of these ranges, of which nobody knows what is white.
    """
    if sixteen or values.dtype == np.uint16:
        return np.asarray((values.astype(np.uint32) + 128) // 257, dtype=np.uint8)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1 and values.dtype.kind == "f":
        return np.asarray((values.astype(np.float32) * 255).round(), dtype=np.uint8)
    if low >= 0 and high <= 255:
        return np.asarray(values.astype(np.float32).round(), dtype=np.uint8)
    whole = f" as whole numbers of {8 * values.dtype.itemsize} bits" if values.dtype.kind in "iu" else ""
    raise BadPictureError(
        f"its values go from {low:g} to {high:g}{whole}, and nobody knows what is white; write bytes, numbers of 16 "
        "bits without a sign, or fractions from 0 to 1"
    )


def _from_array(value: Any) -> Decoded:
    from PIL import Image

    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise BadPictureError(f"an array of shape {array.shape}; [height, width] or [height, width, 3] is one")
    _check_size(*array.shape[:2])
    wide = array.dtype != np.uint8
    if wide:
        if array.dtype.kind not in "iuf":
            raise BadPictureError(f"an array of {array.dtype}, which is no number")
        array = _eight_bits(array)
    found = to_rgb(Image.fromarray(array))
    return Decoded(found.image, (*(("16 bit",) if wide else ()), *found.changes))


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise BombError(f"{width:,} × {height:,} pixels, more than {LARGEST:,}")


def _not_a_picture(content: bytes) -> str:
    return "the file is empty" if not content else f"not a picture; it begins with {bytes(content[:8])!r}"

"""One picture: every kind of file becomes RGB by a stated rule, or is refused with a reason."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.data.images.making import content, picture, wide_png, wide_tiff
from tunefork.data.images.decoding import CHANGES, BadPictureError, BombError, decode_picture


def pixels(data: object) -> np.ndarray:
    return np.asarray(decode_picture(data).image)


def changes(data: object) -> tuple[str, ...]:
    return decode_picture(data).changes


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP", "JPEG", "JPEG2000", "AVIF", "ICO"])
def test_every_format_is_read_by_its_content(kind: str) -> None:
    image = picture(size=(16, 16))
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind in ("JPEG", "AVIF") else {}
    options = {"sizes": [(16, 16)]} if kind == "ICO" else options
    found = pixels(content(image, kind, **options))
    assert found.shape == (16, 16, 3)
    exact = kind not in ("JPEG", "AVIF")
    assert np.array_equal(found, np.asarray(image)) == exact


def test_plain_rgb_is_not_changed() -> None:
    assert changes(content(picture())) == ()


def test_grey_becomes_three_equal_channels() -> None:
    grey = picture(mode="L")
    found = pixels(content(grey))
    assert changes(content(grey)) == ("grey",)
    assert (found == np.asarray(grey)[..., None]).all()
    assert changes(content(picture(mode="1"))) == ("grey",)


def test_palettes_and_cmyk() -> None:
    assert changes(content(picture().quantize(8))) == ("palette",)
    jpeg = content(picture().convert("CMYK"), "JPEG", quality=95)
    assert changes(jpeg) == ("CMYK",)
    assert np.abs(pixels(jpeg).astype(int) - np.asarray(picture())).mean() < 40


def test_transparent_parts_are_laid_on_white() -> None:
    image = picture().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (pixels(content(image)) == 255).all()
    assert changes(content(image)) == ("transparent",)
    half = Image.new("RGBA", (2, 2), (0, 0, 0, 128))
    assert np.abs(pixels(content(half)).astype(int) - 127).max() <= 1
    grey = Image.new("LA", (2, 2), (10, 0))
    assert (pixels(content(grey)) == 255).all()
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([0, 0, 0, 200, 10, 10])
    assert changes(content(palette, "PNG", transparency=1)) == ("transparent",)


def test_sixteen_bits_are_scaled_and_never_clipped() -> None:
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    data = content(Image.fromarray(values))
    assert pixels(data)[0, :, 0].tolist() == [0, 1, 128, 255]
    assert changes(data) == ("16 bit", "grey")
    dim = content(Image.fromarray(np.array([[0, 100, 200]], dtype=np.uint16)))
    assert pixels(dim).max() <= 1, "a dark picture stays dark"
    assert pixels(content(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize(("kind", "channels"), [("PNG", 2), ("PNG", 3), ("PNG", 4), ("TIFF", 3)])
def test_colours_of_sixteen_bits_are_counted_and_keep_their_higher_byte(kind: str, channels: int) -> None:
    values = np.full((1, 4, channels), 65535)
    values[0, :, 0] = 0, 256, 32896, 65535
    data = (wide_png if kind == "PNG" else wide_tiff)(values)
    assert pixels(data)[0, :, 0].tolist() == [0, 1, 128, 255]
    assert changes(data)[0] == "16 bit"
    assert changes(data).count("16 bit") == 1


def test_netpbm_of_sixteen_bits() -> None:
    values = np.array([0, 256, 32896, 65535], dtype=">u2")
    grey = b"P5 4 1\n# a comment\n65535\n" + values.tobytes()
    assert pixels(grey)[0, :, 0].tolist() == [0, 1, 128, 255]
    assert changes(grey) == ("16 bit", "grey")
    dim = b"P5 4 1 65535\n" + (values // 300).astype(">u2").tobytes()
    assert pixels(dim).max() <= 1, "a dark picture stays dark"
    colour = b"P6 4 1 65535\n" + np.repeat(values, 3).astype(">u2").tobytes()
    assert changes(colour) == ("16 bit",)
    assert changes(b"P6 1 1 255\n\1\2\3") == ()


@pytest.mark.parametrize("high", [256, 60_000, 2**31 - 1])
def test_whole_numbers_of_32_bits_are_never_scaled_by_what_one_picture_holds(high: int) -> None:
    dark, light = (Image.fromarray(np.array([[0, top]], dtype=np.int32)) for top in (200, high))
    assert pixels(content(dark, "TIFF"))[0, :, 0].tolist() == [0, 200]
    for strange in (content(light, "TIFF"), np.array([[0, high]])):
        with pytest.raises(BadPictureError, match=r"its values go from 0 to .* as whole numbers of (32|64) bits"):
            decode_picture(strange)


def test_fractions_and_wide_numbers() -> None:
    assert pixels(np.array([[0.0, 0.5, 1.0]]))[0, :, 0].tolist() == [0, 128, 255]
    assert pixels(np.array([[0, 100, 255]]))[0, :, 0].tolist() == [0, 100, 255], "bytes by another name"
    assert pixels(np.array([[0.0, 99.6, 255.0]]))[0, :, 0].tolist() == [0, 100, 255]
    assert pixels(np.array([[0, 65535]], dtype=np.uint16))[0, :, 0].tolist() == [0, 255]
    assert changes(np.array([[0, 100, 255]])) == ("16 bit", "grey")
    for strange in (np.array([[-2.0, 2.0]]), np.array([[0, 100_000]]), np.array([[0.0, np.nan]])):
        with pytest.raises(BadPictureError, match=r"its values go from"):
            decode_picture(strange)


def test_pictures_are_turned_as_their_tag_says() -> None:
    image = picture(size=(20, 16))
    tags = Image.Exif()
    tags[0x0112] = 6
    data = content(image, "JPEG", exif=tags.tobytes(), quality=95)
    assert pixels(data).shape == (20, 16, 3)
    assert changes(data) == ("turned",)


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [picture(number) for number in range(3)]
    data = content(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert np.array_equal(pixels(data), np.asarray(frames[0]))
    assert changes(data) == ("first frame",)


def test_image_objects_and_arrays() -> None:
    image = picture()
    assert np.array_equal(pixels(image), np.asarray(image))
    assert np.array_equal(pixels(np.asarray(image)), np.asarray(image))
    assert pixels(np.zeros((4, 5, 1), dtype=np.uint8)).shape == (4, 5, 3)
    with pytest.raises(BadPictureError, match=r"an array of shape \(2, 3, 4, 5\)"):
        decode_picture(np.zeros((2, 3, 4, 5)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"hello, world", "not a picture; it begins with b'hello, w'"),
        (content(picture(size=(64, 64)))[:200], ""),
        (content(picture(size=(64, 64)), "JPEG")[:400], "Truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadPictureError) as caught:
        decode_picture(data)
    assert words in str(caught.value)
    assert str(caught.value)


def test_a_bit_that_flipped_is_noticed() -> None:
    data = bytearray(content(picture(size=(64, 64))))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(BadPictureError):
        decode_picture(bytes(data))


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head promises that many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_bomb_is_known_by_its_head(side: int) -> None:
    with pytest.raises(BombError) as caught:
        decode_picture(bomb(side, side))
    size = "10,000 × 10,000" if side == 10_000 else "3,600,000,000"
    assert str(caught.value) == f"{size} pixels, more than 89,478,485"


def test_image_objects_are_turned_as_their_files_are() -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    data = content(picture(size=(20, 16)), "JPEG", exif=tags.tobytes())
    opened = Image.open(io.BytesIO(data))
    assert np.array_equal(pixels(opened), pixels(data))
    torn = Image.open(io.BytesIO(content(picture(size=(64, 64)), "JPEG")[:-300]))
    with pytest.raises(BadPictureError):
        decode_picture(torn)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "JPEG", "WEBP", "BMP"])
def test_whatever_is_damaged_gives_a_picture_or_a_reason(kind: str) -> None:
    frames = {"save_all": True, "append_images": [picture(1), picture(2)]} if kind in ("GIF", "TIFF") else {}
    data = content(picture(), kind, **frames)
    random = np.random.default_rng(0)
    for _ in range(150):
        torn = bytearray(data)
        for place in random.integers(0, len(torn), 3):
            torn[place] = random.integers(0, 256)
        with contextlib.suppress(BadPictureError):
            assert decode_picture(bytes(torn[: random.integers(8, len(torn) + 1)])).image.mode == "RGB"


def test_every_change_has_words() -> None:
    assert set(CHANGES) == {"first frame", "turned", "transparent", "16 bit", "grey", "palette", "CMYK", "colours"}
    assert changes(picture().convert("YCbCr")) == ("colours",)

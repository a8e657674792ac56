"""The bytes of a picture's file to an upright picture in three colours, within bounds. Of EXIF it knows the turn."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from embedingest.plugin import DocumentError, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

__all__ = ["SUFFIXES", "decoded", "opened"]

SUFFIXES: Final = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""The formats that are read, by what names end in; whichever of them a file is, whatever its name says."""

_HEIF: Final = "HEIF"
_FORMATS: Final = tuple(dict.fromkeys(kind for kind in SUFFIXES.values() if kind != _HEIF))
_WHITE: Final = (255, 255, 255, 255)
_DEEP: Final = ("I", "F")  # modes of 16 bits and more, which begin so
_FTYP: Final = slice(4, 8)


@contextmanager
def opened(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """The picture in these bytes, of which only the head was read.

    Raises DocumentError: `corrupt`, `too_large` (more pixels than `max_pixels`), `missing_extra`.
    """
    from PIL import Image

    formats = _FORMATS if data[_FTYP] != b"ftyp" else _heif(name)
    bound = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # Pillow's own only warns up to twice as much; ours says what was found
    try:
        _check_webp(data, name, max_pixels)
        with _errors_of(name), Image.open(io.BytesIO(data), formats=formats) as image:
            _check_size(image.width, image.height, name, max_pixels)
            yield image
    finally:
        Image.MAX_IMAGE_PIXELS = bound


def decoded(image: Image) -> Picture:
    """The first frame, turned as its EXIF says, on white where it is transparent."""
    from PIL import Image as Images
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(_DEEP):
        upright = _in_eight_bits(upright)
    if "A" in upright.getbands() or upright.info.get("transparency") is not None:
        upright = upright.convert("RGBA")
        upright = Images.alpha_composite(Images.new("RGBA", upright.size, _WHITE), upright)
    upright = upright.convert("RGB")
    return Picture(upright.width, upright.height, upright.tobytes())


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    """A block whose errors are those of the file: damaged bytes lead Pillow's readers to nearly any."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd EXIF and palettes, which are read all the same
            yield
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        from PIL import UnidentifiedImageError

        if isinstance(error, UnidentifiedImageError):
            known = ", ".join((*_FORMATS, _HEIF))
            reason = f"{name} is no picture in a format that is read ({known}), or its beginning is damaged"
        else:
            reason = f"{name} cannot be read as a picture: {str(error) or type(error).__name__}"
        raise DocumentError(reason, source=name, code="corrupt") from error


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise DocumentError(
            f"{name} has {width} x {height} = {width * height:,} pixels, more than the {max_pixels:,} that are read",
            source=name,
            code="too_large",
            remedy="raise `max_pixels` of the loader `images`, and `load.memory_mib` by 11 MiB for each million",
        )


def _check_webp(data: bytes, name: str, max_pixels: int) -> None:
    """Of WebP, whose reader takes the memory of the whole canvas when it is opened."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return
    if kind == b"VP8X":
        width, height = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    _check_size(width, height, name, max_pixels)


def _in_eight_bits(image: Image) -> Image:
    """A picture of 16 bits a pixel in grey of 8, of which Pillow would otherwise take all but the darkest for white."""
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def _heif(name: str) -> tuple[str, ...]:
    """The one format of a picture in HEIC, which Pillow is let read. Raises DocumentError (`missing_extra`)."""
    try:
        import pi_heif
    except ImportError as error:
        raise DocumentError(
            f"{name} is in HEIC, which nothing here reads",
            source=name,
            code="missing_extra",
            remedy="`pip install 'embedingest-images[heic]'`",
        ) from error
    heif: Any = pi_heif
    heif.register_heif_opener()
    return (_HEIF,)

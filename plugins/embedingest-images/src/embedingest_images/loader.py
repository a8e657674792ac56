"""A picture's file as a document: its pixels for a model of pictures, its name and EXIF in words. Knows no model."""

from __future__ import annotations

import re
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from embedingest.plugin import Document
from embedingest_images.exif import facts_of, words_of
from embedingest_images.pixels import SUFFIXES, decoded, opened

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["ImageLoader", "create"]

_MIMES: Final = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "HEIF": "image/heic",
}
_BETWEEN_WORDS: Final = re.compile(r"[\s_.,;=+~()\[\]-]+")


def create(*, max_pixels: Annotated[int, Field(ge=1, le=2**31)] = 64_000_000) -> ImageLoader:
    """`max_pixels`: a picture with more is refused before it is unpacked."""
    return ImageLoader(max_pixels)


class ImageLoader:
    """Reads JPEG, PNG, WebP, GIF (its first frame) and, with the extra `heic`, HEIC."""

    name = "images"
    version = "1"
    suffixes = frozenset(SUFFIXES)
    mimes = frozenset(_MIMES.values())

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def load(self, data: bytes, name: str) -> Document:
        """The picture, and as text what is known of it: the words of its name, then what its EXIF says.

        Raises DocumentError: `corrupt`, `too_large`, `missing_extra`.
        """
        notices: dict[str, int] = {}
        with opened(data, name, self._max_pixels) as image:
            image.load()  # in PNG, EXIF is looked for behind the pixels, and their damage is not that of EXIF
            facts = _facts(image, notices)
            mime = _MIMES.get(image.format or "", "image/*")
            if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                notices["later_frames"] = image.n_frames - 1  # type: ignore[attr-defined]
            picture = decoded(image)
        text = "\n".join(filter(None, (_name_in_words(name), words_of(facts))))
        return Document(
            source=name,
            text=text,
            mime=mime,
            title=facts.get("description"),
            has_lines=False,
            metadata={"width": picture.width, "height": picture.height, **facts},
            notices=notices,
            picture=picture,
        )


def _facts(image: Image, notices: dict[str, int]) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return facts_of(image.getexif())
    except Exception:  # noqa: BLE001 -- damaged EXIF leads Pillow to nearly any error, and the picture is whole
        notices["exif_unreadable"] = 1
        return {}


def _name_in_words(name: str) -> str:
    """`photos/Italy 2019/IMG_2034-boat.jpg` as `IMG 2034 boat, in Italy 2019`: what stands below the root's alias."""
    path = PurePosixPath(name.replace("!/", "/"))
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() in SUFFIXES else path.name
    words = _BETWEEN_WORDS.sub(" ", stem).strip() or stem or "picture"
    folder = _BETWEEN_WORDS.sub(" ", path.parent.name).strip() if len(path.parts) > 2 else ""
    return f"{words}, in {folder}" if folder else words

"""A picture made ready for a model: resized and cut as its makers do. Knows Pillow and the settings, no weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedingest.plugin import Picture, TokenizerSizer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PictureSizer", "Preparation"]


@dataclass(frozen=True, slots=True)
class Preparation:
    """To `width` x `height` pixels by Pillow's filter `resample`.

    Where `shorter` is given, the shorter edge becomes so long and the middle is cut out; else the whole picture is
    pressed into the shape.
    """

    width: int
    height: int
    resample: int
    shorter: int | None = None

    def ready(self, picture: Picture) -> Picture:
        """The picture in the model's size.

        Only what stays is computed: a picture of 1 x 100 000 pixels would become one of hundreds of megapixels first.
        """
        from PIL import Image

        if self.shorter is None and (picture.width, picture.height) == (self.width, self.height):
            return picture
        image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
        resized = image.resize((self.width, self.height), Image.Resampling(self.resample), box=self._box(picture))
        return Picture(self.width, self.height, resized.tobytes())

    def _box(self, picture: Picture) -> tuple[float, float, float, float] | None:
        """What of the picture stays: left, top, right and bottom in its own pixels."""
        if self.shorter is None:
            return None
        short, long = sorted((picture.width, picture.height))
        longer = int(self.shorter * long / short)
        width, height = (self.shorter, longer) if picture.width <= picture.height else (longer, self.shorter)
        left, top = (width - self.width) // 2, (height - self.height) // 2
        across, down = picture.width / width, picture.height / height
        return left * across, top * down, (left + self.width) * across, (top + self.height) * down


@dataclass(frozen=True, slots=True)
class PictureSizer:
    """Counts the tokens of texts and makes pictures ready, in any process; needs neither weights nor torch."""

    words: TokenizerSizer
    preparation: Preparation

    @property
    def capacity(self) -> int:
        return self.words.capacity

    def count(self, text: str) -> int:
        return self.words.count(text)

    def starts(self, text: str) -> Sequence[int]:
        return self.words.starts(text)

    def unknown(self, text: str) -> int:
        return self.words.unknown(text)

    def ready(self, picture: Picture) -> Picture:
        return self.preparation.ready(picture)

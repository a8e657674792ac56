"""A model that sees the colour of a picture and the words of a text, and a format of pictures that is read in a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedingest.engine.encoder import PictureTokens
from embedingest.engine.hashing import HashingEncoder
from embedingest.engine.pieces import HashingSizer
from embedingest.errors import DocumentError
from embedingest.picture import Picture
from embedingest.types import Document

WORDS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def plain(colour: tuple[int, int, int], width: int = 4, height: int = 3) -> Picture:
    """A picture of one colour."""
    return Picture(width, height, bytes(colour) * (width * height))


def ppm(colour: tuple[int, int, int], width: int = 4, height: int = 3) -> bytes:
    """The same as a file."""
    return f"P6 {width} {height} 255\n".encode() + plain(colour, width, height).pixels


@dataclass(frozen=True, slots=True)
class ColourSizer(HashingSizer):
    """Makes of a picture one pixel of its mean colour; those of more than a thousand pixels are too much for it."""

    def ready(self, picture: Picture) -> Picture:
        if picture.width * picture.height > 1_000_000:
            raise ValueError(f"{picture.width} x {picture.height} pixels are more than it looks at")
        mean = np.frombuffer(picture.pixels, np.uint8).reshape(-1, 3).mean(axis=0)
        return Picture(1, 1, mean.astype(np.uint8).tobytes())


class ColourEncoder(HashingEncoder):
    """Three more numbers than its base: how red, green and blue a picture is, or a text of the words for that."""

    picture_tokens = 5

    def __init__(self) -> None:
        super().__init__()
        self.fingerprint = "colours-1:exact"
        self.hashed, self.dimensions = self.dimensions, self.dimensions + 3
        self.batches: list[list[bool]] = []

    def encode(self, batch):
        self.batches.append([isinstance(row, PictureTokens) for row in batch])
        vectors = np.zeros((len(batch), self.dimensions), np.float32)
        for vector, row in zip(vectors, batch, strict=True):
            if isinstance(row, PictureTokens):
                assert (row.picture.width, row.picture.height) == (1, 1)
                vector[-3:] = np.frombuffer(row.picture.pixels, np.uint8) / 255 + 0.01
            else:
                words = self.detokenize(row).split()
                vector[:-3] = HashingEncoder().encode([row])[0]
                vector[-3:] = sum((np.array(WORDS.get(word, (0, 0, 0))) for word in words), np.zeros(3)) / 25
        return vectors

    def sizer(self, capacity: int) -> ColourSizer:
        return ColourSizer(capacity)


def create_encoder(folder, settings):
    return ColourEncoder()


class PpmLoader:
    """Reads plain P6 files; what is known of a picture in words is its name."""

    name, version, suffixes, mimes = "ppm", "1", frozenset({".ppm"}), frozenset({"image/x-portable-pixmap"})

    def load(self, data: bytes, name: str) -> Document:
        try:
            head, _, pixels = data.partition(b"\n")
            magic, width, height, _ = head.split()
            picture = Picture(int(width), int(height), pixels)
            assert magic == b"P6"
        except (ValueError, AssertionError) as error:
            raise DocumentError(f"{name} is no PPM: {error}", source=name, code="corrupt") from error
        text = name.rpartition("/")[2].removesuffix(".ppm").replace("-", " ") or "picture"
        return Document(name, text, mime="image/x-portable-pixmap", has_lines=False, picture=picture)

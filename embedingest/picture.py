"""A picture where a text could stand, and what makes one ready for a model. Knows no format and no model."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable

from blake3 import blake3

__all__ = ["Picture", "PictureSource"]

_MARK: Final = "picture:"
_HASH_BYTES: Final = 16


class Picture(str):
    """The pixels of a picture, by a name that its content makes: `picture:` and 32 hex digits.

    As a text it is that name: whatever compares, counts, sorts or reports texts need not know that some are pictures,
    and whoever embeds them asks. `pixels` are 3 * `width` * `height` bytes: red, green, blue of each, row by row from
    the top left, as a person is meant to see them. Raises ValueError where these do not fit together.
    """

    __slots__ = ("height", "pixels", "width")

    width: int
    height: int
    pixels: bytes

    def __new__(cls, width: int, height: int, pixels: bytes) -> Picture:
        if width < 1 or height < 1 or len(pixels) != 3 * width * height:
            raise ValueError(f"{len(pixels):,} bytes are no picture of {width} x {height} pixels of 3 bytes each")
        hashed = blake3(width.to_bytes(8, "little"))
        hashed.update(pixels)
        picture = super().__new__(cls, _MARK + hashed.hexdigest(_HASH_BYTES))
        picture.width, picture.height, picture.pixels = width, height, pixels
        return picture

    def __reduce__(self) -> tuple[Any, ...]:
        return Picture, (self.width, self.height, self.pixels)


@runtime_checkable
class PictureSource(Protocol):
    """A sizer of a model that takes pictures too: it makes them ready, in the process that reads the file."""

    def ready(self, picture: Picture) -> Picture:
        """The picture as the model looks at it: resized and cut as its makers do, and so small enough to be sent on.

        The same picture gives the same pixels. Raises ValueError for one that the model cannot look at.
        """
        ...

"""Plain text whose lines flow (`format=flowed`, RFC 3676): paragraphs put together again. Knows no MIME."""

from __future__ import annotations

from typing import Final

__all__ = ["unflowed"]

_SIGNATURE: Final = "-- "


def unflowed(text: str, *, delete_space: bool) -> str:
    """Each paragraph on one line: a line that ends in a blank goes on in the next, where that is quoted as deeply.

    `delete_space` says that this blank is no part of the text. The blank in front that shields a line is taken away.
    """
    paragraphs: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        flows = words.endswith(" ") and words != _SIGNATURE
        if depth != open_depth or words in {"", _SIGNATURE}:
            paragraphs.append([">" * depth + " " * bool(depth)])
        paragraphs[-1].append(words[:-1] if flows and delete_space else words)
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in paragraphs)

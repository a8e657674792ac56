"""Words in scripts that a model has no tokens for. Knows a sizer's count of them, no models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedingest.types import Sizer

__all__ = ["unknown_tokens"]


def unknown_tokens(text: str, sizer: Sizer) -> int:
    """How many tokens of a text's words stand for nothing that the model knows; 0 where the sizer cannot say.

    Letters are tried once each, so that a text in known scripts costs next to nothing.
    """
    unknown = getattr(sizer, "unknown", None)
    if unknown is None or text.isascii():
        return 0
    letters = [c for c in sorted(set(text)) if not c.isascii() and c.isalpha()]
    if not letters or not unknown(" ".join(letters)):
        return 0
    return int(unknown(" ".join(word for word in text.split() if not word.isascii())))

"""A setting that names an encoding of before Unicode. Decodes nothing."""

from __future__ import annotations

import codecs
from typing import Annotated, Final

from pydantic import AfterValidator

__all__ = ["OldEncoding"]

_TRIED_BEFORE: Final = ("utf", "ascii", "idna", "punycode", "raw_unicode", "unicode", "undefined")


def _checked(value: str) -> str:
    """Raises ValueError for what is no encoding of texts, or none of before Unicode."""
    try:
        "".encode(value)  # refuses what is known and of no texts, such as `base64`
        name = codecs.lookup(value).name
    except (LookupError, ValueError):
        raise ValueError(f"`{value}` is no encoding that is known here; `windows-1251` would be one") from None
    if name.startswith(_TRIED_BEFORE):
        raise ValueError(f"`{value}` is tried before; name one of before Unicode, such as `windows-1251`")
    return value


OldEncoding = Annotated[str, AfterValidator(_checked)]
"""The name of an encoding of before Unicode."""

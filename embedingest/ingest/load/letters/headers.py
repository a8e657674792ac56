"""How the standard library reads the headers of letters here: the beginning of each, and never so that it fails."""

from __future__ import annotations

import email.policy
import re
from typing import Any, Final

__all__ = ["FAILURES", "MAIL", "PAGE"]

FAILURES: Final = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError)
"""What the standard parser raises for headers that break every rule."""

_MOST_HEADER: Final = 32_768
_MOST_DIGITS: Final = 400
_ENDLESS: Final = re.compile(rf"([0-9]{{{_MOST_DIGITS}}})[0-9]+")


class _Short(email.policy.EmailPolicy):
    """Reads the beginning of a header only: what the standard parser takes grows faster than the header does.

    A header that it fails at is given as it is written, numbers without end cut.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MOST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value)
        except FAILURES:
            return _ENDLESS.sub(r"\1", " ".join(value.split()))


class _Plain(email.policy.Compat32):
    """Headers as they are written, save numbers without end."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, _ENDLESS.sub(r"\1", value[:_MOST_HEADER])


MAIL: Final[Any] = _Short()
"""For messages: headers with their words decoded."""

PAGE: Final[Any] = _Plain()
"""For pages that are written like messages."""

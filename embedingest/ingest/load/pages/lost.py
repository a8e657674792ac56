"""Whether what was drawn on a page of a damaged file is lost: PDFium shows such a page as an empty one. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["has_lost_contents"]

_CONTENTS: Final = re.compile(rb"/Contents\s*\[?((?:\s*\d{1,10}\s+\d{1,5}\s+R)+)")
_REFERENCE: Final = re.compile(rb"(\d+)\s+\d+\s+R")
_OBJECT: Final = re.compile(rb"\b(\d{1,10})\s{1,9}\d{1,5}\s{1,9}obj\b")


def has_lost_contents(data: bytes) -> bool:
    """Whether a page refers to drawings that the file does not have; not known where objects are packed together."""
    if b"/ObjStm" in data:
        return False
    wanted = {int(number) for found in _CONTENTS.finditer(data) for number in _REFERENCE.findall(found[1])}
    return bool(wanted) and not wanted <= {int(found[1]) for found in _OBJECT.finditer(data)}

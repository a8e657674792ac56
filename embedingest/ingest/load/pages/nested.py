"""Whether a file may have drawings within drawings. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["may_nest"]

_FORM: Final = re.compile(rb"/(?:F|#46)(?:o|#6[Ff])(?:r|#72)(?:m|#6[Dd])(?![A-Za-z0-9])")


def may_nest(data: bytes) -> bool:
    """Whether anything in the file is called a form, as what holds drawings is. Such a name is never packed."""
    return _FORM.search(data) is not None

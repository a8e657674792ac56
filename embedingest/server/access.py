"""Who asks, and what that one may: the rights of a key, and what each route needs of them.

Knows no requests and no settings. A route says its need in `app.ROUTES`; `guard.py` holds requests against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from embedingest.config.keys import RIGHTS, Right

__all__ = ["EVERYTHING", "NOBODY", "Access", "Need"]

Need = Literal["open", "any", "page", "shell", "front", "embed", "search", "control"]
"""What a route asks for. `open` nothing; `any` some key, where the server has keys; `page` that too, and a Host of its
own; `shell` its own origin, and no key, since the page asks for it; `front` that too, but programs need a key; a right:
a key that has it, and but for `embed` the server's own origin.
"""


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may do: the name of its key, its rights, and the filter of all that it reads of the table."""

    name: str
    can: frozenset[Right]
    filter: str | None = None


EVERYTHING: Final = Access("", frozenset(RIGHTS))
"""The access of who asks a server without keys, or has its one key."""

NOBODY: Final = Access("", frozenset())
"""The access of who showed no key where there are some: for what is open."""

"""What to do with a part whose node died: try it again, halve it, or give up its only file. Starts nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from embedingest.cluster.launcher import NodeDied
    from embedingest.cluster.values import Part

__all__ = ["Attempts", "Verdict", "lost_document"]

Verdict: TypeAlias = Literal["again", "halve", "give_up"]

_KILLS: int = 2
"""A node that was ended from outside counts this much less than one that a document may have felled."""


class Attempts:
    """Counts deaths by part: after `most` of them a part is halved, and one of a single file given up.

    Where nodes are ended from outside, by the system or a person, twice as many are needed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._deaths: Counter[int] = Counter()

    def died(self, part: Part, *, outside: bool) -> Verdict:
        """The node that worked on this part died."""
        self._deaths[part.number] += 1 if outside else _KILLS
        if self._deaths[part.number] < self._most * _KILLS:
            return "again"
        return "halve" if len(part.files) > 1 else "give_up"

    def ended(self, number: int) -> None:
        """A part has come to its end."""
        self._deaths.pop(number, None)


def lost_document(source: str, death: NodeDied) -> DocumentError:
    """The failure of the only file of a part whose nodes died."""
    if death.outside:
        reason = f"{source} could not be embedded: each node that had it was ended from outside ({death.reason})"
        remedy = "where the system ran out of memory, take fewer nodes, or lower `run.part_bytes`"
        return DocumentError(reason, source=source, kind="transient", code="killed", remedy=remedy)
    return DocumentError(f"{source} took its node down ({death.reason})", source=source, code="crashed")

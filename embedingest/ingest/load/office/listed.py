"""Blocks of an office document, and the list whose items come one after the other. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedingest.ingest.load.common.assembly import Assembly

__all__ = ["OpenList"]


class OpenList:
    """Items that stand together as one block of `assembly` once the list ends.

    `items` are their lines so far, `widths` how wide the marks of each level are, in characters.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self.items: list[str] = []
        self.widths: list[int] = []

    def block(self, block: str) -> None:
        """A block that is no item: it ends the list. An empty one is none, and does not."""
        if block:
            self.end()
            self._assembly.add(block)

    def end(self) -> None:
        """The list ends, if there is one."""
        if self.items:
            self._assembly.add("\n".join(self.items))
            self.items, self.widths = [], []

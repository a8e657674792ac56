"""Blocks of an office document, and the list whose items come one after the other. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.load.common.listing import listing

if TYPE_CHECKING:
    from embedingest.ingest.load.common.assembly import Assembly

__all__ = ["OpenList"]


class OpenList:
    """Items that stand together as one block of `assembly` once the list ends, or lines of a listing that do.

    `items` are their lines so far, `widths` how wide the marks of each level are, in characters.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self.items: list[str] = []
        self.widths: list[int] = []
        self._code: list[str] = []

    def block(self, block: str) -> None:
        """A block that is no item: it ends the list. An empty one is none, and does not."""
        if block:
            self.end()
            self._assembly.add(block)

    def item(self, item: str) -> None:
        """One more item; a listing ends before it."""
        if self._code:
            self.end()
        self.items.append(item)

    def code(self, line: str) -> bool:
        """A line of a listing; a blank one only where a listing is under way. Whether it was taken."""
        if not line.strip() and not self._code:
            return False
        if self.items:
            self.end()
        self._code.append(line)
        return True

    def end(self) -> None:
        """The list or the listing ends, if there is one."""
        if self._code:
            code, self._code = listing(self._code), []
            self._assembly.add(code)
        if self.items:
            self._assembly.add("\n".join(self.items))
            self.items, self.widths = [], []

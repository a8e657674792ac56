"""Items of lists, each at its depth behind its mark, as Markdown has them. Knows no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from embedingest.ingest.load.common.assembly import Assembly

__all__ = ["DEEPEST", "Depths", "Items", "width"]

DEEPEST: Final = 48
"""Characters to the right at most, whatever the nesting: each line of the text is written that far."""


def width(mark: str) -> int:
    """How far to the right of its mark the words of an item stand; letters and Roman numbers stand behind a bullet."""
    return 0 if not mark else len(mark) + 1 if mark[0].isdigit() else 2


class Depths:
    """How far to the right the items of each depth stand: behind the marks of those that they are in."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def begin(self, depth: int, mark: str) -> int:
        """Where the mark of an item stands that is in `depth` others."""
        del self._widths[depth:]
        self._widths += [2] * (depth - len(self._widths))
        begin = self.inside(depth)
        self._widths.append(width(mark))
        return begin

    def inside(self, depth: int) -> int:
        """Where words stand that are in `depth` items."""
        return min(sum(self._widths[:depth]), DEEPEST)

    def end(self) -> None:
        """No list is open any more."""
        self._widths.clear()


class Items:
    """Blocks for `assembly`, each at its depth of lists; items of one line stand close together.

    `indent` is how far to the right the words of the present item stand, in characters; `mark` what the next block
    begins with: a bullet, a number, or who speaks.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._open: list[str] = []  # blocks of the list under way, with what parts them
        self._close = False
        self._begin = 0  # where the mark stands
        self.indent = 0
        self.mark = ""

    def enter(self, indent: int, mark: str) -> None:
        """What comes stands at this depth. A mark without words yet stands before the mark of the item in it."""
        if mark and self.mark and indent > self.indent > 0 and len(self.mark) < DEEPEST:
            mark = f"{self.mark} {mark}"
        elif mark:
            self._begin = indent - width(mark)
        elif indent < self.indent:
            self.mark = ""
        self.indent = indent
        self.mark = mark or self.mark

    def add(self, block: str) -> None:
        """Append a block at the present depth."""
        mark, self.mark = self.mark, ""
        if not self.indent:
            self._end()
            self._assembly.add(f"{mark} {block}".lstrip() if mark else block)
            return
        hang = min(self.indent, DEEPEST)
        lines = block.split("\n")
        first = f"{mark} {lines[0]}" if mark else lines[0]
        begin = " " * min(self._begin if mark else hang, DEEPEST)
        close = bool(mark) and len(lines) == 1
        if self._open:
            self._open.append("\n" if close and self._close else "\n\n")
        self._open.append("\n".join([begin + first, *(" " * hang + line if line else "" for line in lines[1:])]))
        self._close = close

    def finish(self) -> str:
        """The whole text."""
        self._end()
        return self._assembly.text

    def _end(self) -> None:
        """The list ends, if there is one."""
        if self._open:
            self._assembly.add("".join(self._open))
            self._open, self._close = [], False

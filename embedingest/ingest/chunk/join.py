"""Small sections that belong together: which neighbours may share a chunk. Knows sizes by a function, cuts nothing.

A section, or a heading with all that is below it, is small where it stays below the size aimed at. Small neighbours
under one heading are a run, to be packed; whatever is larger stands alone and ends the run.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from embedingest.ingest.chunk.sections import Section

    Size = Callable[[int, int], int]
    Unit = tuple[Section, ...]
    """Sections that follow each other and are small together, or one that is not."""

__all__ = ["attached", "common", "runs"]

_FEW: Final = 5
_DEEPEST: Final = 16
"""Headings below this level are neighbours of each other."""


def attached(sections: Sequence[Section], size: Size, most: float) -> list[Section]:
    """The sections without headings that stand alone, where those have at most `most` tokens.

    A heading without words goes to the section that follows it under its parent, else to the one before; so does what
    opens a document with a title and a few words.
    """
    forward: list[Section] = []
    for section in reversed(sections):
        following = forward[-1] if forward else None
        opens = section is sections[0] and following is not None and _opens(section, following, size, most)
        if (
            following is not None
            and (opens or _leads(section, following))
            and size(section.start, _body(following)) <= most
        ):
            forward[-1] = replace(
                following, start=section.start, blocks=section.blocks + following.blocks, apart=section.apart
            )
        else:
            forward.append(section)
    forward.reverse()
    kept: list[Section] = []
    tail = 0
    for index, section in enumerate(forward):
        last = index + 1 == len(forward) or not _leads(section, forward[index + 1])
        if kept and last and section.bare and not section.apart and not kept[-1].bare:
            tail = tail if tail > kept[-1].start else section.start
            if size(tail, section.end) <= most:
                kept[-1] = replace(kept[-1], end=section.end, blocks=kept[-1].blocks + section.blocks)
                continue
        kept.append(section)
        tail = 0
    return kept


def runs(sections: Sequence[Section], size: Size, aim: float) -> Iterator[list[Unit]]:
    """The sections in order: runs of small units to be packed, and each large section as a run of one."""
    sizes = [0, *accumulate(size(section.start, section.end) for section in sections)]
    apart = [0, *accumulate(section.apart for section in sections)]
    run: list[Unit] = []
    parent: tuple[tuple[int, str], ...] = ()
    # Stretches to look at, the next one last; each is below the heading of this depth.
    stack = [(0, len(sections), 0)]
    while stack:
        first, stop, depth = stack.pop()
        together = sections[first].outline[: max(0, depth - 1)]
        small = sizes[stop] - sizes[first] <= aim and apart[stop] == apart[first + 1]
        if run and (not small or sections[first].apart or together != parent):
            yield run
            run = []
        if small:
            parent = together
            run.append(tuple(sections[first:stop]))
        elif stop == first + 1:
            yield [(sections[first],)]
        else:
            stack.extend(reversed(list(_below(sections, first, stop, depth))))
    if run:
        yield run


def common(sections: Sequence[Section]) -> tuple[str, ...]:
    """The words of the headings that stand above all of these neighbours."""
    first, last = sections[0].outline, sections[-1].outline
    return tuple(heading[1] for heading, other in zip(first, last, strict=False) if heading == other and heading[1])


def _below(sections: Sequence[Section], first: int, stop: int, depth: int) -> Iterator[tuple[int, int, int]]:
    """The stretches of a stretch: what stands below its heading itself, and each of the headings below that."""
    begin = first
    for index in range(first + 1, stop + 1):
        if index == stop or depth >= _DEEPEST or _at(sections[index], depth) != _at(sections[begin], depth):
            yield begin, index, depth + 1
            begin = index


def _at(section: Section, depth: int) -> int:
    """Where the heading of this depth begins that a section stands below."""
    return section.outline[depth][0] if depth < len(section.outline) else -1


def _leads(section: Section, following: Section) -> bool:
    """Whether it is nothing but headings, and what follows stands below the same parent."""
    above = section.outline[:-1]
    return section.bare and not following.apart and following.outline[: len(above)] == above


def _opens(section: Section, following: Section, size: Size, most: float) -> bool:
    """Whether a section is a title and a few words over the one that follows."""
    below = following.outline[: len(section.outline)] == section.outline and not following.apart
    return below and size(section.start, section.end) <= most / _FEW


def _body(section: Section) -> int:
    """Where its headings end."""
    return next((block.start for block in section.blocks if block.kind != "heading"), section.end)

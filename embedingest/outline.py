"""The headings of a document of the table, and the chunks below one of them.

Pure: rows in, values out. Headings are those that chunks stand below: of small sections that share a chunk, the one
above all of them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.measure import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.types import Row

__all__ = ["MOST_HEADINGS", "Heading", "below", "headings", "own_texts", "section_name"]

MOST_HEADINGS: Final = 500
"""So many are told of one document: of more, the deepest are left out."""
_BETWEEN: Final = " > "
_MOST_NAMED: Final = 8


@dataclass(slots=True)
class Heading:
    """A heading with all headings above it, the chunks below it, and about how many tokens these have."""

    path: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    tokens: int = 0


def section_name(headings: str | Sequence[str]) -> str:
    """A heading with those above it, from the outermost on, as it is named: `Guide > Setup`."""
    return headings if isinstance(headings, str) else _BETWEEN.join(headings)


def own_texts(rows: Sequence[Row]) -> list[str]:
    """Of each chunk what the chunks before it do not have; the rows of a document in order."""
    texts: list[str] = []
    end = rows[0].start if rows else 0
    for row in rows:
        texts.append(row.text[max(0, end - row.start) :])
        end = max(end, row.end)
    return texts


def headings(rows: Sequence[Row]) -> list[Heading]:
    """The headings of a document in the order in which they come first; its rows are in order."""
    count = Estimate().count
    found: dict[tuple[str, ...], Heading] = {}
    for row, text in zip(rows, own_texts(rows), strict=True):
        own = count(text)
        for depth in range(1, len(row.heading_path) + 1):
            path = row.heading_path[:depth]
            heading = found.setdefault(path, Heading(path))
            heading.rows.append(row)
            heading.tokens += own
    return list(found.values())


def below(rows: Sequence[Row], section: str) -> Sequence[Row]:
    """The chunks of a document below the heading that `section` names: alone, or with some or all of those above it.

    Upper and lower case are the same. Raises ConfigError where no heading or more than one is meant.
    """
    known = headings(rows)
    wanted = section.strip().casefold()
    names = [section_name(heading.path).casefold() for heading in known]
    meant = [heading for heading, name in zip(known, names, strict=True) if name == wanted] or [
        heading for heading in known if any(wanted == name for name in _endings(heading.path))
    ]
    if len(meant) == 1:
        return meant[0].rows
    source = rows[0].source
    if meant:
        raise ConfigError(
            f"`{source}` has {len(meant)} sections called `{section}`: {_listed(meant)}",
            remedy="put the headings above it before it, from the outermost on",
        )
    near = difflib.get_close_matches(wanted, [name.rpartition(_BETWEEN)[2] for name in names], n=1)
    like = [heading for heading in known if near and heading.path[-1].casefold() == near[0]]
    has = f"did you mean {_listed(like)}?" if like else f"it has {_listed(known)}" if known else "it has no headings"
    raise ConfigError(
        f"`{source}` has no section `{section[:200]}`: {has}",
        remedy="its outline names those that there are; what stands below none is read by lines, page or chunks",
    )


def _endings(path: tuple[str, ...]) -> list[str]:
    """The names that a heading has with fewer of the headings above it."""
    return [section_name(path[start:]).casefold() for start in range(1, len(path))]


def _listed(some: Sequence[Heading]) -> str:
    named = ", ".join(f"`{section_name(heading.path)[:100]}`" for heading in some[:_MOST_NAMED])
    return named if len(some) <= _MOST_NAMED else f"{named} and {len(some) - _MOST_NAMED} more"

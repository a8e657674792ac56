"""Which documents of a table people mean by the names that they write. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from embedingest.errors import ConfigError
from embedingest.ingest.identity import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["meant"]


def meant(names: Iterable[str], sources: Collection[str]) -> dict[str, str]:
    """The source that each name means; names that mean none are left out.

    A name is a source as the table has it, or its path below the root, or its last part, or that without its suffix
    (`4983` for `scifact/4983.txt`), in this order. Raises ConfigError for one that means several.
    """
    whole = set(sources)
    shorter: list[dict[str, list[str]]] = [defaultdict(list) for _ in range(3)]
    for source in sorted(whole):
        for meanings, spelling in zip(shorter, _spellings(source), strict=True):
            meanings[spelling].append(source)
    found = {}
    for name in names:
        if name in whole:
            found[name] = name
        elif (likely := next((meanings[name] for meanings in shorter if name in meanings), None)) is not None:
            found[name] = _only(name, likely)
    return found


def _only(name: str, likely: list[str]) -> str:
    if len(likely) > 1:
        more = f" and {len(likely) - 2} more" if len(likely) > 2 else ""
        raise ConfigError(
            f"`{name}` may be `{likely[0]}` or `{likely[1]}`{more}", remedy="write it as `search --json` tells sources"
        )
    return likely[0]


def _spellings(source: str) -> Iterator[str]:
    parsed = Source.parse(source)
    yield parsed.readable
    last = ([parsed.path or parsed.alias, *parsed.members])[-1].rpartition("/")[2]
    yield last
    yield last.rpartition(".")[0] or last

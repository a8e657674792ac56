"""Which items of a source are for us, with facts that change when they do. Reads none of them.

A listing that does not come to its end says so (`SkippedPath` with `subtree`): what it did not name is unknown, and may
not be called deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.scan.excluded import OURS
from embedingest.ingest.scan.listing import Beside, FoundFile, Listed, SkippedPath
from embedingest.ingest.scan.sidecar import SidecarNames, combined_facts
from embedingest.ingest.sources.place import NotListedError, facts_of_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from embedingest.ingest.scan.ignore import Rules
    from embedingest.ingest.sources.base import Item
    from embedingest.ingest.sources.place import Place

__all__ = ["ItemScanner"]

_MOST_FOLDERS: Final = 50_000
"""So many folders' rules are remembered; listings come in the order of keys, or nearly so."""

_NO_NAMES: Final = frozenset({"", ".", ".."})
"""Parts of keys that no file or folder is called by: no rule is about them."""


class ItemScanner:
    """One source and its rules. Each call lists it as it is now.

    Patterns of the settings and default excludes apply to keys, the parts before a slash being folders. `sidecars` are
    the name templates of items with metadata for the item beside them: with any, a look lists twice, since what belongs
    to an item may come long after it.
    """

    def __init__(self, place: Place, rules: Rules, sidecars: Sequence[str] = ()) -> None:
        self.place: Final = place
        self._rules: Final = rules
        self._sidecars: Final = SidecarNames(sidecars)
        self._folders: dict[str, str | None] = {}

    @property
    def root(self) -> str:
        return self.place.where

    def scan(self, below: str = "", *, excluded: dict[str, int] | None = None) -> Iterator[FoundFile | SkippedPath]:
        """Every item that is for us as the listing comes, or those that are this key or lie below it."""
        counts: dict[str, int] = {} if excluded is None else excluded
        self._folders.clear()
        try:
            beside = self._listed_sidecars()
            for item in self.place.items():
                key = item.key
                if not key:
                    yield SkippedPath("", "special", f"an item of `{self.root}` without a name")
                elif (not below or key == below or key.startswith(below + "/")) and self._takes(key, counts):
                    yield self._found(item, beside.get)
        except NotListedError as error:
            yield SkippedPath("", "unlisted", str(error), subtree=True)

    def scan_paths(self, relatives: Iterable[str]) -> Iterator[tuple[str, FoundFile | SkippedPath | None]]:
        """What these keys are now: an item for us, or `None`. One SkippedPath where that cannot be told."""
        keys = [key for key in relatives if key]
        try:
            items = self.place.items_of([*keys, *(name for key in keys for name in self._sidecars.of(key))])
        except NotListedError as error:
            yield "", SkippedPath("", "unlisted", str(error), subtree=True)
            return
        for key in keys:
            item = items.get(key)
            yield key, self._found(item, items.get) if item is not None and self._takes(key, {}) else None

    def concerned(self, relatives: Iterable[str]) -> set[str]:
        """The keys to look at again where these have changed."""
        return set(relatives)

    def _listed_sidecars(self) -> Mapping[str, Item]:
        """Every item that is a sidecar, by key. Raises NotListedError."""
        if not self._sidecars:
            return {}
        return {item.key: item for item in self.place.items() if self._sidecars.has(item.key)}

    def _found(self, item: Item, sidecar: Callable[[str], Item | None]) -> FoundFile:
        facts = facts_of_item(item)
        for name in self._sidecars.of(item.key):
            if (other := sidecar(name)) is not None:
                beside = Beside(name, other.mark, facts_of_item(other))
                combined = combined_facts(facts, beside.facts)
                return FoundFile(item.key, combined, listed=Listed(item.mark, facts, beside))
        return FoundFile(item.key, facts, listed=Listed(item.mark, facts))

    def _takes(self, key: str, excluded: dict[str, int]) -> bool:
        """Whether a key is for us; what a rule leaves out is counted by it, a folder once."""
        folder, slash, name = key.rpartition("/")
        if slash and self._rule_of_folder(folder, excluded) is not None:
            return False
        if self._sidecars.has(key):
            return False
        if name not in _NO_NAMES and (rule := self._rules.exclusion(key, name)) is not None:
            excluded[rule] = excluded.get(rule, 0) + 1
            return False
        return self._rules.includes(key)

    def _rule_of_folder(self, folder: str, excluded: dict[str, int]) -> str | None:
        """The rule that leaves out a folder, by its own name or that of one above it."""
        unknown = []
        while folder and folder not in self._folders:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        rule = self._folders.get(folder)
        if len(self._folders) >= _MOST_FOLDERS:
            self._folders.clear()
        for inner in reversed(unknown):
            if rule is None and (rule := self._rule_of(inner)) is not None:
                excluded[rule] = excluded.get(rule, 0) + 1
            self._folders[inner] = rule
        return rule

    def _rule_of(self, folder: str) -> str | None:
        if f"{folder}/" in self.place.ours:
            return OURS
        name = folder.rpartition("/")[2]
        return None if name in _NO_NAMES else self._rules.exclusion(f"{folder}/", name)

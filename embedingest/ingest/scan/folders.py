"""The roots of a run and who finds the files of each, with our own folders left out. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.roots import resolve
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.scan.sidecar import SidecarScanner
from embedingest.ingest.sources.scanner import ItemScanner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from embedingest.config import PipelineConfig
    from embedingest.ingest.scan.listing import Finder
    from embedingest.ingest.scan.roots import Root, RootSettings
    from embedingest.ingest.sources.place import Place

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """What is followed. `outputs` are our own folders, never ingested, `sidecars` patterns of sidecar files, `places`
    the opened sources that are no folders, by alias.
    """

    roots: tuple[Root, ...] = ()
    outputs: Sequence[Path] = ()
    sidecars: Sequence[str] = ()
    places: Mapping[str, Place] = field(default_factory=dict)

    @classmethod
    def of(
        cls, config: PipelineConfig, outputs: Sequence[Path], known: Mapping[str, str], places: Iterable[Place] = ()
    ) -> Self:
        """The folders of the settings, with the aliases that are `known`. Raises ConfigError."""
        return cls.found(config.sources, known, outputs, config.metadata_rules.sidecar, places)

    @classmethod
    def found(
        cls,
        sources: Sequence[RootSettings],
        known: Mapping[str, str],
        outputs: Sequence[Path],
        sidecars: Sequence[str],
        places: Iterable[Place] = (),
    ) -> Self:
        """As `of`, of the parts of settings that it needs."""
        opened = {place.alias: place for place in places}
        roots = resolve(sources, known, {alias: place.where for alias, place in opened.items()})
        return cls(roots, outputs, sidecars, opened)

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset(root.alias for root in self.roots)

    def finder(self, root: Root) -> Finder:
        """Who finds the files of a root, with our own folders left out as they are now."""
        if not root.place:
            return self.scanner(root)
        rules = Rules.of(
            include=root.config.include, exclude=root.config.exclude, gitignore=False, hidden=root.config.hidden
        )
        return ItemScanner(self.places[root.alias], rules, self.sidecars)

    def scanner(self, root: Root) -> Scanner:
        """The scanner of a root that is a folder, or a file."""
        source = root.config
        rules = Rules.of(
            include=source.include,
            exclude=source.exclude,
            gitignore=source.gitignore,
            hidden=source.hidden,
            follow_symlinks=source.follow_symlinks,
            outputs=[path for path in self.outputs if path.exists()],
        )
        return SidecarScanner(root.path, rules, tuple(self.sidecars)) if self.sidecars else Scanner(root.path, rules)

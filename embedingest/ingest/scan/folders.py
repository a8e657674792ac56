"""The roots of a run and the scanner of each, with our own folders left out. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.roots import resolve
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.scan.sidecar import SidecarScanner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from embedingest.config import PipelineConfig
    from embedingest.ingest.scan.roots import Root

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """What is followed. `outputs` are our own folders, never ingested, `sidecars` patterns of sidecar files."""

    roots: tuple[Root, ...] = ()
    outputs: Sequence[Path] = ()
    sidecars: Sequence[str] = ()

    @classmethod
    def of(cls, config: PipelineConfig, outputs: Sequence[Path], known: Mapping[str, str]) -> Self:
        """The folders of the settings, with the aliases that are `known`. Raises ConfigError."""
        return cls(resolve(config.sources, known), outputs, config.metadata_rules.sidecar)

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset(root.alias for root in self.roots)

    def scanner(self, root: Root) -> Scanner:
        """The scanner of a root, with our own folders left out as they are now."""
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

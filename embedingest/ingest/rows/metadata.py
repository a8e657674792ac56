"""The metadata of a row: from the document, its path, its front matter, its sidecar, the settings.

Reads no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.identity import Source
from embedingest.ingest.rows.path_pattern import PathPattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.config import MetadataRules
    from embedingest.types import Document

__all__ = ["Metadata"]

_LOADER_FACTS: Final = frozenset({"encoding", "compression"})
"""What a loader states beside a front matter."""


class Metadata:
    """The metadata of every document of a pipeline.

    `constants` have the last word, before them a sidecar, then the path, then the document itself.
    """

    def __init__(self, constants: Mapping[str, Any], rules: MetadataRules) -> None:
        self._constants = constants
        self._front_matter = rules.front_matter
        self._paths = [PathPattern(pattern) for pattern in rules.path]
        changed = rules.model_dump(mode="json", exclude_defaults=True)
        # Without rules the hash is that of the constants alone, so that adding none changes no row.
        self.rules: Mapping[str, Any] = {**constants, "#rules": changed} if changed else constants

    def of(self, document: Document, sidecar: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The metadata of one document, as all its rows carry it; `sidecar` is what the file beside it says."""
        return {**self._kept(document), **self._from_path(document.source), **(sidecar or {}), **self._constants}

    def _kept(self, document: Document) -> dict[str, Any]:
        metadata = dict(document.metadata)
        if self._front_matter is True or document.markup != "markdown":
            return metadata
        names = set() if self._front_matter is False else set(self._front_matter)
        return {name: value for name, value in metadata.items() if name in names | _LOADER_FACTS}

    def _from_path(self, source: str) -> dict[str, str]:
        below = Source.parse(source).readable if self._paths else ""
        for pattern in self._paths:
            words = pattern.words(below)
            if words is not None:
                return words
        return {}

"""Bytes to documents, one loader a kind of file. Knows no chunks, no models, no tables.

A loader is created by name through the registry, in worker processes too: its factory takes its settings as
keyword arguments, and a heavy library is imported only inside `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from embedingest.types import Document

__all__ = ["Loader"]


@runtime_checkable
class Loader(Protocol):
    """Reads one kind of file.

    `version` changes whenever the same bytes would give another document, so that what was read before is
    read again. `suffixes` are lower case with their dot, or whole lower-case names such as `makefile`.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def suffixes(self) -> frozenset[str]: ...

    @property
    def mimes(self) -> frozenset[str]: ...

    def load(self, data: bytes, name: str) -> Document:
        """The document these bytes hold, its source being `name`.

        Raises DocumentError with a `code` (`corrupt`, `encrypted`, `missing_extra`, …) where there is none, and
        DocumentSkipped where there is nothing to read by rule (`binary`, `image_only`). What was lost on the
        way is counted in the document's `notices`.
        """
        ...

"""Sentences that were written about chunks, kept on disk by what was asked. Knows nobody who writes them."""

from __future__ import annotations

from embedingest.ingest.state.disk_cache import DiskCache

__all__ = ["SentenceCache"]


class SentenceCache(DiskCache[str]):
    """Sentences by the key of their request."""

    kind = "cache of contexts"

    def _packed(self, _: str, value: str) -> bytes:
        return value.encode()

    def _unpacked(self, _: str, blob: bytes) -> str | None:
        return blob.decode()

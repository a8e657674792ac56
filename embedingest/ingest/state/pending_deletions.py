"""The journal's table of deletions that wait for a person. Decides none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.ingest.state.database import JournalDatabase

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PendingDeletions"]


class PendingDeletions(JournalDatabase):
    """Sources that are gone from their folder and still in the table."""

    def pending(self) -> dict[str, bool]:
        """Sources whose deletion waits, and whether it was confirmed."""
        return {source: bool(confirmed) for source, confirmed in self._all("SELECT source, confirmed FROM pending")}

    def pending_elsewhere(self) -> list[str]:
        """Sources whose deletion waits unconfirmed, and whose content stands under a name that does not wait."""
        query = (
            "SELECT f.source FROM pending p JOIN files f ON f.source=p.source WHERE NOT p.confirmed"
            " AND f.content_hash IN (SELECT o.content_hash FROM files o WHERE o.state IN ('done', 'unverified')"
            " AND o.source NOT IN (SELECT source FROM pending) AND o.content_hash IN"
            " (SELECT content_hash FROM files JOIN pending USING (source) WHERE content_hash <> ''))"
        )
        return [row[0] for row in self._all(query)]

    def set_pending(self, sources: Iterable[str], since: float) -> None:
        """Let these deletions wait, `since` seconds after the epoch; one that waits already keeps its time."""
        self._run_many("INSERT OR IGNORE INTO pending VALUES (?, ?, 0)", [(source, since) for source in sources])

    def drop_pending(self, sources: Iterable[str]) -> None:
        """These deletions need no confirmation any more."""
        self._run_many("DELETE FROM pending WHERE source=?", [(source,) for source in sources])

    def confirm(self, sources: Iterable[str] | None = None) -> int:
        """Let waiting deletions happen; all of them without names. The number that will."""
        if sources is None:
            return self._run_many("UPDATE pending SET confirmed=1", [()])
        return self._run_many("UPDATE pending SET confirmed=1 WHERE source=?", [(source,) for source in sources])

    def unconfirm(self) -> None:
        """What was confirmed and did not happen waits again: a yes holds for the run that it was said to."""
        if self._one("SELECT 1 FROM pending WHERE confirmed LIMIT 1") is not None:
            self._run("UPDATE pending SET confirmed=0")

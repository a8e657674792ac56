"""Rows joined in fewer files, indices folded over new rows, old versions removed. Knows not when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from embedingest.store.handle import TableHandle

__all__ = ["join"]

_MOST_PASSES: Final = 3
_TAG_MARGIN: Final = timedelta(seconds=1)


def join(table: TableHandle, retention_seconds: float | None = None) -> None:
    """Join rows and fold indices; with `retention_seconds` remove older versions too, until nothing changes.

    One pass joins the rows that no index covers with each other only, and folds them; the next joins them with the
    rest. Raises StoreError.
    """
    with table.translated("compact"):
        if retention_seconds is None:
            table.lance.optimize()
            return
        for _ in range(_MOST_PASSES):
            before = int(table.lance.version)
            _optimize(table, timedelta(seconds=retention_seconds))
            if int(table.lance.version) == before:
                return


def _optimize(table: TableHandle, retention: timedelta) -> None:
    """One pass. LanceDB refuses to remove what a tag of its own names, so what is older than such a tag stays."""
    try:
        table.lance.optimize(cleanup_older_than=retention)
    except RuntimeError as error:
        if "tagged version" not in str(error):
            raise
        tagged = {int(facts["version"]) for facts in table.lance.tags.list().values()}
        times = [
            facts["timestamp"].astimezone(UTC) for facts in table.lance.list_versions() if facts["version"] in tagged
        ]
        oldest = datetime.now(UTC) - min(times, default=datetime.now(UTC))
        table.lance.optimize(cleanup_older_than=max(retention, oldest + _TAG_MARGIN))

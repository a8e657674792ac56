"""How a table stands to its folders, as assistants are told it: what one asks for of `status --json`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["freshness"]


def freshness(known: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the table is in sync, what is behind or failed, and the roots; `known` is empty where nothing is."""
    if not known:
        return {"roots": []}
    committed = known["last_commit"]
    unnamed = {root["alias"]: root for root in known["unnamed"]}
    roots = {root["alias"]: root for root in known["roots"]} | unnamed
    return {
        "in_sync": known["in_sync"],
        "behind": {name: known["behind"][name] for name in ("to_read", "gone")},
        "last_change": None if not committed else datetime.fromtimestamp(committed, UTC).isoformat(),
        "followed_now": known["writer"] is not None,
        "failed_documents": len(known["failures"]),
        "deletions_waiting": len(known["pending_deletes"]),
        "unreadable": [item["source"] for item in known["unreadable"]],
        "damaged_files": len(known["damage"]),
        "roots": [
            {"name": alias, "path": root["path"], "files": root["files"], "compared": alias not in unnamed}
            for alias, root in roots.items()
        ],
    }

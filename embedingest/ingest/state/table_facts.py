"""The journal's note of the table's figures, for readers that need not open the table. Knows no table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from embedingest.ingest.state.journal import Journal

__all__ = ["latest_facts", "note_facts", "noted_facts"]

_KEY: Final = "table_facts"


def note_facts(journal: Journal, token: str, facts: dict[str, Any]) -> None:
    """Note the figures of the version of the table that `token` names."""
    journal.set_meta(_KEY, json.dumps([token, facts]))


def latest_facts(journal: Journal) -> dict[str, Any]:
    """The figures that the last writer noted, of whatever version that was; empty before the first commit."""
    text = journal.meta(_KEY)
    facts: dict[str, Any] = json.loads(text)[1] if text else {}
    return facts


def noted_facts(journal: Journal, token: str | None) -> dict[str, Any] | None:
    """The figures that the last writer noted; `None` where they are of another version than that of `token`."""
    text = journal.meta(_KEY)
    noted, facts = json.loads(text) if text else (None, None)
    return facts if noted and noted == token else None

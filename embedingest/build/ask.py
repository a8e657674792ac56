"""Who has a table open is asked before it is opened here. Imports no engine, no table and no settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from embedingest.asking.address import Address
from embedingest.asking.client import ask
from embedingest.build.found import is_found
from embedingest.build.journals import journal_path
from embedingest.store.uri import local_folder
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["address_of", "heading", "search_live"]


def address_of(state: Path, db: str, table: str) -> Address:
    """Where the program that has the table open is asked."""
    return Address(state, journal_path(state, db, table).name)


def heading(state: Path, db: str, table: str) -> dict[str, str]:
    """What a question says of who asks: only the same version, of the same table and state folder, answers."""
    folder = local_folder(db)
    place = db if folder is None else os.path.realpath(folder)
    return {"version": __version__, "state": os.path.realpath(state), "db": place, "table": table}


def search_live(state: Path, db: str, table: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The document of a search, from the program that has the table open.

    `None` where there is none, it leaves that to who asks, or what it says is no such document.
    """
    question = {**heading(state, db, table), "ask": "search", "arguments": arguments}
    document = ask(address_of(state, db, table), question)
    return document if is_found(document, arguments["text"]) else None

"""Who has a table open is asked before it is opened here. Imports no engine, no table and no settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from embedingest.asking.address import Address
from embedingest.asking.client import ask
from embedingest.build.journals import journal_path
from embedingest.store.uri import local_folder
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["address_of", "ask_live", "heading"]


def address_of(state: Path, db: str, table: str) -> Address:
    """Where the program that has the table open is asked."""
    return Address(state, journal_path(state, db, table).name)


def heading(state: Path, db: str, table: str) -> dict[str, str]:
    """What a question says of who asks: only the same version, of the same table and state folder, answers."""
    folder = local_folder(db)
    place = db if folder is None else os.path.realpath(folder)
    return {"version": __version__, "state": os.path.realpath(state), "db": place, "table": table}


def ask_live(state: Path, db: str, table: str, verb: str, arguments: Mapping[str, Any]) -> Any:
    """What the program that has the table open answers; `None` where there is none, or it leaves that to who asks."""
    question = {**heading(state, db, table), "ask": verb, "arguments": arguments}
    return ask(address_of(state, db, table), question)

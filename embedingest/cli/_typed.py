"""Commands as they are typed here for a table: with the options without which they would mean another one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from embedingest.paths import absolute
from embedingest.store.uri import absolute_uri
from embedingest.types import DEFAULT_TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config

__all__ = ["place_of", "typed"]


def typed(command: str, state: Path, db: str, table: str) -> str:
    """`embedingest confirm --state st --table work`, without what is meant anyway."""
    from embedingest.build.place import place_to_read

    words = ["embedingest", command]
    usual = place_to_read(None, None, table)
    if absolute(state) != usual.state:
        words += ["--state", str(state)]
        usual = place_to_read(None, state, table)
    if absolute_uri(db) != usual.db:
        words += ["--db", db]
    if table != DEFAULT_TABLE:
        words += ["--table", table]
    return shlex.join(words)


def place_of(config: Config) -> tuple[Path, str, str]:
    """State folder, database and table of the pipeline `default`."""
    pipeline = config.pipelines["default"]
    return config.state, pipeline.db, pipeline.table

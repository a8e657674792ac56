"""`embedingest mcp`: the table for assistants, over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import table_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["mcp"]


@click.command()
@table_options
@click.option("-m", "--model", default=None, envvar="EMBEDINGEST_MODEL", help="Default: the model the table remembers.")
def mcp(db: str, table: str, state: Path, model: str | None) -> None:
    """Let an assistant search the table: a Model Context Protocol server on standard input and output.

    Needs `pip install 'embedingest[mcp]'`. An assistant's settings name this command and its folder.
    """
    from embedingest.build.inspect import FoldersBehind
    from embedingest.build.remembered import reranker_of, searching
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.mcp import create_server

    name, config = searching(state, db, table, model)
    with Session(config) as session:
        searcher = open_searcher(
            session,
            db=db,
            table=table,
            model=name,
            consistency_seconds=1.0,
            named=model is not None,
            rerank=reranker_of(config),
        )
        create_server(searcher, FoldersBehind(state, db, table)).run("stdio")

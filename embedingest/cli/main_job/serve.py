"""`embedingest serve`: the engine over HTTP until told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._complete import complete_model
from embedingest.cli._interrupt import handled_elsewhere
from embedingest.cli._options import table_options
from embedingest.cli._server import announce, server_options

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config, EngineConfig

__all__ = ["serve"]


@click.command()
@server_options
@click.option(
    "--preload/--no-preload",
    default=True,
    show_default=True,
    help="Load the models of the table, and the reranker of the settings, before the first call.",
)
@click.option("--keep-alive", default=None, help="Idle time before a model is unloaded; -1 for ever.  [default: 5m]")
@click.option("--allow-model", "allow_models", multiple=True, help="Serve only this model; may be repeated.")
@click.option(
    "--token-ids",
    type=click.Choice(["cl100k_base"]),
    default=None,
    help="Spell out token ids that OpenAI's clients send.",
)
@click.option("--allow-pull", is_flag=True, help="Let clients fetch models from the hub.")
@click.option(
    "-m",
    "--model",
    default=None,
    envvar="EMBEDINGEST_MODEL",
    shell_complete=complete_model,
    help="Model name or folder.  [default: the one that wrote the table, else all-minilm]",
)
@table_options
def serve(
    preload: bool,
    keep_alive: str | None,
    model: str | None,
    db: str,
    table: str,
    state: Path,
    server: dict[str, Any],
    **flags: Any,
) -> None:
    """Answer Ollama's and OpenAI's embedding calls, and search the table, until Ctrl-C."""
    from embedingest.build.live import answering
    from embedingest.build.remembered import reranker_of, searching
    from embedingest.build.serving import open_searcher, open_server, preloaded
    from embedingest.build.session import Session
    from embedingest.build.stores import served_table
    from embedingest.cli._environment import engine_settings, server_settings

    name, config = searching(state, db, table, model)
    rerank = reranker_of(config)
    settings = server_settings(preload=preloaded(name, config) if preload else (), **server, **flags)
    with Session(_with(config, engine_settings(keep_alive=keep_alive))) as session:
        if model is not None:
            session.engine.describe(name)  # what was asked for is there, or this says so: nobody reads a server's log
        searcher = open_searcher(session, db=db, table=table, model=name, consistency_seconds=1.0, rerank=rerank)
        place = state, db, table
        http = open_server(session, settings, searcher, place=place, stores=served_table(*place))
        announce(http.url, name)
        with answering(session, state=state, db=db, table=table), handled_elsewhere():
            http.run()


def _with(config: Config, engine: EngineConfig) -> Config:
    """What was remembered of the table, under what flags and variables say of the engine."""
    settings = config.engine.model_copy(update=engine.model_dump(exclude_unset=True))
    return config.model_copy(update={"engine": settings})

"""What a shell offers for a value: models here, documents that a command is about; nothing where that fails."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from pathlib import Path

    import click

__all__ = ["complete_model", "complete_reranker", "complete_source"]

_MOST: Final = 200
_PATH_BEGINS: Final = (".", "/", "~")


def complete_model(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Registered names, or a folder where a path is begun."""
    if incomplete.startswith(_PATH_BEGINS):
        return [CompletionItem(incomplete, type="dir")]
    names: list[str] = []
    with suppress(Exception):  # a shell has no place for what went wrong
        from embedingest.engine.catalog import Catalog

        names = [name.removesuffix(":latest") for name in Catalog({}).names()]
    return _beginning_with(incomplete, names)


def complete_reranker(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of rerankers, or a folder where a path is begun."""
    if incomplete.startswith(_PATH_BEGINS):
        return [CompletionItem(incomplete, type="dir")]
    names: list[str] = []
    with suppress(Exception):
        from embedingest.build.remembered import searching
        from embedingest.engine.catalog import Catalog
        from embedingest.engine.kinds import rerankers

        catalog = Catalog(searching(*_place(context), None)[1].models)
        names = [name.removesuffix(":latest") for name in rerankers(catalog.names(), catalog.describe)]
    return _beginning_with(incomplete, names)


def complete_source(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Documents that failed for `retry`, those whose deletion waits for `confirm`."""
    sources: list[str] = []
    with suppress(Exception):
        from embedingest.build.inspect import failed_documents, waiting_deletions

        find = waiting_deletions if context.info_name == "confirm" else failed_documents
        sources = find(*_place(context))
    return _beginning_with(incomplete, sources)


def _place(context: click.Context) -> tuple[Path, str, str]:
    """State folder, database and table that the words so far mean."""
    from embedingest.build.place import place_to_read

    named = context.params
    place = place_to_read(named.get("db"), named.get("state"), table := named.get("table") or "chunks")
    return place.state, place.db, table


def _beginning_with(incomplete: str, names: list[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and name.isprintable()][:_MOST]

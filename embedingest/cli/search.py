"""`embedingest search`: a question to the table."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Literal

import rich_click as click

from embedingest.cli._options import json_option, table_options

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

    from embedingest.store.values import Hit, SearchResult

__all__ = ["search"]

_PARTS: Final = ("cell", "sheet", "chapter")


@click.command()
@click.argument("query")
@table_options
@click.option("-m", "--model", help="Model name or folder.  [default: the one that wrote the table]")
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Most results.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Leave out this many first results.")
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "vector", "text"]),
    default="hybrid",
    show_default=True,
    help="Meaning and words together, meaning alone, or words alone.",
)
@click.option("--filter", "where", metavar="FILTER", help="Only rows that match, e.g. \"mime = 'text/markdown'\".")
@click.option("--group/--no-group", default=False, help="One result, the best, of each document.")
@click.option("-C", "--context", type=click.IntRange(0, 100), default=0, help="Neighbouring chunks on both sides.")
@click.option("--at", "snapshot", metavar="TAG", help="Search the table as it was at this snapshot.")
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@json_option
def search(
    query: str,
    db: str,
    table: str,
    state: Path,
    model: str | None,
    limit: int,
    offset: int,
    mode: Literal["hybrid", "vector", "text"],
    where: str | None,
    group: bool,
    context: int,
    snapshot: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Find the chunks that answer QUERY."""
    from embedingest.build.remembered import searching
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.cli._output import print_json
    from embedingest.query import result_to_json
    from embedingest.store.values import SearchQuery

    name, config = searching(state, db, table, model)
    session = Session(config)
    try:
        searcher = open_searcher(session, db=db, table=table, model=name, snapshot=snapshot)
        asked = SearchQuery(
            text=query,
            mode=mode,
            limit=limit,
            offset=offset,
            filter=where,
            group=group,
            context=context,
            explain=explain,
            highlight=True,
        )
        result = searcher.search(asked)
    finally:
        session.close()
    if as_json:
        print_json(result_to_json(asked, result))
    else:
        _draw(result)


def _draw(result: SearchResult) -> None:
    from rich.text import Text

    from embedingest.cli._output import console, data

    if result.note:
        console().print(result.note, style="dim", highlight=False)
    if not result.hits:
        console().print("nothing found", style="dim")
    for hit in result.hits:
        out = data()
        out.print(_place(hit), style="bold", highlight=False, end="  ", soft_wrap=True, markup=False)
        out.print(f"{hit.score:.4f}", style="cyan", highlight=False)
        if hit.row.heading_path:
            out.print(" › ".join(hit.row.heading_path), style="dim", highlight=False, markup=False)
        if hit.explain:
            out.print(", ".join(f"{name} {value}" for name, value in hit.explain.items()), style="dim", highlight=False)
        for text in hit.before:
            out.print(Text(_flat(text), style="dim"), soft_wrap=True)
        out.print(_marked(hit, whole=bool(hit.before or hit.after)), soft_wrap=True)
        for text in hit.after:
            out.print(Text(_flat(text), style="dim"), soft_wrap=True)
        out.print()


def _place(hit: Hit) -> str:
    """`source:line`, `source#page=3` or, where the format has neither, the part: what editors and viewers open."""
    row = hit.row
    if row.page is not None:
        return f"{row.source}#page={row.page}"
    if row.line_start is not None:
        return f"{row.source}:{row.line_start}"
    facts = json.loads(row.metadata)
    part = next((f"#{kind}={facts[kind]}" for kind in _PARTS if kind in facts), "")
    return row.source + part


def _marked(hit: Hit, *, whole: bool) -> Text:
    """The stretch of the chunk that answers best, or all of it, with the words that were asked for in bold."""
    from rich.text import Text

    from embedingest.store.highlight import snippet

    text = hit.row.text
    start, end = (0, len(text)) if whole else snippet(text, hit.highlights, width=300)
    marked = Text("  …" if start else "  ")
    at = start
    for first, last in hit.highlights:
        if at <= first and last <= end:
            marked.append(_blanks(text[at:first]))
            marked.append(_blanks(text[first:last]), style="bold yellow")
            at = last
    marked.append(_blanks(text[at:end]))
    return marked.append("…") if end < len(text) else marked


def _flat(text: str) -> str:
    return "  " + _blanks(text).strip()


def _blanks(text: str) -> str:
    """Every run of blanks and line ends as one blank, so that a hit is one line."""
    return re.sub(r"\s+", " ", text)

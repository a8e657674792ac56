"""`embedingest search`: a question to the table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_note, printable, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.text import Text

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
@click.option("--filter", metavar="FILTER", help="Only rows that match, e.g. \"mime = 'text/markdown'\".")
@click.option("--group/--no-group", default=False, help="One result, the best, of each document.")
@click.option("--fold/--no-fold", default=True, help="Copies of one text as one result, with its other places.")
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
    snapshot: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Find the chunks that answer QUERY."""
    from embedingest.build.ask import search_live

    question = {"text": query, "highlight": True, **options}
    is_usual = model is None and snapshot is None
    document = search_live(state, db, table, question) if is_usual else None
    if document is None:
        document = _searched((state, db, table), model, snapshot, question)
    if as_json:
        print_json(document)
    else:
        _print_hits(document)


def _searched(
    place: tuple[Path, str, str], model: str | None, snapshot: str | None, question: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of `search --json`, found in this process."""
    from embedingest.build.remembered import searching
    from embedingest.build.serving import open_searcher
    from embedingest.build.session import Session
    from embedingest.query import result_to_json
    from embedingest.store.lean import load_lean
    from embedingest.store.values import SearchQuery

    state, db, table = place
    name, config = searching(state, db, table, model)
    load_lean()
    query = SearchQuery(**question)
    with Session(config) as session:
        named = model is not None
        searcher = open_searcher(session, db=db, table=table, model=name, snapshot=snapshot, named=named)
        return result_to_json(query, searcher.search(query))


def _print_hits(document: Mapping[str, Any]) -> None:
    from rich.text import Text

    if note := document.get("note"):
        print_note(note, style="dim")
    if not document["results"]:
        print_note("nothing found", style="dim")
    out = stdout()
    for hit in document["results"]:
        before, after, places = (hit.get(name, ()) for name in ("before", "after", "places"))
        out.print(printable(_place(hit)), style="bold", end="  ", soft_wrap=True)
        out.print(f"{hit['score']:.4f}", style="cyan", end="\n" if not places else "  ")
        if places:
            out.print(_more(len(places)), style="dim")
        if hit["heading_path"]:
            out.print(printable(" › ".join(hit["heading_path"])), style="dim", soft_wrap=True)
        if explain := hit.get("explain"):
            out.print(", ".join(f"{name} {value}" for name, value in explain.items()), style="dim")
        for text in before:
            out.print(Text(_flat(text), style="dim"), soft_wrap=True)
        out.print(_marked(hit, whole=bool(before or after)), soft_wrap=True)
        for text in after:
            out.print(Text(_flat(text), style="dim"), soft_wrap=True)
        out.print()


def _more(places: int) -> str:
    return "and 1 more place" if places == 1 else f"and {places:,} more places"


def _place(hit: Mapping[str, Any]) -> str:
    """`source:line`, `source#page=3` or, where the format has neither, the part: what editors and viewers open."""
    source: str = hit["source"]
    if hit["page"] is not None:
        return f"{source}#page={hit['page']}"
    if hit["line_start"] is not None:
        return f"{source}:{hit['line_start']}"
    return source + next((f"#{kind}={hit['metadata'][kind]}" for kind in _PARTS if kind in hit["metadata"]), "")


def _marked(hit: Mapping[str, Any], *, whole: bool) -> Text:
    """The part of the chunk that answers best, or all of it, with the words of the query in bold."""
    from rich.text import Text

    from embedingest.store.search.highlight import snippet

    text, highlights = hit["text"], hit.get("highlights", ())
    start, end = (0, len(text)) if whole else snippet(text, highlights, width=300)
    marked = Text("  …" if start else "  ")
    position = start
    for first, last in highlights:
        if position <= first and last <= end:
            marked.append(_blanks(text[position:first]))
            marked.append(_blanks(text[first:last]), style="bold yellow")
            position = last
    marked.append(_blanks(text[position:end]))
    return marked.append("…") if end < len(text) else marked


def _flat(text: str) -> str:
    return "  " + _blanks(text).strip()


def _blanks(text: str) -> str:
    """Every run of blanks and line ends as one blank, so that a hit is one line; control characters spelled out."""
    return printable(re.sub(r"\s+", " ", text))

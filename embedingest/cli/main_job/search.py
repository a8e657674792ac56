"""`embedingest search`: a question to the table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._complete import complete_model
from embedingest.cli._options import RerankingCommand, json_option, rerank_options, table_options
from embedingest.cli._output import print_json, print_note, printable, stdout
from embedingest.cli._plain import Shown, plain
from embedingest.cli._searcher import opened_searcher
from embedingest.errors import ConfigError, TableMissingError
from embedingest.paths import expanded
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, UNITS, USUAL_BUDGET, pieces
from embedingest.types import MODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.text import Text

    from embedingest.store.unit import UnitKind

__all__ = ["search"]

_PARTS: Final = ("cell", "sheet", "chapter")
_POLL_SECONDS: Final = 0.3
_SNIPPET: Final = 300
_HEADING: Final = "text/markdown"
_LONGEST_LINE: Final = 120
"""Columns of a table where the output is no terminal."""


@click.command(cls=RerankingCommand)
@click.argument("query")
@table_options
@click.option(
    "-m",
    "--model",
    shell_complete=complete_model,
    help="Model name or folder.  [default: the one that wrote the table]",
)
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Most results.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Leave out this many first results.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="hybrid",
    show_default=True,
    help="Meaning and words together, meaning alone, or words alone.",
)
@click.option("--filter", metavar="FILTER", help="Only rows that match, e.g. \"mime = 'text/markdown'\".")
@click.option("--group/--no-group", default=False, help="One result, the best, of each document.")
@click.option("--fold/--no-fold", default=True, help="Copies of one text as one result, with its other places.")
@rerank_options
@click.option("-C", "--context", type=click.IntRange(0, 100), default=0, help="Neighbouring chunks on both sides.")
@click.option(
    "--as",
    "unit",
    type=click.Choice(UNITS),
    help="What a result is: a chunk, or the section or document that it stands in.  [default: chunk]",
)
@click.option("--document", is_flag=True, help="The same as --as document.")
@click.option(
    "--budget",
    type=click.IntRange(LEAST_BUDGET, MOST_BUDGET),
    default=USUAL_BUDGET,
    show_default=True,
    help="Most tokens of the text of a section or document.",
)
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
    document: bool,
    unit: UnitKind | None,
    **options: Any,
) -> None:
    """Find the chunks that answer QUERY, or the sections or documents that these stand in."""
    from embedingest.build.ask import search_live

    if document and unit not in (None, "document"):
        raise ConfigError(f"`--as {unit}` and `--document` contradict each other", remedy="leave one of them out")
    wanted = "document" if document else unit or "chunk"
    question = {"text": query, "highlight": True, **options, "unit": wanted}
    is_usual = model is None and snapshot is None and not _is_folder(options["rerank"])
    found = search_live(state, db, table, question) if is_usual else None
    if found is None:
        found = _searched_once_made((state, db, table), model, snapshot, question)
    if as_json:
        print_json(found)
    else:
        _print_hits(found)


def _is_folder(rerank: str | bool | None) -> bool:
    """Whether a reranker is a folder of who asks here: another process may not have it under that name."""
    return isinstance(rerank, str) and expanded(rerank).is_dir()


def _searched_once_made(
    place: tuple[Path, str, str], model: str | None, snapshot: str | None, question: Mapping[str, Any]
) -> dict[str, Any]:
    """As `_searched`; where a program is about to make the table, this waits for it. Raises TableMissingError."""
    from embedingest.build.inspect import writer_of

    told = False
    while True:
        try:
            return _searched(place, model, snapshot, question)
        except TableMissingError:
            writer = writer_of(*place)
            if writer is None:
                raise
        if not told:
            who = f"process {writer.pid} ({writer.command})"
            print_note(f"table `{place[2]}` is being made by {who}: waiting for its first rows", style="dim")
        told = True
        time.sleep(_POLL_SECONDS)


def _searched(
    place: tuple[Path, str, str], model: str | None, snapshot: str | None, question: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of `search --json`, found in this process."""
    with opened_searcher(place, model, snapshot, question["rerank"]) as (searcher, rerank):
        from embedingest.query import result_to_json
        from embedingest.store.values import SearchQuery

        query = SearchQuery(**{**question, "rerank": rerank})
        return result_to_json(query, searcher.search(query))


def _print_hits(document: Mapping[str, Any]) -> None:
    if note := document.get("note"):
        print_note(note, style="dim")
    if not document["results"]:
        print_note("nothing found", style="dim")
    _tell_reranker(document)
    out = stdout()
    for hit in document["results"]:
        places = hit.get("places", ())
        out.print(printable(_place(hit)), style="bold", end="  ", soft_wrap=True)
        out.print(f"{hit['score']:.4f}", style="cyan", end="\n" if not places else "  ")
        if places:
            out.print(_more(len(places)), style="dim")
        if hit["heading_path"]:
            out.print(printable(" › ".join(hit["heading_path"])), style="dim", soft_wrap=True)
        if explain := hit.get("explain"):
            out.print(", ".join(f"{name} {value}" for name, value in explain.items()), style="dim", soft_wrap=True)
        _print_texts(hit)
        out.print()


def _tell_reranker(document: Mapping[str, Any]) -> None:
    """Who put the hits in order: where an explanation is asked for, and where it is none that reads pairs of texts."""
    rerank = document.get("rerank")
    if rerank is not None and (rerank["by"] != "cross-encoder" or any("explain" in hit for hit in document["results"])):
        print_note(f"put in order by {printable(rerank['model'])} ({printable(rerank['by'])})", style="dim")


def _print_texts(hit: Mapping[str, Any]) -> None:
    """What was found and what stands around it: wrapped at words in a terminal, elsewhere each line as it is."""
    from rich.padding import Padding

    out = stdout()
    width = (out.width if out.is_terminal else _LONGEST_LINE) - 2
    for text in _of_unit(hit, width) if "unit" in hit else _of_chunk(hit, width):
        if not text.plain:
            continue
        if out.is_terminal:
            out.print(Padding(text, (0, 0, 0, 2)))
        else:
            for line in text.split():
                out.print("  ", line, sep="", soft_wrap=True)


def _of_chunk(hit: Mapping[str, Any], width: int) -> list[Text]:
    """The best part of a chunk, or all of it between its neighbours."""
    mime, before, after = hit["mime"], hit.get("before", ()), hit.get("after", ())
    shown = plain(hit["text"], hit.get("highlights", ()), mime=mime, width=width)
    if not (before or after):
        shown = _best(_below(shown, hit["heading_path"]))
    beside = [[_styled(plain(text, (), mime=mime, width=width), "dim") for text in texts] for texts in (before, after)]
    return [*beside[0], _styled(shown), *beside[1]]


def _of_unit(hit: Mapping[str, Any], width: int) -> list[Text]:
    """All of a section or a document that there is room for, what was found in bold."""
    from rich.text import Text

    texts = [
        _styled(plain(piece.text, piece.highlights, mime=hit["mime"], width=width), "bold" if piece.found else "")
        for piece in pieces(hit)
    ]
    kind = hit["unit"] if hit["heading_path"] else "document"  # one without headings has no sections
    cut = f"part of the {kind}: {hit['tokens']:,} tokens around what was found" if hit["truncated"] else ""
    return [*texts, Text(f"({cut})" if cut else "", style="dim")]


def _below(shown: Shown, headings: Sequence[str]) -> Shown:
    """Without the headings that it begins with, which stand above it already; as it is where nothing else is in it."""
    said = {plain(heading, (), mime=_HEADING, width=_LONGEST_LINE).text for heading in headings}
    start = 0
    while (end := shown.text.find("\n", start)) >= 0 and shown.text[start:end] in said:
        start = end + 1
    ranges = tuple((first - start, last - start) for first, last in shown.highlights if first >= start)
    return Shown(shown.text[start:], ranges)


def _best(shown: Shown) -> Shown:
    """The part of a text that answers best."""
    from embedingest.store.search.highlight import snippet

    start, end = snippet(shown.text, shown.highlights, width=_SNIPPET)
    left, right = "…" if start else "", "…" if end < len(shown.text) else ""
    shift = len(left) - start
    inside = [(first + shift, last + shift) for first, last in shown.highlights if start <= first and last <= end]
    return Shown(f"{left}{shown.text[start:end].strip(chr(10))}{right}", tuple(inside))


def _styled(shown: Shown, style: str = "") -> Text:
    """With the words of the query in bold; control characters spelled out."""
    from rich.text import Text

    styled, position = Text(style=style), 0
    for first, last in shown.highlights:
        styled.append(printable(shown.text[position:first], lines=True))
        styled.append(printable(shown.text[first:last], lines=True), style="bold yellow")
        position = last
    return styled.append(printable(shown.text[position:], lines=True))


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

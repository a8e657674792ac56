"""`embedingest get`: what the table has of a document."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_note, printable, stdout
from embedingest.errors import SourceMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from embedingest.build.table_view import TableBehind
    from embedingest.store.table import ChunkTable

__all__ = ["get"]

_RANGE: Final = re.compile(r"([1-9][0-9]{0,9})(?:-([1-9][0-9]{0,9})?)?")


def _lines(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int | None, int | None]:
    """From and to of `12`, `12-40` or `12-`, both included."""
    if value is None:
        return None, None
    match = _RANGE.fullmatch(value)
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        raise click.BadParameter(f"`{value}` are no lines: write 12, 12-40 or 12-")
    end = match[1] if "-" not in value else match[2]
    return int(match[1]), int(end) if end else None


@click.command()
@click.argument("source")
@click.option("--lines", callback=_lines, metavar="A-B", help="Only the chunks of these lines of the file.")
@click.option("--page", type=click.IntRange(min=1), help="Only the chunks of this page or slide.")
@click.option("--around", metavar="ID", help="Only the part around the chunk of this id, of `search --json`.")
@click.option("--section", metavar="HEADING", help="Only what stands below this heading, such as `Guide > Setup`.")
@click.option("--outline", is_flag=True, help="The headings, and what stands below each; no text.")
@click.option(
    "--max-characters",
    type=click.IntRange(min=100),
    help="Most characters, up to the end of a line where one is near, else cut within it.  [default: all]",
)
@table_options
@json_option
def get(
    source: str,
    lines: tuple[int | None, int | None],
    page: int | None,
    around: str | None,
    section: str | None,
    outline: bool,
    max_characters: int | None,
    db: str,
    table: str,
    state: Path,
    as_json: bool,
) -> None:
    """Print the text of document SOURCE as the table has it: what was extracted, and found by searches.

    SOURCE is the name that `search` prints, or as much of its end as is one document's alone, such as `notes.md`.
    """
    from embedingest.build.table_view import TableBehind
    from embedingest.documents import USUAL_CHARACTERS
    from embedingest.query import Searcher
    from embedingest.store.lean import load_lean
    from embedingest.store.table import open_table

    load_lean()
    start_line, end_line = lines
    part = {"start_line": start_line, "end_line": end_line, "page": page, "around": around, "section": section}
    if outline:
        of_part = {"lines": start_line, "page": page, "around": around, "section": section}
        _check_whole({**of_part, "max-characters": max_characters})
    with Searcher(open_table=lambda: open_table(db, table), open_engine=_no_engine, model="") as searcher:
        behind = TableBehind(searcher, (state, db, table))
        most = max_characters or (USUAL_CHARACTERS if around else None)
        try:
            name = _meant(behind, searcher.table, source)
            documents = _documents(behind, name, part, most)
            if outline:
                _tell_outline(behind.document(name, outline=True), as_json=as_json)
            elif as_json:
                print_json(_joined(documents))
            else:
                _print(documents)
        except SourceMissingError as error:
            near = difflib.get_close_matches(source, searcher.table.source_states(), n=1)
            remedy = f"did you mean `{near[0]}`?" if near and around is None else error.remedy
            raise SourceMissingError(error.message, remedy=remedy) from None


def _check_whole(options: Mapping[str, Any]) -> None:
    """Raises UsageError for an option that asks for a part of a document."""
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"--outline is of the whole document: leave out --{name}")


def _tell_outline(document: Mapping[str, Any], *, as_json: bool) -> None:
    """The headings, each below the one above it, with where it stands and about how many tokens there are."""
    if as_json:
        print_json(document)
        return
    for each in document["outline"]:
        *above, heading = each["section"]
        place = next(f"{name} {each[name][0]}-{each[name][1]}" for name in ("pages", "lines", "chunks") if name in each)
        line = f"{'  ' * len(above)}{printable(heading)}  ({place}, about {each['tokens']:,} tokens)"
        stdout().print(line, soft_wrap=True, markup=False, highlight=False)
    if not document["outline"]:
        print_note("no chunk of it stands below a heading", style="dim")
    if left := document.get("left_out"):
        print_note(f"{left:,} further headings are left out: those that are deepest", style="dim")


def _no_engine() -> Any:
    raise AssertionError("reading a document needs no model")


def _meant(behind: TableBehind, table: ChunkTable, source: str) -> str:
    """The document of a name; where the table has none that is meant, one that could not be read."""
    from embedingest.ingest.meant import meant

    if table.ids([source])[source]:
        return source
    found = meant([source], table.source_states().keys()) or meant([source], behind.failed())
    return found.get(source, source)


def _documents(
    behind: TableBehind, source: str, part: Mapping[str, Any], most: int | None
) -> Iterator[Mapping[str, Any]]:
    """The document in one piece of `most` characters, or all of it in several. Raises SourceMissingError."""
    from embedingest.documents import MOST_CHARACTERS

    document = behind.document(source, **part, max_characters=most or MOST_CHARACTERS)
    yield document
    while most is None and (more := document["more"]) is not None:
        document = behind.document(
            source, **{**part, "start_character": more["start_character"]}, max_characters=MOST_CHARACTERS
        )
        yield document


def _joined(documents: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """One document of all its pieces."""
    first = dict(next(documents))
    for document in documents:
        first["text"] += document["text"]
        known = {chunk["id"] for chunk in first["chunks"]}
        first["chunks"] += [chunk for chunk in document["chunks"] if chunk["id"] not in known]
        first["gaps"] = [*first["gaps"], *document["gaps"]]
        first["more"] = document["more"]
    return first


def _print(documents: Iterator[Mapping[str, Any]]) -> None:
    """The text alone on standard output; what is to be known of it beside."""
    document: Mapping[str, Any] = {}
    for document in documents:
        stdout().print(printable(document["text"], lines=True), end="", soft_wrap=True, markup=False, highlight=False)
    stdout().print()
    for notice in document["notices"]:
        print_note(f"{notice['count']} {notice['kind']}: {notice['meaning']}", style="dim")
    if failure := document["failure"]:
        since = "; this is from before" if document["text"] else "; nothing of it is in the table"
        print_note(f"the file could not be read the last time ({failure['error']}){since}", style="yellow")
    if more := document["more"]:
        print_note(f"{more['characters']:,} more characters follow: leave --max-characters out", style="dim")

"""`plan` and `verify`: what would be done, and whether what was done holds. `plan` changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option, model_options, plugin_option, table_options
from embedingest.cli._sources import ingest_options
from embedingest.cli.ingest import configured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["plan", "verify"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Freeze the plan into FILE.")
@table_options
@model_options
@ingest_options
@plugin_option
@json_option
def plan(
    paths: tuple[Path, ...], out: Path | None, db: str, table: str, state: Path, as_json: bool, **flags: Any
) -> None:
    """Show what an ingest of PATH would do, and change nothing.

    Without PATH, folders and settings are those of the last `ingest` or `watch`. `embedingest ingest
    --plan FILE` does exactly what `--out FILE` froze, or refuses when the folders have moved on.
    """
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.cli._output import data, print_json

    flags.pop("allow_deletes")
    session = Session(
        configured(paths, db=db, table=table, state=state, **flags) if paths else recall(state, db, table)
    )
    try:
        document = open_pipeline(session).plan()
    finally:
        session.close()
    if out is not None:
        out.write_text(json.dumps(document), "utf-8")
    if as_json:
        print_json(document)
        return
    for line in _plan_lines(document):
        data().print(line, highlight=False, markup=False, soft_wrap=True)


def _plan_lines(document: Mapping[str, Any]) -> Iterator[str]:
    marks = {"new": "+", "changed": "~", "deleted": "-", "failed": "!", "skipped": "?"}
    for file in document["files"]["list"]:
        counts = ", ".join(f"{count} {name}" for name, count in file["chunks"].items() if count)
        why = f": {file['error']}" if "error" in file else ""
        yield f"{marks.get(file['change'], ' ')} {file['source']}  {counts}{why}"
    files, chunks, embed = document["files"], document["chunks"], document["embed"]
    yield "files: " + ", ".join(
        f"{files[name]:,} {name}" for name in ("seen", "unchanged", "new", "changed", "deleted")
    )
    yield "chunks: " + ", ".join(f"{count:,} {name}" for name, count in chunks.items())
    about = "" if embed["seconds"] is None else f", about {embed['seconds']} s"
    yield f"to embed: {embed['texts']:,} texts, {embed['tokens']:,} tokens{about}"


@click.command()
@click.option("--repair", is_flag=True, help="Mend what differs; embeds only what is missing.")
@click.option("--sample", type=click.IntRange(0), default=0, help="Compute the vectors of N rows again and compare.")
@table_options
@json_option
def verify(repair: bool, sample: int, db: str, table: str, state: Path, as_json: bool) -> int:
    """Compare folders, journal and table, both ways. Exit code 1 when something differs and was not mended."""
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session
    from embedingest.cli._output import data, print_json

    session = Session(recall(state, db, table))
    pipeline = open_pipeline(session)
    try:
        found = pipeline.verify(repair=repair, sample=sample)
    finally:
        pipeline.close()
        session.close()
    if as_json:
        print_json({**found.to_json(), "repaired": repair and bool(found.problems)})
    else:
        out = data()
        for problem in found.problems:
            out.print(f"{problem.kind}: {problem.source}: {problem.message}", highlight=False, markup=False)
        checked = f", {found.vectors:,} vectors" if sample else ""
        verdict = "all agree" if not found.problems else f"{len(found.problems):,} problems"
        out.print(f"{found.files:,} files, {found.rows:,} rows{checked}: {verdict}", highlight=False)
        if found.problems:
            said = "mended" if repair else "`embedingest verify --repair` mends them"
            out.print(said, highlight=False, markup=False)
    return int(bool(found.problems) and not repair)

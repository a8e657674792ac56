"""`embedingest plan`: what the next ingest would do. Changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import FilePath, json_option, model_options, paths_argument, plugin_option, table_options
from embedingest.cli._output import print_json, print_line, writing
from embedingest.cli._reports import excluded_lines, unreadable_lines
from embedingest.cli._settings import config_from_flags, ingest_options, nodes_options, on_nodes
from embedingest.cli._typed import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["plan"]


@click.command()
@paths_argument(required=False)
@click.option("--out", type=FilePath(dir_okay=False), help="Freeze the plan into FILE.")
@table_options
@model_options
@ingest_options
@nodes_options
@plugin_option
@json_option
def plan(
    paths: tuple[Path, ...], out: Path | None, db: str, table: str, state: Path, as_json: bool, **flags: Any
) -> int:
    """Show what an ingest of PATH would do, and change nothing.

    Without PATH, folders and settings are those of the last `ingest` or `watch`. `embedingest ingest
    --plan FILE` does exactly what `--out FILE` froze, or refuses when the folders have moved on.
    Exit code 1 when folders cannot be looked into.
    """
    from embedingest.build.nodes import node_count
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session

    allow_deletes = flags.pop("allow_deletes")
    if paths:
        config = config_from_flags(paths, db=db, table=table, state=state, **flags)
    else:
        config = on_nodes(recall(state, db, table), flags)
    with Session(config) as session:
        document = session.pipeline().plan(allow_deletes=allow_deletes)
    document["embed"]["nodes"] = node_count(config.pipelines["default"].run)
    if out is not None:
        with writing(out):
            out.write_text(json.dumps(document), "utf-8")
    if as_json:
        print_json(document)
    else:
        for line in _lines(document, typed("confirm", state, db, table)):
            print_line(line)
    return int(bool(document["unreadable"]))


def _failed(source: str, reason: str) -> str:
    """Most reasons begin with the name of the document, which then stands there once."""
    return reason if reason.startswith(source) else f"{source}: {reason}"


def _lines(document: Mapping[str, Any], confirm: str) -> Iterator[str]:
    """What is shown of a plan; `confirm` is the command as it is typed for its table."""
    marks = {"new": "+", "changed": "~", "deleted": "-", "pending_delete": "…", "failed": "!", "skipped": "?"}
    for file in document["files"]["list"]:
        counts = ", ".join(f"{count} {name}" for name, count in file["chunks"].items() if count)
        said = _failed(file["source"], file["error"]) if "error" in file else f"{file['source']}  {counts}"
        yield f"{marks.get(file['change'], ' ')} {said}"
    yield from unreadable_lines(document["unreadable"])
    yield from excluded_lines(document["excluded"])
    files, chunks, embed = document["files"], document["chunks"], document["embed"]
    yield "files: " + ", ".join(
        f"{files[name]:,} {name}" for name in ("seen", "unchanged", "new", "changed", "deleted")
    )
    if waiting := files["pending_deletes"]:
        yield f"{waiting:,} deletions would wait for confirmation: `{confirm}` carries out what waits"
    yield "chunks: " + ", ".join(f"{count:,} {name}" for name, count in chunks.items())
    about = "" if embed["seconds"] is None else f", about {embed['seconds']} s"
    known = f"; {embed['known']:,} texts are known" if embed["known"] else ""
    yield f"to embed: {embed['texts']:,} texts, {embed['tokens']:,} tokens{about}{known}"
    if embed["seconds"] is not None and (embed["nodes"] or 1) > 1:
        from embedingest.progress import duration

        each = duration(embed["seconds"] / embed["nodes"])
        yield f"on {embed['nodes']} nodes {each}, where every one is as fast as an engine of the last large run"

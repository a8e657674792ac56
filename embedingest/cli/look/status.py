"""`embedingest status`: what is followed, whether the table agrees, what failed, what waits."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_line, printable, stdout
from embedingest.cli._reports import excluded_lines, notice_lines, unreadable_lines
from embedingest.cli._typed import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["status"]

_FOLLOW_SECONDS: Final = 1.0
_MOST_DAMAGE: Final = 10


@click.command()
@table_options
@click.option("-f", "--follow", is_flag=True, help="Show it again every second, until Ctrl-C.")
@json_option
def status(db: str, table: str, state: Path, follow: bool, as_json: bool) -> int:
    """Show what is in sync, waiting or failed.

    Exit code 1 when documents failed, folders cannot be looked into, or deletions wait, or may; 3
    when files of the table are damaged.
    """
    from embedingest.build.inspect import status_document

    def documents() -> Iterator[dict[str, Any]]:
        yield status_document(state, db, table)
        while follow:
            time.sleep(_FOLLOW_SECONDS)
            yield status_document(state, db, table)

    if follow and not as_json:
        return _redraw(documents(), typed("confirm", state, db, table))
    document: dict[str, Any] = {}
    for document in documents():
        if as_json:
            print_json(document, line=follow)
        else:
            for line in _lines(document, typed("confirm", state, db, table)):
                print_line(line)
    if document["damage"]:
        return ExitCode.FAILED
    return int(any(document[name] for name in ("failures", "unreadable", "pending_deletes", "journal_fault")))


def _redraw(documents: Iterator[Mapping[str, Any]], confirm: str) -> int:
    from rich.live import Live
    from rich.text import Text

    with Live(console=stdout(), auto_refresh=False) as live:
        for document in documents:
            live.update(Text("\n".join(printable(line) for line in _lines(document, confirm))), refresh=True)
    return 0


def _models_beside(table: Mapping[str, Any]) -> Iterator[str]:
    """The models of the columns beside the vector."""
    return (f"{column} {table[column]['model']}" for column in ("sparse", "late") if column in table)


def _lines(document: Mapping[str, Any], confirm: str) -> Iterator[str]:
    """The document in lines for people; `confirm` is that command, as it is typed for this table."""
    from embedingest.ingest.report import Notices
    from embedingest.ingest.requests import RESUME

    table, writer = document["table"], document["writer"]
    yield f"table {table['name']} in {table['db']}: {table['rows']:,} rows" + (
        f", {table['bytes'] / 2**20:,.1f} MiB, {table['fragments']} fragments, {table['unindexed_rows']:,} rows not "
        f"indexed yet, model {', '.join([table['model'], *_models_beside(table)])}"
        if "bytes" in table
        else ""
    )
    yield from _folder_lines(document)
    yield from _damage_lines(document)
    if writer:
        yield f"written by process {writer['pid']} on {writer['host']} since {writer['since']}: {writer['command']}"
    if document["run"] and writer:
        yield _run_line(document["run"])
    if document["last_commit"]:
        ago = max(0.0, time.time() - document["last_commit"])
        yield f"last commit {ago:,.0f} s ago"
    if document["paused"]:
        yield f"snapshot {document['paused']} was restored: nothing is followed until `embedingest restore --resume`"
    if document["paused_since"] is not None:
        since = max(0.0, time.time() - document["paused_since"])
        yield f"paused for {since:,.0f} s: nothing is followed; {RESUME}"
    yield from _room_lines(document["short_of_room"])
    yield from _failure_lines(document)
    yield from notice_lines(Notices.from_json(document))
    yield from excluded_lines(document["excluded"])
    if pending := document["pending_deletes"]:
        yield f"{len(pending):,} deletions wait for `{confirm}`: {', '.join(pending[:5])}" + (
            " …" if len(pending) > 5 else ""
        )


def _failure_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """What failed, of the machinery and of documents."""
    runs = document["writer"] is not None
    if trouble := document["trouble"]:
        again = _again(trouble["next_try_seconds"], runs=runs)
        yield f"trouble: {trouble['error']} (failed {trouble['attempts']} times in a row, {again})"
    if document["upkeep_trouble"]:
        yield f"upkeep: {document['upkeep_trouble']}; it is tried again"
    for failure in document["failures"]:
        facts = f"{failure['kind']}, {failure['attempts']} attempts, {_again(failure['next_try_seconds'], runs=runs)}"
        stored = failure["stored_chunks"]
        kept = f"; {stored:,} chunks of an earlier version are in the table" if stored else ""
        yield f"failed: {failure['source']} ({facts}): {failure['error']}{kept}"


def _again(seconds: float | None, *, runs: bool) -> str:
    """When something is tried again: by whom, where nobody `runs` now."""
    if seconds is None:
        return "not tried again until it changes"
    if runs:
        return f"tried again in {seconds:,.0f} s"
    return "tried again by the next run" + (f", {seconds:,.0f} s from now at the earliest" if seconds >= 1 else "")


def _room_lines(places: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for place in places:
        yield (
            f"nearly no room: {place['free_bytes'] / 2**20:,.1f} MiB free at {place['folder']}; make room there, until "
            "then what is written may fail, and be tried again"
        )


def _folder_lines(document: Mapping[str, Any]) -> Iterator[str]:
    behind, failed = document["behind"], len(document["failures"])
    outdated = sum(failure["stored_chunks"] > 0 for failure in document["failures"])
    unnamed = {root["alias"]: root for root in document["unnamed"]}
    for root in ({root["alias"]: root for root in document["roots"]} | unnamed).values():
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(root["files"].items()))
        where = f" ({root['path']})" if root["path"] else ""
        yield f"root {root['alias']}{where}: {counts or 'nothing yet'}" + (
            f"; not named any more, so not compared: `embedingest forget {shlex.quote(root['alias'])}` takes it out"
            if root["alias"] in unnamed
            else ""
        )
    yield from unreadable_lines(document["unreadable"])
    if document["table_differs"]:
        yield (
            "the table is not as it was left: a snapshot was restored, or somebody else wrote it; the files above are "
            "counted as it was left, `embedingest verify` compares"
        )
    if behind["to_read"] or behind["gone"]:
        yield f"behind: {behind['to_read']:,} files to read, {behind['gone']:,} gone"
    elif outdated:
        yield f"behind: an earlier version of {outdated:,} failed {'document' if outdated == 1 else 'documents'}"
    elif unnamed and not document["unreadable"]:
        yield "what is named agrees with its folders; the rest is not vouched for"
    elif document["in_sync"]:
        yield f"in sync but for {failed:,} failed" if failed else "in sync"


def _damage_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """What is damaged of ours, and the way out."""
    for item in document["damage"][:_MOST_DAMAGE]:
        yield f"damaged: {item['file']} {item['problem']}"
    if damage := document["damage"]:
        more = f"{len(damage):,} damaged files; " if len(damage) > 1 else ""
        yield f"{more}{damage[0]['remedy']}"
    if document["journal_fault"]:
        yield document["journal_fault"]


def _run_line(run: Mapping[str, Any]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in run.items() if name != "age" and value is not None)
    return f"now: {facts} (said {run['age']:.0f} s ago)"

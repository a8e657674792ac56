"""An ingest report as a few lines for people. Says only what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.cli._output import print_failure, print_json, print_note
from embedingest.cli._typed import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from embedingest.ingest.report import ChunkCounts, Failure, FileCounts, IngestReport, Notices, SnapshotDeed

__all__ = ["excluded_lines", "notice_lines", "print_report", "unreadable_lines"]

_MOST_FAILURES: Final = 20
_MOST_NAMES: Final = 5


def print_report(
    report: IngestReport, *, as_json: bool, place: tuple[Path, str, str] | None, line: bool = False
) -> None:
    """The report on standard output as JSON (on one line with `line`), else on standard error for people.

    `place` is state folder, database and table, for the commands that it names; `None`: those of the usual place.
    """
    if as_json:
        print_json(report.to_json(), line=line)
        return
    if report.snapshot is not None:
        print_note(_snapshot_line(report.snapshot, _typed("restore", place)))
        return
    if report.stopped:  # what failed is told by the run that goes on
        files = _counted(report.files)
        print_note(f"stopped early; the next run goes on from here (files: {files})", style="yellow")
        return
    _print_counts(report)
    for failure in report.failures[:_MOST_FAILURES]:
        print_failure(_failure_line(failure), style="red")
    if len(report.failures) > _MOST_FAILURES:
        print_failure(f"… and {len(report.failures) - _MOST_FAILURES} more; `{_typed('status', place)}` lists them")
    for text in notice_lines(report.notices):
        print_note(text, style="yellow")
    if waiting := report.files.pending_deletes:
        wait = "1 deletion waits" if waiting == 1 else f"{waiting:,} deletions wait"
        print_failure(
            f"{wait}: `{_typed('confirm', place)}` carries {'it' if waiting == 1 else 'them'} out", style="yellow"
        )


def _typed(command: str, place: tuple[Path, str, str] | None) -> str:
    return f"embedingest {command}" if place is None else typed(command, *place)


def _failure_line(failure: Failure) -> str:
    """Most reasons begin with the name of the document, which then stands there once."""
    reason = failure.error
    said = reason if reason.startswith(failure.source) else f"{failure.source}: {reason}"
    return f"failed: {said}"


def _snapshot_line(deed: SnapshotDeed, restore: str) -> str:
    """`restore` is the command as it is typed for the table."""
    rows = "1 row" if deed.rows == 1 else f"{deed.rows:,} rows"
    if deed.did == "restored":
        follow = f"nothing is followed until `{restore} --resume`"
        return f"the table is what it was at snapshot `{deed.name}`, {rows}; {follow}"
    if deed.did == "dropped":
        return f"snapshot `{deed.name}` ({rows}) was dropped; its files go with the next clean-up"
    return f"snapshot `{deed.name}` was made: {rows}; `{restore} {deed.name}` brings it back"


def _print_counts(report: IngestReport) -> None:
    for classes, noun in ((report.files, "files"), (report.chunks, "chunks")):
        print_note(f"{noun}: {_counted(classes)}")
    embedded, total = report.embedded, report.seconds.get("total", 0.0)
    if embedded.texts:
        rate = f", {embedded.tokens / total:,.0f} tokens/s" if total else ""
        print_note(f"embedded: {embedded.texts:,} texts, {embedded.tokens:,} tokens in {total:.1f} s{rate}")
    if embedded.reused:
        print_note(f"reused: {embedded.reused:,} vectors")


def _counted(classes: FileCounts | ChunkCounts) -> str:
    counts = [f"{count:,} {name.replace('_', ' ')}" for name, count in classes.to_json().items() if count]
    return ", ".join(counts) or "none"


def excluded_lines(excluded: Mapping[str, int]) -> Iterator[str]:
    """A line for each rule that leaves files or folders out."""
    from embedingest.ingest.scan.excluded import meaning_of

    for rule, count in excluded.items():
        meaning = meaning_of(rule)
        yield f"excluded: {count:,} by {rule}" + (f" ({meaning})" if meaning else "")


def unreadable_lines(unreadable: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """A line for each of the first folders or sources that could not be looked into; what is told names the way out."""
    for item in unreadable[:_MOST_FAILURES]:
        yield f"not looked into: {item['source']}: {item['error']}"
    if len(unreadable) > _MOST_FAILURES:
        yield f"… and {len(unreadable) - _MOST_FAILURES:,} more that are not looked into; `--json` names them"


def notice_lines(notices: Notices) -> Iterator[str]:
    """A line for each kind of thing that did not reach the table, with the first files that it concerns."""
    from embedingest.ingest.notices import meaning
    from embedingest.ingest.remedies import remedy_of, with_remedy

    for kind, counts in notices.counts.items():
        files = counts["files"]
        names = [notice.source for notice in notices.named if notice.kind == kind][:_MOST_NAMES]
        more = ", …" if files > len(names) else ""
        where = "1 file" if files == 1 else f"{files:,} files"
        said = f"{counts['count']:,} in {where}: {', '.join(names)}{more}"
        yield with_remedy(f"notice: {kind} ({meaning(kind)}): {said}", remedy_of(kind))

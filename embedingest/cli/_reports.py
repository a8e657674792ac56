"""An ingest report as a few lines for people. Says only what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from embedingest.ingest.report import IngestReport, Notices

__all__ = ["draw_report", "notice_lines"]

_MOST_FAILURES = 20
_MOST_NAMES = 5


def draw_report(report: IngestReport, out: Console) -> None:
    """Counts, speed, failures with their reasons, and what a person may want to do next."""
    files, chunks, embedded = report.files, report.chunks, report.embedded
    for counts, noun in ((files, "files"), (chunks, "chunks")):
        said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.to_json().items() if count)
        out.print(f"{noun}: {said or 'none'}", highlight=False)
    total = report.seconds.get("total", 0.0)
    if embedded.texts:
        rate = f", {embedded.tokens / total:,.0f} tokens/s" if total else ""
        out.print(
            f"embedded: {embedded.texts:,} texts, {embedded.tokens:,} tokens in {total:.1f} s{rate}",
            highlight=False,
        )
    if embedded.reused:
        out.print(f"reused: {embedded.reused:,} vectors", highlight=False)
    for failure in report.failures[:_MOST_FAILURES]:
        out.print(
            f"failed: {failure.source}: {failure.error}", style="red", highlight=False, markup=False, soft_wrap=True
        )
    if len(report.failures) > _MOST_FAILURES:
        out.print(f"… and {len(report.failures) - _MOST_FAILURES} more; `embedingest status` lists them")
    for line in notice_lines(report.notices):
        out.print(line, style="yellow", highlight=False, markup=False, soft_wrap=True)
    if files.pending_deletes:
        out.print(f"{files.pending_deletes} deletions wait: `embedingest confirm` carries them out", style="yellow")
    if report.stopped:
        out.print("stopped early; the next run goes on from here", style="yellow")


def notice_lines(notices: Notices) -> Iterator[str]:
    """A line for each kind of thing that did not reach the table, with the first files that it concerns."""
    from embedingest.ingest.notices import meaning

    for kind, counts in notices.counts.items():
        files = counts["files"]
        names = [notice.source for notice in notices.named if notice.kind == kind][:_MOST_NAMES]
        more = ", …" if files > len(names) else ""
        where = "1 file" if files == 1 else f"{files:,} files"
        yield f"notice: {kind} ({meaning(kind)}): {counts['count']:,} in {where}: {', '.join(names)}{more}"

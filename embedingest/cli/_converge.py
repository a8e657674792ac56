"""One run over the folders of a configuration: `ingest` and `watch --once`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._typed import place_of

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config

__all__ = ["converge_once"]


def converge_once(config: Config, *, as_json: bool, allow_deletes: bool = False, frozen: Path | None = None) -> int:
    """Converge the pipeline `default`, or carry out a frozen plan, and print the report. Returns the exit code."""
    from embedingest.build.remembered import remember
    from embedingest.build.session import Session

    with stop_on_signals() as stop, Session(config) as session, progress_line(as_json=as_json) as progress:
        pipeline = session.pipeline(progress=progress, stop=stop)
        remember(pipeline, config)
        if frozen is None:
            report = pipeline.converge(allow_deletes=allow_deletes)
        else:
            from embedingest.ingest.audit.preview import read_frozen

            report = pipeline.carry_out(read_frozen(frozen), allow_deletes=allow_deletes)
    print_report(report, as_json=as_json, place=place_of(config))
    return stop.exit_code(report.exit_code)

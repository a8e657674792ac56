"""One run over the folders of a configuration: `ingest` and `watch --once`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report

if TYPE_CHECKING:
    from pathlib import Path

    from embedingest.config import Config

__all__ = ["converge_once"]


def converge_once(config: Config, *, as_json: bool, allow_deletes: bool = False, frozen: Path | None = None) -> int:
    """Converge the pipeline `default`, or carry out a frozen plan, and print the report. Returns the exit code."""
    from embedingest.build.pipelines import open_pipeline
    from embedingest.build.remembered import remember
    from embedingest.build.session import Session
    from embedingest.ingest.audit.preview import read_frozen

    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        session = Session(config)
        stack.callback(session.close)
        progress = progress_line(as_json=as_json)
        pipeline = open_pipeline(session, progress=progress, stop=stop)
        with pipeline, progress:
            remember(pipeline, config)
            if frozen is None:
                report = pipeline.converge(allow_deletes=allow_deletes)
            else:
                report = pipeline.carry_out(read_frozen(frozen), allow_deletes=allow_deletes)
    print_report(report, as_json=as_json)
    return stop.exit_code(report.exit_code)

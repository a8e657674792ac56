"""`embedingest verify`: folders, journal and table compared, and made to agree with `--repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_line
from embedingest.cli._typed import typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest.ingest.audit.verify import Verification
    from embedingest.store.lock import Holder

__all__ = ["verify"]


@click.command()
@click.option("--repair", is_flag=True, help="Mend what differs; embeds only what is missing.")
@click.option("--sample", type=click.IntRange(0), default=0, help="Compute the vectors of N rows again and compare.")
@table_options
@json_option
def verify(repair: bool, sample: int, db: str, table: str, state: Path, as_json: bool) -> int:
    """Compare folders, journal and table, both ways. Exit code 1 when something differs and was not mended.

    A root that is not named any more is not compared: it is told, and `embedingest forget` takes it out of the table.
    Deletions that need a person's word are told, and carried out by `embedingest confirm` alone.
    """
    from embedingest.build.inspect import writer_of
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session

    with Session(recall(state, db, table)) as session:
        pipeline = session.pipeline()
        verification = pipeline.verify(repair=repair, sample=sample)
        context = pipeline.config.context
    problems, mendable = verification.problems, verification.mendable
    if as_json:
        print_json({**verification.to_json(), "repaired": repair and bool(mendable)})
    else:
        for problem in problems:
            print_line(": ".join(filter(None, (problem.kind, problem.source, problem.message))))
        checked = f", {verification.vectors:,} vectors" if sample else ""
        verdict = "all agree" if not problems else f"{len(problems):,} problems"
        print_line(f"{verification.files:,} files, {verification.rows:,} rows{checked}: {verdict}")
        lacks = context is not None and context.is_written and any(problem.kind == "missing" for problem in problems)
        writer = None if repair else writer_of(state, db, table)
        confirm = typed("confirm", state, db, table)
        for line in _ways(verification, writer, confirm, repaired=repair, lacks_context=lacks):
            print_line(line)
    return int(len(problems) > len(mendable) if repair else bool(problems))


def _ways(
    verification: Verification, writer: Holder | None, confirm: str, *, repaired: bool, lacks_context: bool
) -> Iterator[str]:
    """What mends what was found, for one who has just done so (`repaired`) or may; `writer` keeps the table locked.

    `confirm` is that command as it is typed for the table.
    `lacks_context`: chunks are missing whose context others write, whom only a configuration names.
    """
    mendable, pending = verification.mendable, len(verification.pending)
    which = "them" if len(mendable) == len(verification.problems) else f"{len(mendable):,} of them"
    if verification.paused:
        if verification.problems:
            yield (
                f"snapshot {verification.paused} was restored: nothing is followed until `embedingest restore --resume`"
            )
    elif mendable and repaired:
        yield "mended"
    elif mendable and writer is not None:
        yield f"process {writer.pid} writes the table; stop it, and `embedingest verify --repair` mends {which}"
    elif mendable:
        first = "`embedingest run CONFIG --once` has missing context written, then " if lacks_context else ""
        yield f"{first}`embedingest verify --repair` mends {which}"
    if pending and not verification.paused:
        yield f"{pending:,} {_confirmation(verification, writer, confirm, repaired=repaired)}, or restore the files"
    if any(problem.kind == "table" for problem in verification.problems):
        yield "`embedingest rebuild` makes the table again from its folders, and embeds only what is not cached"


def _confirmation(verification: Verification, writer: Holder | None, confirm: str, *, repaired: bool) -> str:
    if repaired or not verification.unasked:
        return f"deletions wait for confirmation: `{confirm}` carries them out"
    first = "the next `ingest` finds that" if writer is None else f"process {writer.pid} has found that"
    return f"deletions need confirmation: once {first}, `{confirm}` carries them out"

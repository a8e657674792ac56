"""`embedingest verify`: folders, journal and table compared, and made to agree with `--repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, table_options
from embedingest.cli._output import print_json, print_line

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["verify"]


@click.command()
@click.option("--repair", is_flag=True, help="Mend what differs; embeds only what is missing.")
@click.option("--sample", type=click.IntRange(0), default=0, help="Compute the vectors of N rows again and compare.")
@table_options
@json_option
def verify(repair: bool, sample: int, db: str, table: str, state: Path, as_json: bool) -> int:
    """Compare folders, journal and table, both ways. Exit code 1 when something differs and was not mended.

    A root that is not named any more is not compared: it is told, and `embedingest forget` takes it out of the table.
    """
    from embedingest.build.remembered import recall
    from embedingest.build.session import Session

    with Session(recall(state, db, table)) as session:
        verification = session.pipeline().verify(repair=repair, sample=sample)
    problems, mendable = verification.problems, verification.mendable
    if as_json:
        print_json({**verification.to_json(), "repaired": repair and bool(mendable)})
    else:
        for problem in problems:
            print_line(": ".join(filter(None, (problem.kind, problem.source, problem.message))))
        checked = f", {verification.vectors:,} vectors" if sample else ""
        verdict = "all agree" if not problems else f"{len(problems):,} problems"
        print_line(f"{verification.files:,} files, {verification.rows:,} rows{checked}: {verdict}")
        if mendable:
            print_line("mended" if repair else "`embedingest verify --repair` mends them")
        if any(problem.kind == "table" for problem in problems):
            print_line(
                "`embedingest rebuild` makes the table again from its folders, and embeds only what is not cached"
            )
    return int(len(problems) > len(mendable) if repair else bool(problems))

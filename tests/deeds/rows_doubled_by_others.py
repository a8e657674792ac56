"""Somebody appends rows that are there already: `verify --repair` leaves each once."""

import lancedb


def do(it):
    with it.away():
        table = lancedb.connect(it.world.db).open_table("chunks")
        table.add(table.to_arrow())
        with it.world.pipeline() as pipeline:
            assert {problem.kind for problem in pipeline.verify(repair=True).problems} == {"doubled"}


def holds(it):
    assert it.embedded == []

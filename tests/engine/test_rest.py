"""The rest of the gate is compared beside the work, and what hinders it hinders nobody."""

import logging

import numpy as np
import pytest

from embedingest.engine.compiled import rest
from embedingest.engine.gate import Figures


@pytest.mark.parametrize(
    ("error", "traced"), [(OSError(24, "Too many open files"), False), (RuntimeError("odd"), True)]
)
def test_what_the_system_lacks_is_told_in_a_line_and_what_is_odd_with_its_trace(monkeypatch, caplog, error, traced):
    monkeypatch.setattr(rest, "_SECONDS_UNTIL_RESUMED", 0.0)

    def open_gauge():
        raise error

    with caplog.at_level(logging.WARNING):
        rest.Rest(
            Figures(1, 1.0, 1.0), lambda rows: np.zeros((len(rows), 2), "f4"), open_gauge, lambda figures: None
        ).wait()
    assert [record.exc_info is not None for record in caplog.records] == [traced]
    assert "tried again by a later process" in caplog.text

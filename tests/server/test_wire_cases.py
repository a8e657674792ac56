"""Every numbered case of the wire, from its file, against a real server on a real socket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.depth import few
from tests.server.wirecases import Reply, cases, check_soon

if TYPE_CHECKING:
    from tests.server.conftest import Serve

ROOT = Path(__file__).parent.parent.parent
CASES = cases()


@few(75)
@pytest.mark.weights
@pytest.mark.parametrize("case", [c for c in CASES if "exchanges" in c], ids=lambda c: c["file"])
def test_the_server_answers_as_the_case_says(serve: Serve, case: dict[str, Any]) -> None:
    port = serve(case.get("server")).port
    replies = [check_soon(port, exchange) for exchange in case["exchanges"]]
    if "same_vectors" in case:
        assert least_cosine(replies, case["same_vectors"]) >= 0.9999
    if "different_vectors" in case:
        assert least_cosine(replies, case["different_vectors"]) < 0.99


def least_cosine(replies: list[Reply], places: list[list[int]]) -> float:
    """The least cosine of any of the named rows (`[exchange, row]`) to the first."""
    rows = [replies[exchange].vectors()[row] for exchange, row in places]
    return min(float(rows[0] @ row) for row in rows)


def test_every_case_is_there_once_and_is_covered_or_says_why_not() -> None:
    assert [case["case"] for case in CASES] == list(range(1, 160))
    for case in CASES:
        assert {"exchanges", "covered_by", "not_covered"} & set(case), case["file"]


@pytest.mark.parametrize("case", [c for c in CASES if "covered_by" in c], ids=lambda c: c["file"])
def test_what_covers_a_case_elsewhere_exists(case: dict[str, Any]) -> None:
    for test in case["covered_by"]:
        path, _, name = test.partition("::")
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), test


def test_every_deliberate_difference_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    for case in CASES:
        if "deliberate_difference" in case:
            assert f"| {case['case']} | {case['title']} | {case['deliberate_difference']} |" in manual, case["file"]

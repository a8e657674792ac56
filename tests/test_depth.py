"""What is left to the deep run: of many cases the usual number is kept, spread over all, and no case is lost."""

from __future__ import annotations

import pytest

from tests.depth import few, only_deep

NAMES = "abcdefghij"


@few(3)
@pytest.mark.parametrize("name", [*NAMES, pytest.param("long", marks=only_deep)])
def test_a_case_of_many(name):
    assert name in {*NAMES, "long"}


def test_of_many_cases_those_that_are_usual_are_spread_over_all_and_the_others_are_left_to_the_deep_run(request):
    cases = [item for item in request.session.items if getattr(item, "function", None) is test_a_case_of_many]
    apart = {
        case.callspec.params["name"]: any(mark.kwargs.get("only") for mark in case.iter_markers("deep"))
        for case in cases
    }
    assert apart.items() <= {name: name not in {"a", "d", "g"} for name in [*NAMES, "long"]}.items()

"""Each deed of this folder, followed by the events of the system."""

from __future__ import annotations

import pytest

from tests.deeds.frame import BY_EVENTS, UNIX_ONLY, played

__all__ = ["played"]

pytestmark = [pytest.mark.slow, UNIX_ONLY]

POLLING = False


@pytest.mark.parametrize("name", BY_EVENTS)
def test_deed(name, played):
    played[name].result()

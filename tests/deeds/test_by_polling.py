"""Each deed of this folder, followed by looking again and again."""

from __future__ import annotations

import pytest

from tests.deeds.frame import BY_POLLING, UNIX_ONLY, played

__all__ = ["played"]

pytestmark = [pytest.mark.slow, UNIX_ONLY]

POLLING = True


@pytest.mark.parametrize("name", BY_POLLING)
def test_deed(name, played):
    played[name].result()

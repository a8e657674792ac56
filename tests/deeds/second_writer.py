"""A second program over the same table is refused while the first goes on."""

import pytest

from embedingest.errors import LockedError


def do(it):
    with pytest.raises(LockedError):
        it.world.pipeline().open()
    it.write("plan.md", "The plan of the first program.")


def holds(it):
    assert it.embedded == ["The plan of the first program."]

"""A root inside another root is refused by name, and nothing of the table changes."""

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import ConfigError


def do(it):
    with it.away():
        it.world.sources = [SourceConfig(path=it.folder), SourceConfig(path=it.path("notes"))]
        with pytest.raises(ConfigError, match="notes"):
            it.world.run()
        it.world.sources = it.world.sources[:1]


def holds(it):
    assert it.embedded == []

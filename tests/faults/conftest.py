from __future__ import annotations

import pytest

from tests.ingest.world import World


@pytest.fixture
def world(tmp_path):
    """A folder with a few documents, none of them alike."""
    return furnished(tmp_path)


@pytest.fixture
def open_world(open_path):
    """The same where every user may reach it."""
    return furnished(open_path)


def furnished(base):
    world = World(base)
    for number in range(12):
        paragraphs = [f"Paragraph {n} of document {number} says {number * n} again and again." for n in range(6)]
        world.write(f"part{number % 3}/doc{number}.md", f"# Document {number}\n\n" + "\n\n".join(paragraphs))
    return world

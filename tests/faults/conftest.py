from __future__ import annotations

import pytest

from tests.ingest.world import World


@pytest.fixture
def world(tmp_path):
    """A folder with a few documents, none of them alike."""
    world = World(tmp_path)
    for number in range(12):
        paragraphs = [f"Paragraph {n} of document {number} says {number * n} again and again." for n in range(6)]
        world.write(f"part{number % 3}/doc{number}.md", f"# Document {number}\n\n" + "\n\n".join(paragraphs))
    return world

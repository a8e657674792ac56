"""Text falls into the blocks a reader sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.chunk.blocks import asciidoc_blocks, markdown_blocks, plain_blocks, rest_blocks

MARKDOWN = """Intro words
over two lines.

# First #

- one
- two
  more of two

  still two

1. number

```python
# not a heading

- not an item
```
| a | b |
| - | - |
Words after.

Second
------

~~~
open to the end
"""

REST = """=====
Title
=====

Words. Code follows::

   first line

   Not a heading
   -------------

Section
=======

.. code-block:: python

   x = 1

- item

Deeper
------

+---+
| a |
+---+
"""


def kinds(blocks):
    return [(block.kind, block.level, block.title) for block in blocks]


def test_markdown():
    assert kinds(markdown_blocks(MARKDOWN)) == [
        ("paragraph", 0, ""),
        ("heading", 1, "First"),
        ("item", 0, ""),
        ("item", 0, ""),
        ("item", 0, ""),
        ("item", 0, ""),
        ("code", 0, ""),
        ("table", 0, ""),
        ("paragraph", 0, ""),
        ("heading", 2, ""),
        ("code", 0, ""),
    ]


def test_a_fence_may_stand_behind_a_bullet():
    blocks = markdown_blocks("1. ```\n   # no heading\n   ```\n\n# Heading\n")
    assert kinds(blocks) == [("code", 0, ""), ("heading", 1, "Heading")]


def test_restructured_text():
    assert kinds(rest_blocks(REST)) == [
        ("heading", 1, "Title"),
        ("paragraph", 0, ""),
        ("code", 0, ""),
        ("heading", 2, "Section"),
        ("paragraph", 0, ""),
        ("code", 0, ""),
        ("item", 0, ""),
        ("heading", 3, "Deeper"),
        ("table", 0, ""),
    ]


def test_plain_text_has_headings_where_lines_are_underlined():
    assert kinds(plain_blocks("1. Scope\n========\n\nWords.\n"))[0] == ("heading", 1, "1. Scope")


def test_asciidoc():
    blocks = asciidoc_blocks("= Guide\n\nWords.\n\n== Part\n\n----\n== no heading\n----\n\n* item\n")
    assert kinds(blocks) == [
        ("heading", 1, "Guide"),
        ("paragraph", 0, ""),
        ("heading", 2, "Part"),
        ("code", 0, ""),
        ("item", 0, ""),
    ]


LINES = st.lists(st.sampled_from(["", "# H", "words", "- item", "```", "| a |", "===", "---", "  deep", "a::", ".. b"]))


@pytest.mark.parametrize("parse", [markdown_blocks, rest_blocks, plain_blocks, asciidoc_blocks])
@given(lines=LINES)
def test_blocks_tile_any_text(parse, lines):
    text = "\n".join(lines)
    starts = [block.start for block in parse(text)]
    assert starts == sorted(set(starts))
    assert starts[:1] == [0][: bool(text.strip())]
    assert all(start == 0 or text[start - 1] == "\n" for start in starts)

"""Words out of paths: as a plain expression would find them, without its ways to seek for ever."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.errors import ConfigError
from embedingest.ingest.rows.path_pattern import PathPattern
from tests.depth import much

PIECES = st.lists(st.sampled_from(["a", "b", "-", "*", "{}"]), min_size=1, max_size=4).map("".join)
PATTERNS = st.lists(st.just("**") | PIECES.filter(lambda part: "**" not in part), min_size=1, max_size=4).map("/".join)
PATHS = st.lists(st.text("ab-", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


def named(pattern: str) -> str:
    for letter in "stuvwxyzmnopqrk":
        pattern = pattern.replace("{}", f"{{{letter}}}", 1)
    return pattern


def plain(pattern: str) -> re.Pattern[str]:
    """The pattern as one expression that seeks the first words as long as they can be."""
    written = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    pieces = re.split(r"(\{\w\}|\*\*/?|\*)", pattern)
    return re.compile(
        "".join(f"(?P<{p[1]}>[^/]+)" if p[:1] == "{" else written.get(p, re.escape(p)) for p in pieces), re.DOTALL
    )


@settings(max_examples=much(100, 400), deadline=None)
@given(pattern=PATTERNS.map(named), path=PATHS)
def test_words_are_those_of_a_plain_expression(pattern, path):
    match = plain(pattern).fullmatch(path)
    assert PathPattern(pattern).words(path) == (match.groupdict() if match else None)


def test_a_double_star_that_touches_text_goes_through_folders():
    assert PathPattern("{client}/**.md").words("acme/2024/notes.md") == {"client": "acme"}
    assert PathPattern("{client}/{year}/n**.md").words("acme/2024/new/notes.md") == {"client": "acme", "year": "2024"}
    with pytest.raises(ConfigError, match="5 wildcards that may end anywhere"):
        PathPattern("{a}-{b}/{c}**x*")


def test_no_name_is_matched_without_end():
    """In a process of its own: one that seeks for ever answers to no signal and would hang the suite."""
    code = (
        "from embedingest.ingest.rows.path_pattern import PathPattern\n"
        "for pattern in ('*a' * 12 + '{x}b', '{a}-{b}-{c}-{d}-{e}-{f}z', '{x}b/' + '**/*a*/' * 12 + 'b',\n"
        "                '**/a/' * 12 + '{x}b', '{a}/{b}z**z'):\n"
        "    for path in ('a' * 250 + 'c', '-a' * 125, 'a/' * 2000 + 'c', 'a-b/' * 1000 + 'c', '-' * 250):\n"
        "        assert PathPattern(pattern).words(path) is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

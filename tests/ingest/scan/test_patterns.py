"""Gitignore patterns judge as pathspec and git do, in time linear in the path whatever the line."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from embedingest.errors import ConfigError
from embedingest.ingest.scan.patterns import Patterns
from tests.depth import much

PARTS = ["a", "b", "*", "**", "a*", "*b", "*.md", "?", "?b", "[ab]", "[!a]", "[a-c]b", "a*b", "*a*b", "\\a", "[]a]"]
PIECES = [*PARTS, "c.*", "a**", "-", "[a-]", "*a*a*", "x.log", "a?b*a", "[!b-x]*"]
LINES = st.builds(
    lambda bang, start, parts, end: f"{bang}{start}{'/'.join(parts)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4),
    st.sampled_from(["", "", "/"]),
)
NAMES = st.sampled_from(["a", "b", "ab", "aab", "c.md", "x.log", "a b", "-", "ab\n", "]"]) | st.text(
    "ab-.é", min_size=1
).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def excluded(judge, path: str) -> bool:
    """Level by level, as a scan asks: an excluded folder excludes what it holds."""
    parts = path.split("/")
    above = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
    return any(judge(folder) for folder in above) or bool(judge(path))


def differs_by_intent(line: str) -> bool:
    """Where pathspec does as git does not: `**` behind a pattern taken as the folder itself, `/` in a set."""
    return line.rstrip("/").endswith("**") or "[!" in line or "[^" in line


@settings(max_examples=much(80, 400), deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=3), paths=st.lists(PATHS, min_size=1, max_size=6))
def test_patterns_agree_with_pathspec(lines, paths):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = GitIgnoreSpec.from_lines(lines)
    if any(map(differs_by_intent, lines)):
        return
    ours = Patterns(lines)
    negated = any(line.startswith("!") for line in lines)
    for path in paths:
        if negated and "/" in path:
            continue  # theirs takes back in all that lies below a folder that is taken back in; git does not
        if "\n" not in path:  # theirs takes a line feed for the end of the path
            assert excluded(ours.verdict, path) == excluded(theirs.match_file, path), path


@pytest.mark.parametrize(
    ("line", "hit", "missed"),
    [
        ("*", ["a", "abc", "a/b", "abc/"], []),
        ("a/**", ["a/b", "a/b/c", "a/b/"], ["a", "a/", "b/a"]),
        ("/**", ["a", "abc/", "a/b"], []),
        ("**/", ["a/", "a/b/"], ["a", "a/b"]),
        ("a/**/", ["a/b/", "a/b/c/"], ["a/", "a/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "x/a/b", "a/xb"]),
        ("**/a/**/b/**", ["a/b/c", "x/a/y/b/c", "a/b/b"], ["a/b", "b/a/c"]),
        ("[[:alpha:]]x", ["ax", "y/mx"], [":x", "1x", "x"]),
        ("[]a]z", ["]z", "az"], ["z", "bz"]),
        ("[a-]z", ["-z", "az"], ["bz"]),
        ("[a\\-c]z", ["-z", "az", "cz"], ["bz"]),
        ("[z-a]", ["z"], ["a", "m"]),
        ("[a", [], ["[a", "a"]),
        ("\\#x", ["#x"], ["\\#x"]),
        ("\\!x", ["!x"], ["x"]),
        ("x\\  ", ["x "], ["x"]),
        ("x  ", ["x"], ["x  "]),
        (" x", [" x"], ["x"]),
        ("a//b", [], ["a/b", "b"]),
        ("a\\", [], ["a", "a\\"]),
        ("a?b", ["axb", "a\nb"], ["a/b", "ab"]),
        ("[!x]b", ["ab"], ["xb", "/b", "b"]),
        ("*a*a*b", ["aab", "xaxaxb", "d/aa.b"], ["ab", "aa", "aab/x"]),
    ],
)
def test_a_line_means_what_it_means_to_git(line, hit, missed):
    patterns = Patterns([line])
    assert [path for path in hit if not patterns.verdict(path)] == []
    assert [path for path in missed if patterns.verdict(path)] == []


@pytest.mark.parametrize("line", ["!", "a\\", "[a", "[[:vowel:]]", "//", "x" * 5000])
def test_settings_refuse_what_is_no_pattern_and_ignore_files_pass_over_it(line):
    with pytest.raises(ConfigError, match="is not a gitignore pattern"):
        Patterns([line], strict=True)
    patterns = Patterns([line, "*.log"])
    assert patterns.verdict("x.log") is True
    assert patterns.verdict("a") is None


ENDLESS = [
    "*a" * 14 + "*b",
    "*a" * 2000 + "b",
    "[!b]*" * 800 + "c",
    "*?" * 1000 + "z",
    "**/*a*/" * 400 + "q",
    "a/**/" * 200 + "b",
    "**/" + "*a*a*a*a*a*a*a*a*/" * 40 + "x",
    "/" + "**/a*a*a*a*" * 100,
    "[" * 4000,
    "[a-" * 1000,
]


def test_no_line_is_matched_without_end():
    """In a process of its own: one that seeks for ever answers to no signal and would hang the suite."""
    code = (
        "import sys\nfrom embedingest.ingest.scan.patterns import Patterns\n"
        f"for line in {ENDLESS!r}:\n"
        "    for path in ('a' * 200, 'a' * 255 + '.txt', 'a/' * 2000 + 'a', ('a' * 200 + '/') * 20):\n"
        "        Patterns([line]).verdict(path)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

"""Patterns judge as git does, and nothing in a folder lifts the default excludes."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.errors import ConfigError
from embedingest.ingest.scan.ignore import Patterns, Rules, read_ignore_file
from embedingest.ingest.scan.listing import SkippedPath
from embedingest.ingest.scan.scanner import Scanner


def test_the_last_matching_pattern_decides():
    patterns = Patterns(["*.log", "!keep.log", "/build/", "docs/**/draft.md"])
    assert patterns.verdict("a/b.log") is True
    assert patterns.verdict("a/keep.log") is False
    assert patterns.verdict("build/") is True
    assert patterns.verdict("build") is None
    assert patterns.verdict("sub/build/") is None
    assert patterns.verdict("docs/a/b/draft.md") is True
    assert patterns.verdict("docs/a/b/draft.md/inner") is None
    assert patterns.verdict("other.md") is None


def test_a_newline_in_a_name_neither_feigns_an_end_nor_hides_a_match():
    patterns = Patterns(["secret.md", "*.tmp"])
    assert patterns.verdict("secret.md\n") is None
    assert patterns.verdict("a\nb/secret.md") is True
    assert patterns.verdict("a\nb.tmp") is True


def test_settings_lift_a_default_exclude_and_a_pattern_that_is_none_is_refused():
    rules = Rules.of(exclude=["!.env.example", "*.log"])
    assert not rules.excludes(".env.example", ".env.example")
    assert rules.excludes(".env", ".env")
    assert rules.excludes("x.log", "x.log")
    with pytest.raises(ConfigError, match="`!` is not a gitignore pattern"):
        Rules.of(exclude=["!"])


def test_hidden_names_are_barred_until_the_settings_want_them():
    assert Rules.of().excludes(".notes.md", ".notes.md")
    assert not Rules.of(hidden=True).excludes(".notes.md", ".notes.md")
    assert Rules.of(hidden=True).excludes(".git/", ".git")


def test_an_ignore_file_is_read_whatever_it_holds(tmp_path):
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbf*.log\r\n# remark\r\n\r\n!\r\ncaf\xe9\r\n/only\r\n")
    patterns = read_ignore_file(str(tmp_path), ".gitignore")
    assert patterns.verdict("x.log") is True
    assert patterns.verdict("caf\udce9") is True
    assert patterns.verdict("only") is True
    assert patterns.verdict("sub/only") is None


NAMES = st.sampled_from(["a", "b", "docs", "x.md", "y.log", "keep.log"])
LINES = st.lists(
    st.sampled_from(["*.log", "!keep.log", "docs/", "/docs", "a/**", "**/b", "!a/b", "x.*", "docs/*.md", "!docs/x.md"]),
    max_size=5,
)


@settings(max_examples=20, deadline=None)
@given(lines=LINES, paths=st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8))
def test_patterns_agree_with_git(tmp_path_factory, lines, paths):
    """Level by level, as a scan asks: an excluded folder excludes what it holds."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / ".gitignore").write_text("\n".join(lines))
    patterns = Patterns(lines)

    def excluded(path: str) -> bool:
        parts = path.split("/")
        above = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
        return any(patterns.verdict(part) for part in above) or bool(patterns.verdict(path))

    said = subprocess.run(
        ["git", "-C", folder, "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths).encode(),
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
    ).stdout
    assert {path for path in paths if excluded(path)} == set(filter(None, said.decode().split("\0")))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"#" * (1 << 20) + b"\n*.md\n", "more than 1,048,576 bytes"),
        (b"\n" * 20_001, "more than 20,000 lines"),
        (b"*a*b\n" * 6000, "more than 10,000 wildcards"),
    ],
)
def test_an_ignore_file_beyond_all_measure_is_not_guessed_at_and_told_once(tmp_path, caplog, content, reason):
    (tmp_path / ".gitignore").write_bytes(content)
    (tmp_path / "a.md").write_text("a")
    for _ in range(2):
        with pytest.raises(OSError, match=reason):
            read_ignore_file(str(tmp_path), ".gitignore")
    assert [reason in record.getMessage() for record in caplog.records] == [True]
    (skipped,) = Scanner(tmp_path, Rules.of()).scan()
    assert isinstance(skipped, SkippedPath)
    assert reason in skipped.message
    assert skipped.subtree


def test_a_line_that_is_too_long_is_passed_over_and_told_once(tmp_path, caplog):
    (tmp_path / ".gitignore").write_text("*a" * 5000 + "\n*.log\n")
    for _ in range(2):
        patterns = read_ignore_file(str(tmp_path), ".gitignore")
        assert patterns.verdict("x.log") is True
    assert ["more than 4,096 characters" in record.getMessage() for record in caplog.records] == [True]


def test_a_scan_ends_whatever_the_ignore_file_says(tmp_path):
    (tmp_path / ".gitignore").write_text("*a" * 14 + "*b\n*.log\n")
    for name in ("a" * 200, "a" * 240 + ".txt", "x.log"):
        (tmp_path / name).write_text("words")
    found = {item.relative for item in Scanner(tmp_path, Rules.of()).scan()}
    assert found == {"a" * 200, "a" * 240 + ".txt"}

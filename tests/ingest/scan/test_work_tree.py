"""What a git work tree says outside the folders of a scan counts as it does for git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.ingest.scan.git_config import git_setting
from embedingest.ingest.scan.scanner import Scanner

NAMES = [f"{letter}.{kind}" for letter in "abcdef" for kind in ("md", "log")]


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", *identity, "-C", folder, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's home with nothing in it."""
    folder = tmp_path / "home"
    (folder / ".config/git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def tree(tmp_path, home):
    folder = tmp_path / "tree"
    for relative in ("", "docs/", "docs/deep/"):
        (folder / relative).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (folder / relative / name).write_text("text")
    git(folder, "init", "-q")
    return folder


def taken(root):
    return sorted(file.relative for file in Scanner(root).scan())


def taken_by_git(root):
    names = git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return sorted(name for name in names if name and not os.path.basename(name).startswith("."))


@pytest.mark.parametrize("below", ["", "docs", "docs/deep"])
def test_each_file_of_rules_has_its_say_and_the_inner_one_the_last(tree, home, below):
    (home / ".config/git/ignore").write_text("a.*\nb.md\n/docs/deep/f.md\n")
    (tree / ".git/info/exclude").write_text("!b.md\nc.*\n")
    (tree / ".gitignore").write_text("!c.log\nd.*\n")
    (tree / "docs/.gitignore").write_text("!d.md\n/deep/e.md\n")
    assert taken(tree / below) == taken_by_git(tree / below)
    assert "c.md" not in taken(tree / below)


@pytest.mark.parametrize("where", ["~/mine", "absolute", "relative"])
def test_the_file_that_a_person_named_counts_instead_of_the_usual_one(tree, home, where):
    (home / ".config/git/ignore").write_text("a.*\n")
    path = {"~/mine": "~/mine", "absolute": str(home / "mine"), "relative": "rules"}[where]
    (home / ".gitconfig").write_text(f"[user]\n\tname = a\n[core]\n\texcludesFile = {path} # mine\n")
    for file in (home / "mine", tree / "rules"):
        file.write_text("b.*\nrules\n")
    assert taken(tree) == taken_by_git(tree)
    assert ("a.md" in taken(tree), "b.md" in taken(tree)) == (True, False)
    git(tree, "config", "core.excludesFile", "")
    assert taken(tree) == taken_by_git(tree)


def test_linked_work_trees_and_submodules_have_the_rules_of_their_repositories(tree, tmp_path):
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "one")
    git(tree, "worktree", "add", "-q", tmp_path / "linked")
    git(tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", tree / ".git", "module")
    (tree / ".git/info/exclude").write_text("new.md\n")
    (tree / ".git/modules/module/info").mkdir(exist_ok=True)
    (tree / ".git/modules/module/info/exclude").write_text("other.md\n")
    for folder, excluded in ((tmp_path / "linked", "new.md"), (tree / "module", "other.md")):
        for name in ("new.md", "other.md"):
            (folder / name).write_text("text")
        assert set(taken_by_git(folder)) == {"new.md", "other.md"} - {excluded}
        assert {"new.md", "other.md"} - set(taken(folder)) == {excluded}


def test_outside_a_work_tree_and_without_rules_nothing_of_it_counts(tree, home):
    (home / ".config/git/ignore").write_text("a.*\n")
    outside = home / "notes"
    outside.mkdir()
    (outside / "a.md").write_text("text")
    assert taken(outside) == ["a.md"]
    before = Scanner(tree / "docs").outer_rules()
    (tree / ".git/info/exclude").write_text("b.md\n")
    assert Scanner(tree / "docs").outer_rules() != before
    assert Scanner(outside).outer_rules() == ()


# No tabs: what one means between words differs from git to git.
VALUES = st.text(st.sampled_from('ab/~ "\\#;n'), max_size=10)
LINES = st.one_of(
    st.builds("{}{}{}{}".format, st.sampled_from(["excludesfile", "excludesFile ", " excludesfile", "other"]),
              st.sampled_from(["=", " = ", "= "]), VALUES, st.sampled_from(["", "\r", " # x", " \\", "# \\"])),
    st.sampled_from(["[core]", "[ core ]", '[core "sub"]', "[other]", "[CORE] excludesFile = c", "# [core]", "", ";"]),
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(LINES, max_size=6))
def test_a_setting_is_read_as_git_reads_it(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        path.write_text("[core]\n" + "\n".join(lines) + "\n", newline="")
        asked = ["git", "config", "--file", path, "--get", "core.excludesfile"]
        theirs = subprocess.run(asked, capture_output=True, text=True)
        if theirs.returncode in {0, 1}:  # the others are files that git refuses
            environment = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                ours = git_setting("core", "excludesfile", str(path))
            assert ours == (theirs.stdout.removesuffix("\n") if theirs.returncode == 0 else None)


def test_files_that_include_themselves_many_times_end(tmp_path, home):
    include = "[include]\n\tpath = first\n" * 40
    (tmp_path / "first").write_text(f"{include}[core]\n\texcludesfile = here\n")
    assert git_setting("core", "excludesfile", str(tmp_path / "first")) == "here"


def test_settings_that_a_file_includes_count_where_they_are_included(tmp_path, home):
    (tmp_path / "first").write_text("[include]\n\tpath = second\n[core]\n\tbare = false\n")
    (tmp_path / "second").write_text("[core]\n\texcludesfile = there\n[include]\n\tpath = first\n")
    assert git_setting("core", "excludesfile", str(tmp_path / "first")) == "there"
    (tmp_path / "first").write_text("[include]\n\tpath = second\n[core]\n\texcludesfile = here\n")
    assert git_setting("core", "excludesfile", str(tmp_path / "first")) == "here"

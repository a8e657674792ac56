"""A scan finds what is for us, says what it left and why, and never takes silence for absence."""

from __future__ import annotations

import os
import socket
import subprocess
import unicodedata

import pytest

from embedingest.ingest.scan.files import facts_at, is_racy, opened_below, seconds_to_tick
from embedingest.ingest.scan.ignore import MARKER, Rules
from embedingest.ingest.scan.listing import FoundFile, SkippedPath
from embedingest.ingest.scan.scanner import Scanner
from tests.faults.elsewhere import as_nobody


def write(root, *relatives, text="text"):
    for relative in relatives:
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(root, below="", **rules):
    return [one.relative for one in Scanner(root, Rules.of(**rules)).scan(below) if isinstance(one, FoundFile)]


def left(root, below="", **rules):
    return {one.relative: one for one in Scanner(root, Rules.of(**rules)).scan(below) if isinstance(one, SkippedPath)}


def test_files_come_folder_by_folder_in_the_order_of_their_names(tmp_path):
    write(tmp_path, "b.md", "a.md", "sub/z.md", "sub/deep/y.md", "another/x.md")
    assert found(tmp_path) == ["a.md", "b.md", "another/x.md", "sub/z.md", "sub/deep/y.md"]


def test_facts_are_those_of_stat(tmp_path):
    write(tmp_path, "a.md", text="four")
    (one,) = Scanner(tmp_path).scan()
    st = (tmp_path / "a.md").stat()
    assert one.facts == (4, st.st_mtime_ns, st.st_ctime_ns, st.st_ino, st.st_dev, st.st_mode)


class TestRules:
    def test_version_control_secrets_and_hidden_names_are_left_out(self, tmp_path):
        write(tmp_path, ".git/config", ".env", "deploy/server.pem", ".hidden/x.md", "node_modules/m/readme.md", "a.md")
        assert found(tmp_path) == ["a.md"]
        assert found(tmp_path, hidden=True) == ["a.md", ".hidden/x.md"]

    def test_nested_ignore_files_apply_below_their_folder_and_the_deepest_decides(self, tmp_path):
        write(tmp_path, "x.log", "sub/x.log", "sub/y.log", "sub/deep/y.log", "other/y.md", "other/z.md")
        (tmp_path / ".gitignore").write_text("*.log\n")
        (tmp_path / "sub/.gitignore").write_text("!y.log\n")
        (tmp_path / "other/.embedingestignore").write_text("z.md\n")
        assert found(tmp_path) == ["other/y.md", "sub/y.log", "sub/deep/y.log"]
        assert len(found(tmp_path, gitignore=False)) == 6

    def test_our_ignore_file_has_the_last_word_over_gits(self, tmp_path):
        write(tmp_path, "a.md", "b.md")
        (tmp_path / ".gitignore").write_text("a.md\n")
        (tmp_path / ".embedingestignore").write_text("!a.md\nb.md\n")
        assert found(tmp_path) == ["a.md"]

    def test_an_ignore_file_never_lifts_a_default_exclude(self, tmp_path):
        write(tmp_path, ".env", "id_rsa")
        (tmp_path / ".gitignore").write_text("!.env\n!id_rsa\n")
        assert found(tmp_path, hidden=True) == [".gitignore"]

    def test_ignore_files_of_the_work_tree_above_the_root_apply(self, tmp_path):
        write(tmp_path, ".git/HEAD", "docs/secret/x.md", "docs/a.md")
        (tmp_path / ".gitignore").write_text("/docs/secret/\n")
        assert found(tmp_path / "docs") == ["a.md"]

    def test_include_picks_files_and_exclude_wins_over_it(self, tmp_path):
        write(tmp_path, "a.md", "b.txt", "sub/c.md", "sub/d.md")
        assert found(tmp_path, include=["*.md"], exclude=["d.md"]) == ["a.md", "sub/c.md"]
        assert found(tmp_path, include=["sub/"]) == ["sub/c.md", "sub/d.md"]

    def test_our_output_is_never_ingested_even_where_it_was_moved_to(self, tmp_path):
        write(tmp_path, "a.md", "state/journal.md", "chunks.lance/data.md", f"moved/{MARKER}", "moved/x.md")
        assert found(tmp_path, outputs=[tmp_path / "state"]) == ["a.md"]
        (tmp_path / "state").rename(tmp_path / "other")
        assert found(tmp_path, outputs=[tmp_path / "other"]) == ["a.md"]

    def test_a_virtual_environment_is_known_by_what_it_holds(self, tmp_path):
        write(tmp_path, "env3/pyvenv.cfg", "env3/lib/x.md", "a.md")
        assert found(tmp_path) == ["a.md"]


class TestNames:
    def test_newlines_quotes_and_undecodable_bytes_are_names_like_others(self, tmp_path):
        names = [b"a\nb.md", b"x' OR 'a'='a", b"caf\xe9.md", b"\xff\xfe", "\u2028.md".encode()]
        for name in names:
            with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
                file.write("text")
        assert sorted(os.fsencode(name) for name in found(tmp_path)) == sorted(names)

    def test_unicode_twins_are_two_files(self, tmp_path):
        for form in ("NFC", "NFD"):
            write(tmp_path, unicodedata.normalize(form, "café.md"))
        assert len(found(tmp_path)) == 2

    def test_names_that_differ_in_case_only_are_two_files(self, tmp_path):
        write(tmp_path, "Notes.md", "notes.md")
        assert found(tmp_path) == ["Notes.md", "notes.md"]

    def test_folders_may_be_nested_500_deep_and_paths_longer_than_the_system_takes(self, tmp_path):
        here = os.getcwd()
        try:
            os.chdir(tmp_path)
            for _ in range(500):
                os.mkdir("folder-name")
                os.chdir("folder-name")
            with open("deep.md", "w") as file:
                file.write("deep")
        finally:
            os.chdir(here)
        (relative,) = found(tmp_path)
        assert len(relative) == 500 * 12 + 7
        assert facts_at(str(tmp_path), relative).size == 4
        with opened_below(str(tmp_path), relative, os.O_RDONLY) as descriptor:
            assert os.read(descriptor, 10) == b"deep"
        assert dict(Scanner(tmp_path).scan_paths([relative]))[relative].facts.size == 4
        subprocess.run(["rm", "-rf", tmp_path / "folder-name"], check=True)


class TestSpecialFiles:
    def test_fifos_sockets_and_devices_are_left_with_a_reason(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.md")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket.md"))
            reasons = {name: (one.reason, one.message) for name, one in left(tmp_path).items()}
        assert reasons == {
            "pipe.md": ("special", "a FIFO, not a regular file"),
            "socket.md": ("special", "a socket, not a regular file"),
        }

    def test_hard_links_are_two_files(self, tmp_path):
        write(tmp_path, "a.md")
        os.link(tmp_path / "a.md", tmp_path / "b.md")
        assert found(tmp_path) == ["a.md", "b.md"]

    def test_a_sparse_file_of_ten_gigabytes_costs_nothing(self, tmp_path):
        with (tmp_path / "sparse.txt").open("wb") as file:
            file.truncate(10 * 2**30)
        (one,) = Scanner(tmp_path).scan()
        assert one.facts.size == 10 * 2**30


class TestLinks:
    @pytest.fixture
    def root(self, tmp_path):
        root = tmp_path / "root"
        write(root, "real/a.md", ".env", "real/b.md")
        write(tmp_path, "outside/secret.md")
        (root / "inside").symlink_to("real")
        (root / "file.md").symlink_to("real/a.md")
        (root / "outside").symlink_to(tmp_path / "outside")
        (root / "outside.md").symlink_to(tmp_path / "outside/secret.md")
        (root / "loop").symlink_to(".")
        (root / "real" / "up").symlink_to("..")
        (root / "broken.md").symlink_to("nowhere")
        (root / "harmless.md").symlink_to(".env")
        return root

    def test_by_default_links_are_followed_inside_the_root_only(self, root):
        assert found(root) == ["file.md", "inside/a.md", "inside/b.md", "real/a.md", "real/b.md"]
        reasons = {name: one.reason for name, one in left(root).items()}
        assert reasons == {
            "outside": "link_outside",
            "outside.md": "link_outside",
            "loop": "link_loop",
            "inside/up": "link_loop",
            "real/up": "link_loop",
            "broken.md": "link_broken",
            "harmless.md": "link_excluded",
        }

    def test_never_leaves_every_link(self, root):
        assert found(root, follow_symlinks="never") == ["real/a.md", "real/b.md"]

    def test_always_follows_them_out_and_still_ends(self, root):
        followed = found(root, follow_symlinks="always")
        assert "outside/secret.md" in followed
        assert "outside.md" in followed
        assert "harmless.md" not in followed

    def test_links_among_many_folders_end_too(self, tmp_path):
        for name in "abcdef":
            write(tmp_path, f"{name}/x.md")
            for other in "abcdef":
                if other != name:
                    (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
        assert 6 <= len(found(tmp_path)) < 10_000


class TestAbsence:
    def test_a_missing_root_says_so(self, tmp_path):
        (one,) = Scanner(tmp_path / "none").scan()
        assert (one.reason, one.subtree) == ("missing", True)
        assert Scanner(tmp_path / "none").root in one.message

    def test_below_a_missing_root_nothing_is_said_to_be_gone(self, tmp_path):
        scanner = Scanner(tmp_path / "none")
        assert [(one.relative, one.reason, one.subtree) for one in scanner.scan("sub")] == [("", "away", True)]
        assert dict(scanner.scan_paths(["a.md"]))["a.md"].reason == "missing"

    def test_a_root_replaced_in_the_middle_of_a_scan_is_not_taken_for_empty(self, tmp_path):
        write(tmp_path, "root/a/x.md", "root/b/y.md")
        scan = Scanner(tmp_path / "root").scan()
        next(scan)
        (tmp_path / "root").rename(tmp_path / "away")
        (tmp_path / "root").mkdir()
        assert [one.reason for one in scan if isinstance(one, SkippedPath)] == ["away"]

    def test_an_unreadable_folder_is_left_with_its_subtree(self, open_path):
        write(open_path, "open/a.md", "shut/b.md")
        (open_path / "rules").mkdir()
        write(open_path, "rules/c.md", "rules/.gitignore")
        (open_path / "shut").chmod(0)
        (open_path / "rules/.gitignore").chmod(0)
        code = """
            from embedingest.ingest.scan.scanner import Scanner
            for item in Scanner(base).scan():
                print(item.relative, getattr(item, "reason", "found"))
        """
        assert as_nobody(code, open_path) == ["open/a.md found", "rules unreadable", "shut unreadable"]

    def test_a_path_that_is_gone_or_excluded_yields_nothing(self, tmp_path):
        write(tmp_path, "a.md", ".git/x")
        assert list(Scanner(tmp_path).scan("gone")) == []
        assert list(Scanner(tmp_path).scan(".git")) == []


class TestParts:
    def test_a_subtree_scan_honours_the_rules_above_it(self, tmp_path):
        write(tmp_path, "sub/deep/a.md", "sub/deep/b.log", "sub/c.md")
        (tmp_path / ".gitignore").write_text("*.log\n")
        assert found(tmp_path, "sub/deep") == ["sub/deep/a.md"]
        assert found(tmp_path, "sub/c.md") == ["sub/c.md"]
        assert found(tmp_path, "sub/deep/b.log") == []

    def test_looking_at_single_paths_agrees_with_a_scan(self, tmp_path):
        write(tmp_path, "a.md", "sub/b.md", "sub/c.log", ".hidden", "sub/.git/x", "d/e/f.md")
        (tmp_path / "sub/.gitignore").write_text("*.log\n")
        (tmp_path / "link.md").symlink_to("a.md")
        paths = ["a.md", "sub/b.md", "sub/c.log", ".hidden", "sub/.git/x", "sub", "none", "d/e/f.md", "link.md"]
        scanned = {one.relative: one for one in Scanner(tmp_path).scan()}
        assert dict(Scanner(tmp_path).scan_paths(paths)) == {path: scanned.get(path) for path in paths}

    def test_a_root_may_be_one_file_and_is_taken_whatever_its_name(self, tmp_path):
        write(tmp_path, ".env")
        (one,) = Scanner(tmp_path / ".env").scan()
        assert (one.relative, one.facts.size) == ("", 4)

    def test_names_alone_tell_what_cannot_matter(self, tmp_path):
        scanner = Scanner(tmp_path, Rules.of(exclude=["build/"]))
        assert scanner.may_matter("a/b.md")
        assert scanner.may_matter("a/.gitignore")
        assert scanner.may_matter("")
        assert not scanner.may_matter(".git/index.lock")
        assert not scanner.may_matter("a/build/x.md")
        assert not scanner.may_matter("a/.b.md.swp")


def test_facts_that_are_younger_than_the_clocks_grain_prove_nothing(tmp_path):
    write(tmp_path, "a.md")
    facts = facts_at(str(tmp_path), "a.md")
    assert is_racy(facts, facts.ctime_ns + 1_000_000)
    assert not is_racy(facts, facts.ctime_ns + 1_000_000_000)
    coarse = facts._replace(mtime_ns=10**18, ctime_ns=10**18)
    assert is_racy(coarse, 10**18 + 2 * 10**9)
    assert is_racy(facts, facts.ctime_ns - 10**9), "the clock of a file server that is a little ahead"
    assert not is_racy(facts, facts.ctime_ns - 10**12), "a clock that was put back: the next write has another time"


@pytest.mark.parametrize("mtime", [0, 10**18, 4_102_444_800 * 10**9, 2**63 - 1])
def test_a_time_that_was_set_by_hand_hides_no_change_and_makes_none(tmp_path, mtime):
    write(tmp_path, "a.md")
    facts = facts_at(str(tmp_path), "a.md")._replace(mtime_ns=mtime)
    assert is_racy(facts, facts.ctime_ns + 1_000_000)
    assert not is_racy(facts, facts.ctime_ns + 1_000_000_000)
    assert seconds_to_tick(facts, facts.ctime_ns + 1_000_000) > 0.0


def test_a_short_wait_helps_where_a_file_is_some_milliseconds_young_and_nowhere_else(tmp_path):
    write(tmp_path, "a.md")
    facts = facts_at(str(tmp_path), "a.md")
    young, old = facts.ctime_ns + 5_000_000, facts.ctime_ns + 1_000_000_000
    wait = seconds_to_tick(facts, young)
    assert 0.0 < wait < 0.1
    assert not is_racy(facts, young + round(wait * 1e9))
    coarse = facts._replace(mtime_ns=10**18, ctime_ns=10**18)
    jumped = facts.ctime_ns - 10**12
    assert [seconds_to_tick(*pair) for pair in ((facts, old), (facts, jumped), (coarse, 10**18 + 10**9))] == [0.0] * 3

"""The folders of a root: where each lies, and which show the same."""

from __future__ import annotations

import os
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch.tree import Tree, outermost, within

PATHS = st.lists(st.sampled_from("ab"), max_size=4).map("/".join)


@given(st.sets(PATHS))
def test_the_outermost_folders_hold_all_others_and_none_of_themselves(folders):
    kept = outermost(folders)
    assert kept <= folders
    assert all(any(within(folder, top) for top in kept) for folder in folders)
    assert not any(within(inner, outer) for inner in kept for outer in kept if inner != outer)


def test_a_linked_file_is_known_by_what_it_shows_until_the_folder_it_lies_in_is_forgotten(tmp_path):
    (tmp_path / "sub/deep").mkdir(parents=True)
    (tmp_path / "a.md").write_text("text")
    (tmp_path / "sub/link.md").symlink_to("../a.md")
    (tmp_path / "broken.md").symlink_to("nothing.md")
    (tmp_path / "link").symlink_to("sub/deep")
    tree, top = Tree(), os.path.realpath(tmp_path)
    folders, links = tree.read(Scanner(tmp_path))
    assert folders == ["", "link", "sub", "sub/deep"]
    assert sorted(links) == ["broken.md", "link", "sub/link.md"]
    assert set(tree.links_to(f"{top}/a.md")) == {"sub/link.md"}
    assert sorted(tree.forget("sub")) == ["sub", "sub/deep", "sub/link.md"]
    assert set(tree.links_to(f"{top}/a.md")) == set()
    assert set(tree.folders) == {"", "link"}


def test_reading_a_tree_again_finds_only_what_is_new(tmp_path):
    (tmp_path / "sub").mkdir()
    tree = Tree()
    assert tree.read(Scanner(tmp_path)) == (["", "sub"], [])
    assert tree.read(Scanner(tmp_path)) == ([], [])
    (tmp_path / "sub/deep").mkdir()
    assert tree.read(Scanner(tmp_path), "sub") == (["sub/deep"], [])


MOVES = st.lists(st.tuples(st.sampled_from(["read", "forget"]), PATHS), max_size=20)


@settings(max_examples=30)
@given(st.sets(PATHS.filter(bool)), MOVES)
def test_whatever_is_forgotten_and_read_again_a_folder_hangs_on_the_one_that_holds_it(folders, moves):
    with tempfile.TemporaryDirectory() as root:
        for folder in folders:
            os.makedirs(os.path.join(root, folder), exist_ok=True)
        tree = Tree()
        tree.read(Scanner(root))
        for deed, path in moves:
            if deed == "forget":
                before = set(tree.folders)
                assert set(tree.forget(path)) == {folder for folder in before if within(folder, path)}
            else:
                tree.read(Scanner(root))
        tree.read(Scanner(root))
        there = {os.path.relpath(folder, root).replace(".", "") for folder, _, _ in os.walk(root)}
        assert set(tree.folders) == there
        assert {child for children in tree.folders.values() for child in children} == there - {""}

"""The folders of a root: where each lies, and which show the same."""

from __future__ import annotations

from hypothesis import given
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


def test_a_path_behind_a_link_has_both_names_until_the_folder_is_forgotten(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    tree = Tree()
    assert tree.read(Scanner(tmp_path))
    assert set(tree.names("real/a.md")) == {"real/a.md", "link/a.md"}
    assert set(tree.to_watch()) == {"", "real"}
    tree.forget("link")
    assert set(tree.names("real/a.md")) == {"real/a.md"}


def test_reading_a_tree_again_finds_nothing_new(tmp_path):
    (tmp_path / "sub").mkdir()
    tree = Tree()
    assert tree.read(Scanner(tmp_path))
    assert not tree.read(Scanner(tmp_path))
    (tmp_path / "sub/deep").mkdir()
    assert tree.read(Scanner(tmp_path), "sub")

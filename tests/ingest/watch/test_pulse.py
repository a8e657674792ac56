"""What the kernel tells nobody of is seen all the same, long before the next sweep."""

from __future__ import annotations

import pytest

from tests.faults.elsewhere import as_nobody, with_tiny_disk
from tests.ingest.watch.watched import Watched

WAYS = pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])


def swap_link(link, target):
    """As `ln -sfn` and Kubernetes do."""
    aside = link.with_name(link.name + ".tmp")
    aside.symlink_to(target)
    aside.rename(link)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "a.md").write_text("text")
    return folder


@WAYS
def test_files_of_a_config_map_are_seen_when_their_folder_is_swapped(root, polling):
    for version in ("..2026_01", "..2026_02"):
        (root / version).mkdir()
        for name in ("one.md", "two.md"):
            (root / version / name).write_text(f"{name} of {version}")
    (root / "..data").symlink_to("..2026_01")
    for name in ("one.md", "two.md"):
        (root / name).symlink_to(f"..data/{name}")
    with Watched(root, polling=polling) as watched:
        swap_link(root / "..data", "..2026_02")
        assert watched.said("one.md", "two.md") == ["one.md", "two.md"]
        assert watched.state() == ("polling" if polling else "events")


@WAYS
def test_what_links_out_of_the_root_lead_to_is_followed_however_it_changes(root, tmp_path, polling):
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep/x.md").write_text(name)
    (tmp_path / "current").symlink_to("one")
    (tmp_path / "file.md").write_text("text")
    (root / "folder").symlink_to(tmp_path / "current")
    (root / "file.md").symlink_to(tmp_path / "file.md")
    (root / "nothing.md").symlink_to(tmp_path / "nothing.md")
    with Watched(root, rules={"follow_symlinks": "always"}, polling=polling) as watched:
        (tmp_path / "file.md").write_text("in place")
        (tmp_path / "nothing.md").write_text("there now")
        swap_link(tmp_path / "current", "two")
        watched.said("file.md", "nothing.md", "folder/deep/x.md")
        (tmp_path / "two/deep/x.md").write_text("through the link that was swapped")
        watched.said("folder/deep/x.md")
        (tmp_path / "file.md").unlink()
        (tmp_path / "two").rename(tmp_path / "away")
        watched.said("file.md", "folder/deep/x.md")


@WAYS
def test_a_root_that_is_a_link_is_followed_when_it_is_swapped(tmp_path, polling):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(name)
    (tmp_path / "root").symlink_to("one")
    with Watched(tmp_path / "root", polling=polling) as watched:
        swap_link(tmp_path / "root", "two")
        watched.said("a.md")
        (tmp_path / "two/a.md").write_text("other")
        watched.said("a.md")


@WAYS
def test_a_root_that_is_a_link_to_a_file_is_followed_to_it(tmp_path, polling):
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a.md").write_text("text")
    (tmp_path / "link.md").symlink_to("one/a.md")
    with Watched(tmp_path / "link.md", polling=polling) as watched:
        (tmp_path / "one/a.md").write_text("other")
        assert watched.said("") == [""]


@WAYS
def test_rules_outside_the_root_have_all_of_it_looked_at_when_they_change(tmp_path, monkeypatch, polling):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    root = tmp_path / "tree/docs/part"
    for folder in (root, tmp_path / "tree/.git/info", tmp_path / "config/git"):
        folder.mkdir(parents=True)
    for name in ("a.log", "b.log", "c.log", "d.log"):
        (root / name).write_text("text")
    with Watched(root, polling=polling) as watched:
        for path, name in {
            "tree/docs/.gitignore": "a.log",
            "tree/.git/info/exclude": "b.log",
            "config/git/ignore": "c.log",
            "mine": "d.log",
        }.items():
            (tmp_path / path).write_text(f"{name}\n")
            if path == "mine":
                (tmp_path / "tree/.git/config").write_text(f"[core]\n\texcludesFile = {tmp_path / path}\n")
            watched.said(name)


def test_what_is_mounted_and_unmounted_below_a_root_is_seen(tmp_path):
    code = """
    import subprocess
    from tests.ingest.watch.watched import Watched
    disk = base / "tiny/disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", disk]
    with Watched(base / "tiny") as watched:
        subprocess.run(mount, check=True)
        print(watched.said("disk"))
        (disk / "a.md").write_text("text")
        print(watched.said("disk/a.md"))
        with (disk / "a.md").open():
            subprocess.run(["umount", "--lazy", disk], check=True)
            print(watched.said("disk"))
        subprocess.run(["mount", "--bind", base / "tiny/disk", disk], check=True)
        print(watched.said("disk"))
    """
    assert with_tiny_disk(code, tmp_path) == ["['']", "['disk/a.md']", "['']", "['']"]


@WAYS
def test_a_folder_that_cannot_be_read_for_a_while_is_seen_when_it_cannot_and_when_it_can(open_path, polling):
    base = open_path / "base"
    base.mkdir()
    base.chmod(0o777)
    code = f"""
    from tests.ingest.watch.watched import Watched
    root = base / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub/a.md").write_text("text")
    with Watched(root, polling={polling}) as watched:
        for folder in (root / "sub", root):
            for mode in (0o000, 0o755):
                folder.chmod(mode)
                watched.said("sub")
        (root / "sub/a.md").write_text("other")
        print(watched.said("sub/a.md"), watched.state())
    """
    assert as_nobody(code, base) == [f"['sub/a.md'] {'polling' if polling else 'events'}"]

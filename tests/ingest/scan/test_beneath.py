"""What was swapped for a link between a scan and the reading brings nothing into the table that its root does not hold."""

from __future__ import annotations

import os
import shutil

import pytest

from embedingest.config import SourceConfig
from embedingest.ingest.scan.beneath import opened_beneath
from tests.depth import few
from tests.ingest.world import InProcess, World

SECRET = "What lies outside of the root"


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    for name in ("a.md", "sub/b.md", "sub/deep/c.md", "other/d.md"):
        world.write(name, f"The text of {name}.")
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    for name in ("a.md", "b.md", "deep/c.md"):
        (outside / name).write_text(f"{SECRET}, in {name}.")
    return world


def read(root, relative, **options):
    with opened_beneath(str(root), relative, os.O_RDONLY, **{"links": "inside", **options}) as descriptor:
        return os.read(descriptor, 100).decode()


def swap(path, target):
    """A link in the place of a file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    path.symlink_to(target)


SWAPS = {
    "a file": ("a.md", "a.md"),
    "a file in a folder": ("sub/b.md", "b.md"),
    "its folder": ("sub", "."),
    "a folder above": ("sub/deep", "deep"),
    "a file, over a link inside that leads out": ("a.md", "link/a.md"),
}


@few(3)
@pytest.mark.parametrize("links", ["inside", "never"])
@pytest.mark.parametrize("what", SWAPS)
def test_a_swap_between_scan_and_reading_brings_nothing_from_outside(world, what, links):
    world.sources = [SourceConfig(path=world.folder, follow_symlinks=links)]
    where, target = SWAPS[what]

    class Swapping(InProcess):
        """Extraction of files that are swapped after the scan, before the first is read."""

        def submit(self, job, *, urgent=False, on_slow=None):
            if not (world.folder / where).is_symlink():
                (world.folder / "link").symlink_to(world.base / "outside")
                swap(
                    world.folder / where, world.folder / target if "link" in target else world.base / "outside" / target
                )
            return super().submit(job, urgent=urgent)

    with world.pipeline(workers=Swapping) as pipeline:
        report = pipeline.converge()
    assert all(failure.kind == "transient" for failure in report.failures)
    assert not [row for row, _ in world.contents().values() if SECRET in row.text]
    world.assert_like_fresh()


def test_a_link_that_was_found_to_lead_inside_and_was_turned_outwards_is_refused(world):
    (world.folder / "link.md").symlink_to("a.md")
    (world.folder / "folder").symlink_to("sub")
    assert read(world.folder, "link.md", link=True) == "The text of a.md."
    assert read(world.folder, "folder/deep/c.md") == "The text of sub/deep/c.md."
    swap(world.folder / "link.md", world.base / "outside/a.md")
    swap(world.folder / "folder", world.base / "outside")
    for relative, link in (("link.md", True), ("folder/deep/c.md", False)):
        with pytest.raises(FileNotFoundError):
            read(world.folder, relative, link=link)
        assert SECRET in read(world.folder, relative, link=link, links="always")


def test_a_link_that_was_turned_to_what_is_excluded_is_refused(world):
    world.write("id_rsa", "a key")
    world.write(".ssh/config.md", "a host")
    (world.folder / "link.md").symlink_to("id_rsa")
    (world.folder / "folder").symlink_to(".ssh")
    for relative, link in (("link.md", True), ("folder/config.md", False)):
        for links in ("inside", "always"):
            with pytest.raises(FileNotFoundError):
                read(world.folder, relative, link=link, links=links)


def test_a_link_in_the_place_of_a_plain_file_is_refused_wherever_it_leads(world):
    swap(world.folder / "a.md", world.folder / "other/d.md")
    for links in ("never", "inside", "always"):
        with pytest.raises(OSError, match="symbolic links"):
            read(world.folder, "a.md", links=links)


def test_a_root_that_is_itself_a_link_and_folders_that_may_only_be_passed_are_no_obstacle(world):
    (world.base / "root").symlink_to(world.folder)
    (world.folder / "sub").chmod(0o111)
    try:
        assert read(world.base / "root", "sub/b.md") == "The text of sub/b.md."
    finally:
        (world.folder / "sub").chmod(0o755)
    with pytest.raises(FileNotFoundError):
        read(world.folder, "gone/x.md")


def test_a_sidecar_whose_folder_was_swapped_gives_no_metadata_from_outside(world):
    from embedingest.ingest.scan.sidecar import read_sidecar

    (world.base / "outside/b.md.json").write_text('{"secret": 1}')
    swap(world.folder / "sub", world.base / "outside")
    sidecar = read_sidecar(str(world.folder), "sub/b.md", "docs/sub/b.md", ["{name}.json"])
    assert sidecar is not None
    assert (sidecar.data, sidecar.values) == (b"", {})
    assert "elsewhere" in sidecar.problem

"""Pages of a mapped file go back to the system, and what they hold is there when it is asked for again."""

from __future__ import annotations

import mmap
import re
import sys
from pathlib import Path

import pytest

from embedingest.engine.compiled.mapped import give_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="maps of memory are read as Linux tells them")

SIZE = 8 * 2**20


def resident(path: Path) -> int:
    """KiB of this file in the memory of this process."""
    told = Path("/proc/self/smaps").read_text()
    found = re.search(rf"{re.escape(str(path))}\n(?:.*\n)*?Rss: +(\d+) kB", told)
    assert found is not None
    return int(found.group(1))


def test_what_was_read_is_given_back_and_read_again(tmp_path):
    file = tmp_path / "model of weights.bin"
    content = bytes(range(256)) * (SIZE // 256)
    file.write_bytes(content)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == content
        assert resident(file) >= SIZE // 1024
        give_back(file)
        assert resident(file) < SIZE // 1024 // 2 or not _can_page_out()
        assert mapped[:] == content


def _can_page_out() -> bool:
    release = Path("/proc/sys/kernel/osrelease").read_text().split(".")
    return (int(release[0]), int(re.match(r"\d+", release[1]).group())) >= (5, 4)


def test_what_is_not_mapped_is_left_alone(tmp_path):
    give_back(tmp_path / "nothing")

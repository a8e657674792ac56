"""What a server is told of the folders of its table on a disk that is full, and by who may not write there."""

from __future__ import annotations

from tests.faults.elsewhere import as_nobody, with_tiny_disk

_LOOK = """
from embedingest.build.stores import TableFolders
def told(store):
    try:
        return store.free_bytes()
    except StoreError as error:
        return f"{error.message} | {error.remedy}"
"""


def test_a_disk_that_fills_up_is_told_by_its_room_and_well_again_once_it_has_some(tmp_path):
    lines = with_tiny_disk(
        _LOOK
        + """
place = base / "tiny"
(place / "db").mkdir()
store = TableFolders(place, str(place / "db"), "t", is_written=True)
print(told(store) > 2**20)
with contextlib.suppress(OSError), (place / "ballast").open("wb", buffering=0) as ballast:
    while ballast.write(bytes(4096)):
        pass
print(told(store))
(place / "ballast").unlink()
print(told(store) > 2**20)
""",
        tmp_path,
    )
    assert (lines[0], lines[2]) == ("True", "True")
    assert lines[1] == "0" or "No space left" in lines[1]


def test_a_folder_that_may_not_be_written_is_no_fault_for_who_only_reads(open_path):
    (open_path / "db" / "t.lance" / "_versions").mkdir(parents=True)
    for folder in (open_path / "db", open_path / "db" / "t.lance", open_path / "db" / "t.lance" / "_versions"):
        folder.chmod(0o755)
    lines = as_nobody(
        _LOOK
        + """
for is_written in (True, False):
    print(told(TableFolders(base / "db", str(base / "db"), "t", is_written=is_written)))
""",
        open_path,
    )
    assert "cannot be read and written" in lines[0]
    assert "writable for who runs this" in lines[0]
    assert lines[1] == "None"

"""What the system says about watching is put into words a person can act on."""

from __future__ import annotations

import pytest

from embedingest.ingest.watch.filesystem import explain_limit, filesystem_of, is_remote, mounts_within

MOUNTS = r"""
22 1 0:20 / / rw - ext4 /dev/vda rw
30 22 0:30 / /home/me/share rw shared:1 - nfs4 server:/share rw
31 22 0:31 / /home/me/with\040space rw - fuse.sshfs me@host: rw
32 30 0:32 / /home/me/share/local rw - tmpfs tmpfs rw
""".strip()


@pytest.mark.parametrize(
    ("path", "kind", "remote"),
    [
        ("/home/me/notes", "ext4", False),
        ("/home/me/share/docs", "nfs4", True),
        ("/home/me/shared", "ext4", False),
        ("/home/me/with space/docs", "fuse.sshfs", True),
        ("/home/me/share/local/docs", "tmpfs", False),
    ],
)
def test_the_innermost_mount_tells_whether_events_can_be_trusted(path, kind, remote):
    assert filesystem_of(path, MOUNTS) == kind
    assert is_remote(kind) is remote


def test_mounts_are_told_by_what_is_mounted_and_not_by_numbers_that_change():
    assert mounts_within("/home/me/share", MOUNTS) == {"": "nfs4 server:/share /", "local": "tmpfs tmpfs /"}
    assert mounts_within("/home/me/with space", MOUNTS) == {"": "fuse.sshfs me@host: /"}
    assert mounts_within("/home/me/shared", MOUNTS) == {}


def test_this_machines_own_mounts_can_be_read(tmp_path):
    assert filesystem_of(str(tmp_path))


def test_a_limit_is_named_with_the_command_that_raises_it():
    said = explain_limit("OS file watch limit reached. about [x]", 200_000)
    assert "200,000 folders" in said
    assert "sudo sysctl fs.inotify.max_user_watches=" in said
    assert "max_user_instances" in explain_limit("Too many open files (os error 24)", 1)
    assert explain_limit("something else", 1) is None

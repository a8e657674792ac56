"""Upkeep of a large table in a process of its own on this machine. Started by a driver, and ends with it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

from embedingest.cluster.portable import opened, packed
from embedingest.errors import EmbedingestError, StoreError
from embedingest.store.elsewhere import done
from embedingest.system import die_with, interpreter, leave_no_core, signal_name

if TYPE_CHECKING:
    from embedingest.store.elsewhere import TableWork

__all__ = ["in_own_process", "main"]


def in_own_process(work: TableWork) -> None:
    """Have it done, and wait. Raises StoreError, also where the process died: the table is as it was then."""
    # A session of its own: Ctrl-C in the terminal is for the driver to answer.
    ended = subprocess.run(
        interpreter(__name__, os.getpid()),
        input=pickle.dumps(work, pickle.HIGHEST_PROTOCOL),
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=False,
    )
    if ended.returncode == 1 and ended.stdout:
        raise opened(ended.stdout)
    if ended.returncode:
        how = signal_name(-ended.returncode) if ended.returncode < 0 else f"exit status {ended.returncode}"
        raise StoreError(
            f"the process that tends table `{work.table}` died ({how})",
            remedy="the table is whole; the next run tends it, or `embedingest optimize` on a machine with more memory",
        )


def main(parent: int) -> int:
    """Do the work that comes on standard input; an error goes to standard output, and makes the exit status 1."""
    die_with(parent)
    leave_no_core()
    try:
        done(pickle.loads(sys.stdin.buffer.read()))  # noqa: S301 -- from our own parent
    except EmbedingestError as error:
        sys.stdout.buffer.write(packed(error))
        return 1
    return 0

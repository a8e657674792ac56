"""The bytes of one file, with its facts before and after, so that a change meanwhile shows. Knows no loader.

A file of a folder is read by the worker that cuts it. An item of a source that is none is read in this process by a
`Reader` (the plug-in and its connections are here), and its bytes go to the worker with the job.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.identity import Source, source_name
from embedingest.ingest.scan.beneath import opened_beneath
from embedingest.ingest.scan.files import FileFacts, facts_of, is_racy, seconds_to_tick
from embedingest.ingest.scan.sidecar import combined_facts, read_sidecar, sidecar_facts, sidecar_of
from embedingest.pickled import by_fields
from embedingest.system import NONBLOCK

if TYPE_CHECKING:
    from embedingest.ingest.scan.ignore import LinkPolicy
    from embedingest.ingest.scan.listing import Listed
    from embedingest.ingest.scan.sidecar import Sidecar

__all__ = ["Given", "GivenSidecar", "Job", "ReadBytes", "Reader", "read_file", "too_large"]

_READ_FLAGS: Final = os.O_RDONLY | NONBLOCK


class GivenSidecar(NamedTuple):
    """The bytes of a sidecar, `None` where there are too many of them."""

    relative: str
    facts: FileFacts
    data: bytes | None


class Given(NamedTuple):
    """The bytes of an item, of just the version that has these facts. `seconds` is what reading it took."""

    data: bytes
    facts: FileFacts
    sidecar: GivenSidecar | None = None
    seconds: float = 0.0


@by_fields
@dataclass(frozen=True, slots=True)
class Job:
    """One file to read. `relative` is empty where the root is the file itself.

    `size` is what a scan saw, used for planning only. With `known_hash`, bytes of that hash are only read, not
    extracted. `links` are the symbolic links that the root follows; unless `link`, one found in the file's place is
    refused. An item of a source that is no folder is `listed`, until its bytes are `given`.
    """

    root: str
    relative: str
    source: str
    size: int = 0
    known_hash: str = ""
    link: bool = False
    links: LinkPolicy = "inside"
    listed: Listed | None = None
    given: Given | None = None


class Reader(Protocol):
    """Who reads the items of one source; several threads ask at once."""

    def read(self, job: Job) -> Given:
        """The bytes of the version that was listed. Raises DocumentError: `moving` where there is another by now,
        `vanished` where there is none.
        """
        ...


class ReadBytes(NamedTuple):
    """What was read. `before` and `after` are the facts around it, those of the sidecar among them.

    `racy`: another change may leave the same facts (see `is_racy`).
    """

    data: bytes
    sidecar: Sidecar | None
    before: FileFacts
    after: FileFacts
    racy: bool


def read_file(job: Job, max_bytes: int, sidecars: tuple[str, ...]) -> ReadBytes:
    """A regular file and its sidecar. Raises DocumentError.

    A file younger than a tick of its clock is read again after it: otherwise it would be behind until the next run.
    """
    if job.given is not None:
        return _given(job, job.given, max_bytes)
    for last in (False, True):
        begun_ns = time.time_ns()
        data, before, after = _read(job, max_bytes)
        sidecar = read_sidecar(job.root, job.relative, job.source, sidecars, links=job.links) if sidecars else None
        if sidecar is not None:
            before = combined_facts(before, sidecar.facts)
            after = combined_facts(after, sidecar_facts(job.root, job.relative, sidecars))
        wait = seconds_to_tick(before, begun_ns)
        if last or before != after or not wait:
            break
        time.sleep(wait)
    return ReadBytes(data, sidecar, before, after, is_racy(before, begun_ns))


def _given(job: Job, given: Given, max_bytes: int) -> ReadBytes:
    """What was read of an item before the job came here. Raises DocumentSkipped."""
    if len(given.data) > max_bytes:
        raise too_large(job.source, len(given.data), max_bytes)
    if given.sidecar is None:
        return ReadBytes(given.data, None, given.facts, given.facts, racy=False)
    path, facts_beside, data = given.sidecar
    sidecar = sidecar_of(path, source_name(Source.parse(job.source).alias, path), facts_beside, data)
    facts = combined_facts(given.facts, facts_beside)
    return ReadBytes(given.data, sidecar, facts, facts, racy=False)


def _read(job: Job, max_bytes: int) -> tuple[bytes, FileFacts, FileFacts]:
    """The bytes of a regular file, with its facts before and after. Raises DocumentError."""
    try:
        with opened_beneath(job.root, job.relative, _READ_FLAGS, links=job.links, link=job.link) as descriptor:
            before = facts_of(os.fstat(descriptor))
            _refuse_unfit(job, before, max_bytes)
            data = _read_all(descriptor, before.size, max_bytes)
            return data, before, facts_of(os.fstat(descriptor))
    except OSError as error:
        raise _unread(job, error) from error


def _read_all(descriptor: int, size: int, max_bytes: int) -> bytes:
    """As many bytes as the file had when it was opened: what is appended meanwhile belongs to the next reading."""
    first = os.read(descriptor, min(size, max_bytes))
    if len(first) >= size:
        return first
    pieces = [first]
    missing = size - len(first)
    while missing > 0 and (piece := os.read(descriptor, missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _refuse_unfit(job: Job, facts: FileFacts, max_bytes: int) -> None:
    if not stat.S_ISREG(facts.mode):
        raise DocumentSkipped(f"{job.source} is not a regular file", source=job.source, code="special")
    if facts.size > max_bytes:
        raise too_large(job.source, facts.size, max_bytes)


def too_large(source: str, size: int, max_bytes: int) -> DocumentSkipped:
    """The error of a file of so many bytes."""
    return DocumentSkipped(
        f"{source} has {size:,} bytes, more than the {max_bytes:,} that are read",
        source=source,
        code="too_large",
        remedy="raise `load.max_bytes`",
    )


def _unread(job: Job, error: OSError) -> DocumentError:
    gone = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
    reason = error.strerror or str(error)
    return DocumentError(
        f"{job.source} went away before it was read" if gone else f"{job.source} cannot be read: {reason}",
        source=job.source,
        kind="transient",
        code="vanished" if gone else "unreadable",
    )

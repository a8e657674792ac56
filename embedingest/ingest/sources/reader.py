"""How an item of a source is read: the version that was listed, tried a few times, its failure said in our words.

Runs in this process, where the plug-in and its connections are. Knows no loader.
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError, DocumentSkipped
from embedingest.ingest.extract.reading import Given, GivenSidecar, too_large
from embedingest.ingest.json_values import printable, spelled
from embedingest.ingest.remedies import SOURCE_REMEDY
from embedingest.ingest.scan.sidecar import MOST_SIDECAR_BYTES
from embedingest.ingest.sources.place import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.extract.reading import Job
    from embedingest.ingest.scan.listing import Beside
    from embedingest.ingest.sources.place import Place

__all__ = ["MOVING", "ItemReader"]

_log = logging.getLogger(__name__)

MOVING: Final = "moving"
"""The code of an item that has another mark than when it was listed."""

TRIES: Final = 3
"""How often an item is asked for in a row; what fails then is tried again later, as a file is."""

_FIRST_WAIT_SECONDS: Final = 0.25
_NOT_AGAIN: Final = {MOVING, "vanished"}
_MOST_REASON: Final = 500
_MOST_CODE: Final = 64


class ItemReader:
    """Reads the items of one place; implements `Reader`. None of more than `max_bytes` is asked for."""

    def __init__(self, place: Place, *, max_bytes: int, wait: Callable[[float], None] = time.sleep) -> None:
        self._place: Final = place
        self._max_bytes: Final = max_bytes
        self._wait: Final = wait

    def read(self, job: Job) -> Given:
        """The item and its sidecar, both of the versions that were listed. Raises DocumentError, DocumentSkipped."""
        listed = job.listed
        assert listed is not None
        if listed.facts.size > self._max_bytes:
            raise too_large(job.source, listed.facts.size, self._max_bytes)
        began = time.perf_counter()
        sidecar = None if listed.sidecar is None else self._sidecar(job, listed.sidecar)
        data = self._read(job, job.relative, listed.mark)
        return Given(data, listed.facts, sidecar, time.perf_counter() - began)

    def _sidecar(self, job: Job, beside: Beside) -> GivenSidecar:
        if beside.facts.size > MOST_SIDECAR_BYTES:
            return GivenSidecar(beside.relative, beside.facts, None)
        try:
            data = self._read(job, beside.relative, beside.mark)
        except DocumentError as error:
            if error.code in _NOT_AGAIN:  # the document itself may well be there
                raise _moving(job) from error
            raise
        return GivenSidecar(beside.relative, beside.facts, data)

    def _read(self, job: Job, key: str, mark: str) -> bytes:
        for attempt in range(1, TRIES + 1):
            try:
                return self._place.read(key, mark)
            except Exception as error:
                failed = _failure(job, error)
                if failed.kind != "transient" or failed.code in _NOT_AGAIN or attempt == TRIES:
                    raise failed from error
                _log.info("%s: try %d of %d failed: %s", job.source, attempt, TRIES, failed.message)
            self._wait(_FIRST_WAIT_SECONDS * 4 ** (attempt - 1) * (1 + random.random()))  # noqa: S311 -- no secret
        raise AssertionError("unreachable")


def _failure(job: Job, error: Exception) -> DocumentError:
    """What a source raised, as an error of this file that the journal can keep."""
    if not isinstance(error, DocumentError):
        _log.warning("%s could not be read", job.source, exc_info=error)
        message = f"{job.source} could not be read: {named(error)}"
        return DocumentError(message, source=job.source, kind="transient", code="unreachable", remedy=SOURCE_REMEDY)
    if error.code == MOVING:
        return _moving(job)
    kind: Any = error.kind
    return (DocumentSkipped if isinstance(error, DocumentSkipped) else DocumentError)(
        printable(spelled(error.message), _MOST_REASON),
        source=job.source,
        kind=kind if kind in {"permanent", "machinery"} else "transient",
        code=printable(spelled(error.code), _MOST_CODE),
        remedy=None if error.remedy is None else printable(spelled(error.remedy), _MOST_REASON),
    )


def _moving(job: Job) -> DocumentError:
    return DocumentError(f"{job.source} changed after it was listed", source=job.source, kind="transient", code=MOVING)

"""Files whose chunks wait for a sentence that others write, each asked for once. Knows no rows and no vectors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.context.request import requests_of, with_sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedingest.ingest.context.request import Request
    from embedingest.ingest.context.writer import Written
    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.run.planner import ReadFile
    from embedingest.ingest.run.resources import Resources

__all__ = ["MOST_REQUESTS", "Arrived", "Contexts", "with_known_context"]

MOST_REQUESTS: Final = 512
"""Sentences that are waited for before no further file of the backlog is read."""


class Arrived(NamedTuple):
    """What a sentence has brought: files that have their context now, and files that have none, with the error."""

    complete: list[ReadFile]
    failed: list[tuple[ReadFile, DocumentError]]


class _File:
    """A file with the keys of its chunks in order, the sentences that are there, and what is asked for the others."""

    def __init__(self, read: ReadFile, resources: Resources) -> None:
        self.read = read
        self.keys, requests = _requests(read.extracted, resources)
        self.sentences = resources.sentences.known(requests)
        self.missing = {key: request for key, request in requests.items() if key not in self.sentences}


class Contexts:
    """Files on their way to having their context; outcomes of requests go to `post`, from other threads."""

    def __init__(self, resources: Resources, post: Callable[[Written], None]) -> None:
        self._resources = resources
        self._post = post
        self._files: dict[str, _File] = {}
        self._waiters: dict[str, list[_File]] = {}

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._files)

    @property
    def full(self) -> bool:
        """Whether no further file of the backlog should be read for now."""
        return len(self._waiters) >= MOST_REQUESTS

    def want(self, read: ReadFile) -> list[ReadFile]:
        """The file with its context where that is known; else it waits. Raises ConfigError: nobody can be asked."""
        if not read.extracted.parts:  # its bytes are known
            return [read]
        file = _File(read, self._resources)
        if not file.missing:
            return [self._complete(file)]
        self._files[read.candidate.source] = file
        for key, request in file.missing.items():
            waiters = self._waiters.setdefault(key, [])
            waiters.append(file)
            if len(waiters) == 1:
                self._submit(request, urgent=read.candidate.urgent)
        return []

    def arrived(self, written: Written) -> Arrived:
        """A request has come back."""
        key, arrived = written.key, Arrived([], [])
        waiters = self._waiters.pop(key, [])
        if written.sentence:
            self._resources.sentences.keep(key, written.sentence)
        elif waiters and not written.error:  # it was wanted by nobody for a moment
            self._waiters[key] = waiters
            self._submit(waiters[0].missing[key], urgent=waiters[0].read.candidate.urgent)
            return arrived
        for file in waiters:
            if written.error:
                self._forget(file)
                arrived.failed.append((file.read, _error(file.read.candidate.source, written.error)))
                continue
            file.sentences[key] = written.sentence
            del file.missing[key]
            if not file.missing:
                self._forget(file)
                arrived.complete.append(self._complete(file))
        return arrived

    def give_up(self, source: str) -> ReadFile | None:
        """Let a file that waits go; `None` where it does not wait. What is being written for it is still kept."""
        file = self._files.get(source)
        if file is None:
            return None
        self._forget(file)
        return file.read

    def _submit(self, request: Request, *, urgent: bool) -> None:
        wanted = partial(self._is_wanted, request.key)
        self._resources.sentences.writer(self._post).submit(request, wanted, urgent=urgent)

    def _is_wanted(self, key: str) -> bool:
        """Asked in another thread, when a request's turn comes."""
        return bool(self._waiters.get(key))

    def _forget(self, file: _File) -> None:
        del self._files[file.read.candidate.source]
        for key in file.missing:
            if key in self._waiters:
                self._waiters[key].remove(file)
        file.missing = {}

    def _complete(self, file: _File) -> ReadFile:
        resources = self._resources
        extracted = with_sentences(file.read.extracted, file.keys, file.sentences, resources.front, resources.sizer())
        return file.read._replace(extracted=extracted)


def with_known_context(extracted: Extracted, resources: Resources) -> Extracted:
    """The file with those sentences in front of its chunks that were written before; nobody is asked."""
    if not resources.recipe.is_written or not extracted.parts:
        return extracted
    keys, requests = _requests(extracted, resources)
    return with_sentences(extracted, keys, resources.sentences.known(requests), resources.front, resources.sizer())


def _requests(extracted: Extracted, resources: Resources) -> tuple[list[str], dict[str, Request]]:
    """The key of each chunk in order, and what would be asked, by key."""
    context = resources.recipe.config.context
    assert context is not None
    keys: list[str] = []
    requests: dict[str, Request] = {}
    for request in requests_of(extracted, context):
        keys.append(request.key)
        requests.setdefault(request.key, request)
    return keys, requests


def _error(source: str, reason: str) -> DocumentError:
    return DocumentError(
        f"{source} has a chunk without context: {reason}", source=source, kind="transient", code="context"
    )

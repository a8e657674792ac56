"""What it means for a file how it was read, or that its texts could not be embedded. For every walk. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.errors import DocumentError
from embedingest.ingest.scan.files import facts_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedingest.ingest.extract.values import Extracted
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.state.journal import FileState

__all__ = ["GoneContent", "is_gone", "never_still", "not_embedded", "to_read_again", "went_away"]

_REREADS: Final = 3
_MISSES: Final = {"moving": 2, "vanished": 3}  # the last miss may be because it went


def to_read_again(candidate: Candidate, extracted: Extracted) -> Candidate | None:
    """The file to be read anew, where it was being written while it was read; `None` where that was tried enough.

    What was read may be no version of it at all.
    """
    if extracted.moved and candidate.tries < _REREADS:
        return candidate._replace(tries=candidate.tries + 1)
    return None


def went_away(candidate: Candidate, error: DocumentError) -> bool:
    """Whether a file was not there any more as it was found: it did not fail, and is looked for again.

    It is gone, or (`moving`, an item of a source) there is another version of it. One that was looked for again often
    enough has failed.
    """
    return candidate.misses < _MISSES.get(error.code, 0)


def never_still(candidate: Candidate, error: DocumentError) -> DocumentError:
    """The failure of a file, told as what it is where it was there at each look and another at each try to read it."""
    if error.code not in _MISSES:
        return error
    message = f"{candidate.source} changed while it was read, {candidate.misses + 1} times"
    return DocumentError(message, source=candidate.source, kind="transient", code="moving")


def is_gone(candidate: Candidate) -> bool:
    """Whether no such file stands there any more: nothing, a folder, or a link where a file was or to no file.

    Of an item of a source the next listing says so.
    """
    if candidate.root.place:
        return False
    file = candidate.file
    try:
        facts = facts_at(str(candidate.root.path), file.relative, follow=file.link or not file.relative)
    except OSError:
        return False
    return facts is None or not facts.is_file


def not_embedded(source: str, reason: str) -> DocumentError:
    """The failure of a document with a text that no vector could be computed of."""
    message = f"{source} has a text that cannot be embedded: {reason}"
    return DocumentError(message, source=source, kind="permanent", code="embedding")


class GoneContent:
    """Files that are no longer there, by their content: new files of the same content have moved.

    `moved` are the sources that are gone, and whose content was found again under another.
    """

    def __init__(self) -> None:
        self._sources: dict[str, list[str]] = {}
        self.moved: set[str] = set()

    def expect(self, states: Iterable[FileState]) -> None:
        """These files are no longer there."""
        for state in states:
            if state.content_hash:
                self._sources.setdefault(state.content_hash, []).append(state.source)

    def found_again(self, content_hash: str) -> bool:
        """Whether a new file of this content is one of those, which then counts no more."""
        sources = self._sources.get(content_hash)
        if not sources:
            return False
        self.moved.add(sources.pop())
        return True

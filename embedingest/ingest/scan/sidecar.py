"""Sidecars: files with metadata for the file beside them. Which they are, what they say, and that they have changed.

A sidecar is no document. Its bytes count as part of its document's content, its stat facts as part of its document's
facts, so that whoever compares either notices a change of the sidecar too.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.identity import Source, escape, hash_fields, source_name
from embedingest.ingest.identity import content_hash as hash_of
from embedingest.ingest.json_values import jsonable, printable, read_yaml
from embedingest.ingest.scan.beneath import opened_beneath
from embedingest.ingest.scan.files import FileFacts, facts_at, facts_of
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.scanner import Scanner
from embedingest.numerals import read_json
from embedingest.system import NO_FOLLOW, NONBLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from embedingest.ingest.scan.ignore import LinkPolicy, Rules
    from embedingest.ingest.scan.listing import SkippedPath

__all__ = [
    "MOST_SIDECAR_BYTES",
    "Sidecar",
    "SidecarNames",
    "SidecarScanner",
    "combined_facts",
    "content_hash_with",
    "read_sidecar",
    "sidecar_facts",
    "sidecar_of",
]

MOST_SIDECAR_BYTES: Final = 2**20
"""Bytes of a sidecar that is read."""

_MOST_PROBLEM: Final = 2000
_UNREADABLE: Final = {"sidecar_unreadable": 1}
_FLAGS: Final = os.O_RDONLY | NONBLOCK | NO_FOLLOW


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the sidecar of one file says. `problem` tells why it says nothing, naming it; `relative` is its path.
    `notices` counts what of it could not be read.
    """

    relative: str
    facts: FileFacts
    data: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    notices: Mapping[str, int] = field(default_factory=dict)


def combined_facts(facts: FileFacts, sidecar: FileFacts | None) -> FileFacts:
    """The facts of a file that change when those of its sidecar do. Size and mtime stay the file's own."""
    if sidecar is None:
        return facts
    mark = hash_fields(*(str(fact) for fact in sidecar[:4]))
    return facts._replace(ctime_ns=max(facts.ctime_ns, sidecar.ctime_ns), inode=facts.inode ^ int(mark[:15], 16))


def content_hash_with(content_hash: str, sidecar: Sidecar | None) -> str:
    """The content hash of a file and its sidecar together; the file's own where it has none."""
    return content_hash if sidecar is None else hash_of(content_hash.encode() + sidecar.data)


def _find(root: str, relative: str, templates: Sequence[str]) -> tuple[str, str, FileFacts] | None:
    """Root, path and facts of the first sidecar that a file has. Links are not followed, and folders are none."""
    if not relative:  # the root is the file itself
        root, relative = os.path.split(Path(root).absolute())
    for path in _paths_of(relative, templates):
        facts = _file_facts(root, path)
        if facts is not None:
            return root, path, facts
    return None


def _paths_of(relative: str, templates: Sequence[str]) -> Iterator[str]:
    """Where the sidecar of a file may lie, the first first."""
    folder, slash, name = relative.rpartition("/")
    for template in templates:
        yield folder + slash + template.format(name=name, stem=name.rpartition(".")[0] or name)


def read_sidecar(
    root: str, relative: str, source: str, templates: Sequence[str], *, links: LinkPolicy = "inside"
) -> Sidecar | None:
    """The sidecar of a file; `None` where it has none. `links` are those that its root follows.

    Never raises: what is wrong is the sidecar's `problem`.
    """
    sidecar = _find(root, relative, templates)
    if sidecar is None:
        return None
    root, path, facts = sidecar
    label = source_name(Source.parse(source).alias, path) if relative else escape(path)
    if facts.size > MOST_SIDECAR_BYTES:
        return sidecar_of(path, label, facts, None)
    try:
        with opened_beneath(root, path, _FLAGS, links=links) as descriptor:
            facts = facts_of(os.fstat(descriptor))
            data = os.read(descriptor, MOST_SIDECAR_BYTES)
    except OSError as error:
        return Sidecar(path, facts, problem=f"{label} cannot be read: {error.strerror or error}", notices=_UNREADABLE)
    return sidecar_of(path, label, facts, data)


def sidecar_of(path: str, label: str, facts: FileFacts, data: bytes | None) -> Sidecar:
    """What the bytes of a sidecar say, `None` where there are too many of them; `label` names it in its problem."""
    if data is None:
        problem = f"{label} has {facts.size:,} bytes, a sidecar at most {MOST_SIDECAR_BYTES:,}"
        return Sidecar(path, facts, problem=problem, notices=_UNREADABLE)
    try:
        notices: dict[str, int] = {}
        return Sidecar(path, facts, data, _values(path, data, notices), notices=notices)
    except (ValueError, RecursionError) as error:
        return Sidecar(path, facts, data, problem=printable(f"{label}: {error}", _MOST_PROBLEM), notices=_UNREADABLE)


def sidecar_facts(root: str, relative: str, templates: Sequence[str]) -> FileFacts | None:
    """The facts of a file's sidecar as they are now."""
    sidecar = _find(root, relative, templates)
    return None if sidecar is None else sidecar[2]


def _file_facts(root: str, relative: str) -> FileFacts | None:
    try:
        facts = facts_at(root, relative)
    except OSError:
        return None
    return facts if facts is not None and facts.is_file else None


def _values(path: str, data: bytes, notices: dict[str, int]) -> dict[str, Any]:
    """Raises ValueError with a reason on one line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    values = _json(text) if path.endswith(".json") else read_yaml(text, notices)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ValueError(f"it is a {type(values).__name__}, not a mapping of keys to values")
    return dict(jsonable(values))


def _json(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return read_json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error


class SidecarNames:
    """The names of sidecars by their templates; false where there are none."""

    def __init__(self, templates: Sequence[str]) -> None:
        self._templates: Final = tuple(templates)
        self._patterns: Final = [_pattern(template) for template in templates]

    def __bool__(self) -> bool:
        return bool(self._templates)

    def has(self, relative: str) -> bool:
        """Whether a path is that of a sidecar."""
        name = relative.rpartition("/")[2]
        return any(pattern.fullmatch(name) for pattern in self._patterns)

    def of(self, relative: str) -> Iterator[str]:
        """Where the sidecar of a file may lie, the first first."""
        return _paths_of(relative, self._templates)

    def parts(self, name: str) -> Iterator[dict[str, str]]:
        """What the name of a sidecar says of those that it belongs to: a `name`, or a `stem`."""
        return (match.groupdict() for pattern in self._patterns if (match := pattern.fullmatch(name)))


class SidecarScanner(Scanner):
    """A scanner that leaves sidecars out; the facts of a file cover those of its sidecar."""

    def __init__(self, root: str | os.PathLike[str], rules: Rules, templates: Sequence[str]) -> None:
        super().__init__(root, rules)
        self._templates: Final = tuple(templates)
        self._names: Final = SidecarNames(templates)

    def scan(self, below: str = "", *, excluded: dict[str, int] | None = None) -> Iterator[FoundFile | SkippedPath]:
        for item in super().scan(below, excluded=excluded):
            document = self._document(item)
            if document is not None:
                yield document

    def scan_paths(self, relatives: Iterable[str]) -> Iterator[tuple[str, FoundFile | SkippedPath | None]]:
        for relative, item in super().scan_paths(relatives):
            yield relative, item and self._document(item)

    def _document(self, item: FoundFile | SkippedPath) -> FoundFile | SkippedPath | None:
        """A file with what its sidecar adds to its facts; `None` for a sidecar itself."""
        if not isinstance(item, FoundFile):
            return item
        if item.relative and self._names.has(item.relative):
            return None
        return item._replace(facts=combined_facts(item.facts, sidecar_facts(self.root, item.relative, self._templates)))

    def concerned(self, relatives: Iterable[str]) -> set[str]:
        """The paths to look at again where these have changed: for a sidecar, also the files that it belongs to."""
        changed = super().concerned(relatives)
        return changed.union(*(self._documents_of(relative) for relative in changed))

    def _documents_of(self, relative: str) -> Iterator[str]:
        folder, slash, name = relative.rpartition("/")
        for names in self._names.parts(name):
            if "name" in names:
                yield folder + slash + names["name"]
            else:
                for other in _names(f"{self.root}/{folder}"):
                    if (other.rpartition(".")[0] or other) == names["stem"]:
                        yield folder + slash + other


def _names(folder: str) -> list[str]:
    try:
        return [entry.name for entry in Path(folder).iterdir()]
    except OSError:
        return []


def _pattern(template: str) -> re.Pattern[str]:
    """One wildcard between two fixed texts (the settings allow no second): a name is read once from its end."""
    parts = re.split(r"\{(name|stem)\}", template)
    return re.compile(f"{re.escape(parts[0])}(?P<{parts[1]}>.+){re.escape(parts[2])}", re.DOTALL)

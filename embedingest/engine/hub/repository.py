"""What a hub says of one repository: its files, with sizes and digests. Trusts no name and no number in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.hub.problems import PullError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["HubFile", "Repository", "is_digest", "read_repository"]

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_REVISION: Final = re.compile(r"[0-9a-zA-Z]{1,64}")
_SEGMENT: Final = re.compile(r"[^\x00-\x1f\x7f/\\:]{1,200}")
_HEX: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_FILES: Final = 100_000
_LARGEST_FILE_BYTES: Final = 2**42


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository.

    `digest` is what the hub knows its content by: the sha256 of a large one (64 digits), git's own sha1 of a small one
    (40 digits). It is empty, or the size negative, where the hub left them out of its list.
    """

    name: str
    size: int
    digest: str

    def matches(self, path: Path) -> bool:
        """Whether this is the file's content: size and digest. Raises OSError, but not for a file that is missing."""
        try:
            if path.stat().st_size != self.size:
                return False
            with path.open("rb") as stream:
                if len(self.digest) == 64:
                    return hashlib.file_digest(stream, "sha256").hexdigest() == self.digest
                # Git's name of a content: sha1 over a line that tells its size, and the content.
                sha1 = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
                while block := stream.read(2**20):
                    sha1.update(block)
                return sha1.hexdigest() == self.digest
        except FileNotFoundError:
            return False

    @property
    def is_stated(self) -> bool:
        return bool(self.digest) and self.size >= 0

    @property
    def label(self) -> str:
        """The digest as `/api/pull` writes it."""
        return f"{'sha256' if len(self.digest) == 64 else 'sha1'}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository at one commit: `id` as the hub spells it, `revision` the commit, its files by name."""

    id: str
    revision: str
    files: Mapping[str, HubFile]


def read_repository(asked: str, told: Any) -> Repository:
    """What a hub told of the repository that was asked for. Raises PullError where it makes no sense."""
    told = told if isinstance(told, dict) else {}
    listed, revision = told.get("siblings"), told.get("sha")
    if not isinstance(listed, list) or not isinstance(revision, str) or not _REVISION.fullmatch(revision):
        raise PullError(f"the hub's answer about {asked} lists no files of a revision", remedy="check `HF_ENDPOINT`")
    if len(listed) > _MOST_FILES:
        raise PullError(f"{asked} has {len(listed)} files, more than a model can have")
    # Of a name that differs in more than its case (a model that was renamed) people know the one they asked for.
    spelled = told.get("id")
    same = isinstance(spelled, str) and spelled.lower() == asked.lower() and _ID.fullmatch(spelled)
    files = (_file(asked, entry) for entry in listed)
    return Repository(str(spelled) if same else asked, revision, {file.name: file for file in files})


def _file(asked: str, entry: Any) -> HubFile:
    entry = entry if isinstance(entry, dict) else {}
    large = entry.get("lfs")
    large = large if isinstance(large, dict) else {}
    name, size = entry.get("rfilename"), large.get("size", entry.get("size", -1))
    digest = large.get("sha256") or large.get("oid") or entry.get("blobId") or ""
    if not isinstance(name, str) or not _is_plain(name):
        raise PullError(f"{asked} has a file whose name leads elsewhere: {str(name)[:100]!r}")
    if type(size) is not int or not -1 <= size <= _LARGEST_FILE_BYTES:
        raise PullError(f"{asked} states no size of {name} that a file can have")
    return HubFile(name, size, digest if is_digest(digest) else "")


def is_digest(text: Any) -> bool:
    """Whether this is a sha256 or a sha1 as a hub writes them."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def _is_plain(name: str) -> bool:
    """Whether a name stays inside its folder on every system."""
    return all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in name.split("/"))

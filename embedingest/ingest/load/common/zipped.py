"""Zip containers read within limits, and the XML in them. Nothing is ever written to disk.

Sizes in a zip's directory are claims: reading stops at the limit whatever they say.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from embedingest.errors import DocumentError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["MAX_UNPACKED", "Container", "bomb", "xml_root"]

MAX_UNPACKED: Final = 512 * 2**20
"""Bytes that one file may unpack to, all its parts together."""

_MAX_ENTRIES: Final = 65_536
_PIECE: Final = 2**20


class Container:
    """A zip file in memory. All reading together may unpack at most `limit` bytes."""

    def __init__(self, data: bytes, name: str, *, limit: int = MAX_UNPACKED) -> None:
        self.name = name
        self._remaining = self._limit = limit
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
        if len(self._zip.filelist) > _MAX_ENTRIES:
            raise DocumentError(
                f"{name} holds {len(self._zip.filelist):,} entries, more than {_MAX_ENTRIES:,}",
                source=name,
                code="bomb",
            )

    @property
    def names(self) -> list[str]:
        """Every file inside, in the order of the directory."""
        return [info.filename for info in self._zip.filelist if not info.is_dir()]

    def has(self, part: str) -> bool:
        return part in self._zip.NameToInfo

    def read(self, part: str) -> bytes:
        """The bytes of one part. Raises DocumentError: `corrupt`, `encrypted`, `bomb`."""
        try:
            with self._zip.open(part) as stream:
                pieces = []
                while piece := stream.read(_PIECE):
                    self._remaining -= len(piece)
                    if self._remaining < 0:
                        raise bomb(self.name, self._limit)
                    pieces.append(piece)
                return b"".join(pieces)
        except KeyError as error:
            raise DocumentError(f"{self.name} has no part {part}", source=self.name, code="corrupt") from error
        except RuntimeError as error:  # zipfile's own word for a password
            raise DocumentError(f"{self.name} is encrypted", source=self.name, code="encrypted") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise DocumentError(f"{self.name} is damaged: {error}", source=self.name, code="corrupt") from error

    def xml(self, part: str) -> Element:
        """The root of one XML part."""
        return xml_root(self.read(part), self.name)


def bomb(name: str, limit: int) -> DocumentError:
    """The error of a file that unpacks to more than is read."""
    return DocumentError(
        f"{name} unpacks to more than {limit // 2**20} MiB",
        source=name,
        code="bomb",
        remedy="if it is meant to be that large, unpack it and ingest the folder",
    )


def xml_root(data: bytes, name: str) -> Element:
    """Parse XML that declares no entities: documents of the formats read here never do."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    if b"<!ENTITY" in data:
        raise DocumentError(f"{name} declares XML entities, which are not read", source=name, code="bomb")
    try:
        return ET.fromstring(data)  # noqa: S314 -- entities are refused above; nothing is fetched
    except (ET.ParseError, ValueError, LookupError) as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error

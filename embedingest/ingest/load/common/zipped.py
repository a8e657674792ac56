"""Zip containers read within limits, and the XML in them. Nothing is ever written to disk.

Sizes in a zip's directory are claims: reading stops at the limit whatever they say.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.budget import MAX_UNPACKED, Budget

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Container", "refuse_entities", "rewritten", "xml_root"]

_PIECE: Final = 2**20
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, OSError, ValueError,
    OverflowError,
)  # fmt: skip


class Container:
    """A zip file in memory. All reading together may unpack at most `limit` bytes, and no more than its parent may."""

    def __init__(self, data: bytes, name: str, *, limit: int = MAX_UNPACKED) -> None:
        self.name = name
        self.missing: Final[set[str]] = set()  # parts that were asked for and are not there
        self._budget: Final = Budget(name, limit)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGED as error:
            raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error
        self._budget.count(len(self._zip.filelist))

    @property
    def names(self) -> list[str]:
        """Every file inside, in the order of the directory."""
        return [info.filename for info in self._zip.filelist if not info.is_dir()]

    def has(self, part: str) -> bool:
        return part in self._zip.NameToInfo

    def holds(self, part: str) -> bool:
        """Whether a part to which another refers is there; if not, it is kept among the `missing`."""
        if not self.has(part):
            self.missing.add(part)
        return self.has(part)

    def read(self, part: str) -> bytes:
        """The bytes of one part. Raises DocumentError: `corrupt`, `encrypted`, `bomb`."""
        try:
            with self._zip.open(part) as stream:
                pieces = []
                while piece := stream.read(_PIECE):
                    self._budget.take(len(piece))
                    pieces.append(piece)
                return b"".join(pieces)
        except KeyError as error:
            raise DocumentError(f"{self.name} has no part {part}", source=self.name, code="corrupt") from error
        except (*_DAMAGED, RuntimeError) as error:
            # A password is zipfile's RuntimeError; so is every way of packing that it does not know.
            if isinstance(error, RuntimeError) and (type(error) is RuntimeError or "encryption" in str(error)):
                raise DocumentError(f"{self.name} is encrypted", source=self.name, code="encrypted") from error
            raise DocumentError(f"{self.name} is damaged: {error}", source=self.name, code="corrupt") from error

    def xml(self, part: str) -> Element:
        """The root of one XML part."""
        return xml_root(self.read(part), self.name)


def rewritten(data: bytes, parts: dict[str, bytes]) -> bytes:
    """A zip like `data`, which was read before, with other content in these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.NameToInfo:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return buffer.getvalue()


def xml_root(data: bytes, name: str) -> Element:
    """Parse XML that declares no entities: documents of the formats read here never do."""
    refuse_entities(data, name)
    try:
        return ET.fromstring(data)  # noqa: S314 -- entities are refused above; nothing is fetched
    except (ET.ParseError, ValueError, LookupError) as error:
        raise DocumentError(f"{name} is damaged: {error}", source=name, code="corrupt") from error


class _RootReached(Exception):  # noqa: N818 -- no error: the end of what is looked at
    """The first element of an XML text has begun; declarations stand before it only."""


def refuse_entities(data: bytes, name: str) -> None:
    """Raise DocumentError (`bomb`) for XML that declares entities, in whatever encoding the parser understands.

    The parser itself is asked, so that no encoding is understood here otherwise than where the text is read. What is
    no XML is left to the reader.
    """
    parser = expat.ParserCreate()

    def entity(*_: object) -> None:
        raise DocumentError(f"{name} declares XML entities, which are not read", source=name, code="bomb")

    def element(*_: object) -> None:
        raise _RootReached

    parser.EntityDeclHandler = entity
    parser.StartElementHandler = element
    with contextlib.suppress(_RootReached, expat.ExpatError, ValueError, LookupError):
        for start in range(0, len(data), _PIECE):
            parser.Parse(data[start : start + _PIECE], False)

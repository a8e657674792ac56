"""The parts of an Office Open XML file and what they are to each other. Knows no words in them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.compound import MARK
from embedingest.ingest.load.common.zipped import Container, xml_root
from embedingest.ingest.load.office.names import DC, RELS, STRICT
from embedingest.numerals import whole

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["main_part", "number", "open_package", "part", "properties", "related", "relations"]

_PROPERTIES: Final = (("title", "title"), ("author", "creator"), ("subject", "subject"), ("language", "language"))


def open_package(data: bytes, name: str) -> Container:
    """The zip around the parts. Raises DocumentError: `encrypted`, `unsupported` (Office 97-2003), `corrupt`."""
    if data.startswith(MARK):
        # A password turns the zip into an OLE file that holds a part of this name, written in UTF-16.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentError(f"{name} is encrypted", source=name, code="encrypted", remedy="save it unprotected")
        raise DocumentError(
            f"{name} is a file of Office 97-2003", source=name, code="unsupported", remedy="save it as DOCX or PPTX"
        )
    return Container(data, name)


def part(container: Container, path: str) -> Element:
    """One XML part; the namespaces of the strict variant are read as those of the usual one."""
    data = container.read(path)
    if b"purl.oclc.org" in data:
        for strict, usual in STRICT.items():
            data = data.replace(strict, usual)
    return xml_root(data, container.name)


def relations(container: Container, path: str) -> dict[str, tuple[str, str]]:
    """Of one part: relation id to (type's last word, path of its target)."""
    folder, base = posixpath.split(path)
    listed = posixpath.join(folder, "_rels", base + ".rels")
    if not container.has(listed):
        return {}
    found = {}
    for relation in container.xml(listed).iter(RELS + "Relationship"):
        target = posixpath.normpath(posixpath.join(folder, relation.get("Target", "")))
        if relation.get("Target", "").startswith("/"):
            target = relation.get("Target", "").lstrip("/")
        found[relation.get("Id", "")] = (relation.get("Type", "").rsplit("/", 1)[-1], target)
    return found


def related(container: Container, path: str, links: dict[str, tuple[str, str]], kind: str) -> Element | None:
    """The part that stands in this relation to the one at `path`, or that lies beside it under the usual name."""
    usual = posixpath.join(posixpath.dirname(path), f"{kind}.xml")
    targets = [target for link, target in links.values() if link == kind and container.holds(target)]
    return next((part(container, target) for target in (*targets, usual) if container.has(target)), None)


def main_part(container: Container, usual: str) -> str:
    """The path of the document itself."""
    if container.has(usual):
        return usual
    targets = [target for kind, target in relations(container, "").values() if kind == "officeDocument"]
    if not targets:
        raise DocumentError(
            f"{container.name} is a zip file without a document in it", source=container.name, code="corrupt"
        )
    return targets[0]


def properties(container: Container) -> tuple[str | None, dict[str, Any]]:
    """The title, and what else the document says of itself."""
    if not container.has("docProps/core.xml"):
        return None, {}
    root = container.xml("docProps/core.xml")
    found = {key: (root.findtext(f"{DC}{tag}") or "").strip() for key, tag in _PROPERTIES}
    title = found.pop("title") or None
    return title, {key: value for key, value in found.items() if value}


def number(text: str | None, default: int, most: int = 2**31) -> int:
    """A whole number of an attribute, from 0 to `most`; `default` where none is written."""
    return default if (text or "").strip().startswith("-") else whole(text, default, most=most)

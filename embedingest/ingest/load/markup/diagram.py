"""What stands in attributes of XML and is read by people: mind maps, diagrams, exported rows. Writes no Markdown."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.zipped import xml_root
from embedingest.ingest.load.markup.loose_xml import loose_root
from embedingest.ingest.load.markup.xml_words import bare, local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["facts_in_attributes", "said", "unpacked"]

_SAYING: Final = {
    "outline": "text", "node": "TEXT", "mxcell": "value", "object": "label", "userobject": "label", "diagram": "name",
    "topicref": "navtitle", "topichead": "navtitle",
}  # fmt: skip
"""Elements by the attribute that holds their words: OPML, FreeMind, draw.io, DITA."""

_MOST_UNPACKED: Final = 16 << 20
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_TECHNICAL: Final = re.compile(r"(?:id|class|style|type|xmlns|version|encoding|href|src)\Z|.*location\Z", re.IGNORECASE)


def said(element: Element) -> str:
    """The words that an element holds as an attribute, where its format has them there."""
    key = _SAYING.get(local(element))
    return (element.get(key, "") if key else "") or element.get("navtitle", "")


def unpacked(root: Element, name: str) -> int:
    """Put what a diagram of draw.io holds packed in the place of its letters; how many could not be unpacked.

    Raises DocumentError (`bomb`).
    """
    damaged = 0
    for diagram in root if local(root) == "mxfile" else ():
        if local(diagram) != "diagram" or len(diagram) or not (diagram.text or "").strip():
            continue
        source = _source("".join((diagram.text or "").split()), name)
        diagram.text = None
        damaged += not source
        if source:
            try:
                diagram.append(xml_root(source.encode(), name))
            except DocumentError as error:
                if error.code != "corrupt":
                    raise
                diagram.append(loose_root(source))
    return damaged


def _source(letters: str, name: str) -> str:
    """The XML that base64 letters hold; nothing where they are damaged."""
    opener = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        source = opener.decompress(base64.b64decode(letters, validate=True), _MOST_UNPACKED)
    except (binascii.Error, ValueError, zlib.error):
        return ""
    if len(source) == _MOST_UNPACKED:
        raise DocumentError(f"{name} unpacks to more than 16 MiB", source=name, code="bomb")
    return unquote(source.decode("utf-8", "replace"))


def facts_in_attributes(root: Element) -> Iterator[list[str]]:
    """Of each element with words in its attributes these, with their names: all there is where no element holds any."""
    for element in root.iter():
        found = [(bare(key), " ".join(value.split())) for key, value in element.attrib.items()]
        lines = [f"{key}: {value}" for key, value in found if value]
        if any(_LETTERS.search(value) and not _TECHNICAL.match(key) for key, value in found):
            yield lines

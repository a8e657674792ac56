"""What stands for a picture: the words that its author gave it. Knows Office Open XML and OpenDocument, no layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.names import PIC, WP, A, V, W
from embedingest.ingest.load.office.odf.names import DRAW, SVG

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["EDGE", "in_line", "of_drawing", "of_frame", "of_properties"]

_DECORATIVE: Final = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"
_OFF: Final = frozenset({"0", "false", "off"})
_FILE: Final = re.compile(r"https?://\S+|.{1,200}\.(?:png|jpe?g|gif|bmp|tiff?|svg|emf|wmf|webp|heic)", re.IGNORECASE)
"""What programs write where nobody wrote anything."""


EDGE: Final = "\x0e"
"""What stands around the words of a picture in a sentence, until `in_line`; no text of a document holds it."""

_EDGE: Final = re.compile(f" ?{EDGE} ?")


def in_line(text: str) -> str:
    """With one blank on either side of the words of pictures."""
    return _EDGE.sub(" ", text) if EDGE in text else text


def of_properties(properties: Element | None) -> str:
    """Of a picture of Office, by what it says of itself; empty where it is decoration or has only its file's name."""
    if properties is None or any(each.get("val", "1") not in _OFF for each in properties.iter(_DECORATIVE)):
        return ""
    return _words(properties.get("descr") or properties.get("title") or "")


def of_drawing(node: Element) -> str:
    """Of the pictures of a drawing in Word, new (`drawing`) or old (`pict`); each wording once."""
    if node.tag == W + "drawing":
        own = node.iter(WP + "docPr") if next(node.iter(A + "blip"), None) is not None else iter(())
        said = [of_properties(each) for each in (*own, *node.iter(f"{PIC}cNvPr"))]
    else:
        shapes = (each for each in node.iter(V + "shape") if each.find(V + "imagedata") is not None)
        said = [_words(shape.get("alt", "")) for shape in shapes]
    return " ".join(dict.fromkeys(each for each in said if each))


def of_frame(frame: Element) -> str:
    """Of a picture of OpenDocument; empty where the picture only shows what an object in the frame says."""
    if frame.find(DRAW + "image") is None or frame.find(DRAW + "object") is not None:
        return ""
    if any(name.endswith("}decorative") and value == "true" for name, value in frame.items()):
        return ""
    return _words(frame.findtext(SVG + "desc") or frame.findtext(SVG + "title") or "")


def _words(text: str) -> str:
    words = " ".join(text.split())
    return "" if _FILE.fullmatch(words) else words

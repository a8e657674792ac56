"""Names of the XML of Office Open XML, as ElementTree spells them. Holds nothing else."""

from __future__ import annotations

from typing import Final

__all__ = ["DC", "DGM", "FALLBACK", "PIC", "RELS", "STRICT", "W14", "WP", "A", "C", "M", "P", "R", "V", "W"]

_ROOT: Final = "http://schemas.openxmlformats.org/"
W: Final = f"{{{_ROOT}wordprocessingml/2006/main}}"
W14: Final = "{http://schemas.microsoft.com/office/word/2010/wordml}"
A: Final = f"{{{_ROOT}drawingml/2006/main}}"
PIC: Final = f"{{{_ROOT}drawingml/2006/picture}}"
WP: Final = f"{{{_ROOT}drawingml/2006/wordprocessingDrawing}}"
V: Final = "{urn:schemas-microsoft-com:vml}"
C: Final = f"{{{_ROOT}drawingml/2006/chart}}"
DGM: Final = f"{{{_ROOT}drawingml/2006/diagram}}"
P: Final = f"{{{_ROOT}presentationml/2006/main}}"
M: Final = f"{{{_ROOT}officeDocument/2006/math}}"
R: Final = f"{{{_ROOT}officeDocument/2006/relationships}}"
RELS: Final = f"{{{_ROOT}package/2006/relationships}}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
FALLBACK: Final = f"{{{_ROOT}markup-compatibility/2006}}Fallback"

STRICT: Final = {
    b"http://purl.oclc.org/ooxml/" + strict: _ROOT.encode() + usual
    for strict, usual in (
        (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
        (b"drawingml/main", b"drawingml/2006/main"),
        (b"drawingml/picture", b"drawingml/2006/picture"),
        (b"drawingml/wordprocessingDrawing", b"drawingml/2006/wordprocessingDrawing"),
        (b"drawingml/chart", b"drawingml/2006/chart"),
        (b"drawingml/diagram", b"drawingml/2006/diagram"),
        (b"presentationml/main", b"presentationml/2006/main"),
        (b"officeDocument/math", b"officeDocument/2006/math"),
        (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    )
}
"""The namespaces of the strict variant, and those that nearly all files have instead."""

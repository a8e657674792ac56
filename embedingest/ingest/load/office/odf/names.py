"""Names of the XML of OpenDocument, as ElementTree spells them. Holds nothing else."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CHART", "DC", "DRAW", "FIELD", "LOEXT", "MATH", "META", "OFFICE", "PRESENTATION", "STYLE", "SVG", "TABLE", "TEXT",
    "XLINK", "XML_ID",
]  # fmt: skip

_OASIS: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
TEXT: Final = _OASIS + "text:1.0}"
TABLE: Final = _OASIS + "table:1.0}"
CHART: Final = _OASIS + "chart:1.0}"
DRAW: Final = _OASIS + "drawing:1.0}"
OFFICE: Final = _OASIS + "office:1.0}"
PRESENTATION: Final = _OASIS + "presentation:1.0}"
STYLE: Final = _OASIS + "style:1.0}"
META: Final = _OASIS + "meta:1.0}"
SVG: Final = _OASIS + "svg-compatible:1.0}"
DC: Final = "{http://purl.org/dc/elements/1.1/}"
FIELD: Final = "{urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0}"
LOEXT: Final = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
MATH: Final = "{http://www.w3.org/1998/Math/MathML}"
XLINK: Final = "{http://www.w3.org/1999/xlink}"
XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"

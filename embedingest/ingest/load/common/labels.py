"""What the name of an encoding means on the web: gb2312 is GBK there, and latin1 is windows-1252.

Source: the labels of the Encoding Standard of the WHATWG, which every browser follows. Mail programs do likewise.
"""

from __future__ import annotations

import codecs
from typing import Final

__all__ = ["codec_of_codepage", "web_codec"]

_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "cp1252": ("ascii", "ansi_x3.4-1968", "us-ascii", "latin1", "l1", "iso-8859-1", "iso8859-1", "iso_8859-1", "cp819"),
    "cp1254": ("iso-8859-9", "iso8859-9", "iso_8859-9", "latin5", "l5"),
    "cp874": ("iso-8859-11", "iso8859-11", "tis-620", "dos-874", "windows-874"),
    "gb18030": (
        "gb2312",
        "gb_2312-80",
        "gb_2312",
        "gbk",
        "x-gbk",
        "chinese",
        "csgb2312",
        "iso-ir-58",
        "cp936",
        "gb18030",
    ),
    "big5hkscs": ("big5", "big5-hkscs", "cn-big5", "csbig5", "x-x-big5"),
    "cp932": ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "csshiftjis", "ms932"),
    "cp949": ("euc-kr", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601", "korean", "windows-949", "cseuckr"),
    "iso8859_6": ("arabic", "ecma-114", "asmo-708", "iso-8859-6-e", "iso-8859-6-i"),
    "iso8859_7": ("greek", "greek8", "ecma-118", "elot_928", "sun_eu_greek"),
    "iso8859_8": ("hebrew", "visual", "logical", "iso-8859-8-e", "iso-8859-8-i"),
    "koi8-r": ("koi", "koi8", "koi8_r", "cskoi8r"),
    "koi8-u": ("koi8-ru",),
    "mac_roman": ("macintosh", "mac", "x-mac-roman", "csmacintosh"),
    "mac_cyrillic": ("x-mac-cyrillic", "x-mac-ukrainian"),
    "iso2022_jp_ext": ("iso-2022-jp", "csiso2022jp", "iso-2022-jp-2", "iso-2022-jp-3"),
    "utf-16-le": ("utf-16", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode"),
    "utf-8": ("unicode-1-1-utf-8", "unicode20utf8", "utf8", "utf-8", "x-unicode20utf8", "utf8mb4"),
}
_CODEPAGES: Final = {
    1200: "utf-16-le", 10000: "mac_roman", 20127: "cp1252", 20866: "koi8-r", 21866: "koi8-u", 28591: "cp1252",
    32768: "mac_roman", 32769: "cp1252", 50220: "iso-2022-jp", 51932: "euc-jp", 51949: "cp949", 54936: "gb18030",
    65001: "utf-8",
}  # fmt: skip
"""Those of Windows, and of workbooks, that have names of other kinds."""

_NO_TEXT: Final = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"})
_CODECS: Final = {label: codec for codec, labels in _LABELS.items() for label in labels}


def web_codec(label: str) -> str | None:
    """The codec that browsers take for a label, in whatever case and within spaces; `None` for one nobody knows."""
    name = label.strip(" \t\r\n\"'").lower()
    if name.startswith(("x-cp", "x-windows-")):
        name = "cp" + name.rpartition("cp" if name.startswith("x-cp") else "-")[2]
    try:
        found = codecs.lookup(_CODECS.get(name) or _CODECS.get(name.replace("_", "-")) or name)
    except (LookupError, ValueError):
        return None
    # Python knows codecs that are no encodings of text: base64, zip, rot13.
    return (
        found.name
        if getattr(found, "_is_text_encoding", True) and found.name.replace("_", "-") not in _NO_TEXT
        else None
    )


def codec_of_codepage(number: int) -> str | None:
    """The codec of an encoding by the number that Windows has for it; `None` for one nobody knows."""
    return _CODEPAGES.get(number) or web_codec(f"cp{number}")

"""What control words of rich text stand for, and which groups hold no words. Pure data."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CELLS",
    "CHARACTERS",
    "CHARSETS",
    "CODEPAGES",
    "COUNTED",
    "HEAD",
    "HEADERS",
    "LIST_PARTS",
    "LIST_TABLES",
    "MARKS",
    "PARAGRAPH",
    "PARTS",
    "SHOWN",
    "SKIPPED",
    "SYMBOLS",
    "TABLES",
    "UNSAID",
]

CHARSETS: Final = {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030",
                    136: "big5hkscs", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
                    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip
CODEPAGES: Final = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850", "ansi": "cp1252"}
CHARACTERS: Final = {"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
                      "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ",
                      "nestcell": " ", "nestrow": " ", "softline": "\n", "lbr": "\n"}  # fmt: skip
SYMBOLS: Final = {"~": "\u00a0", "_": "\u2011", "-": "", "{": "{", "}": "}", "\\": "\\", "\t": "\t"}
PARAGRAPH: Final = frozenset({"par", "page", "sect", "column", "\n", "\r"})
HEADERS: Final = frozenset(f"{kind}{side}" for kind in ("header", "footer") for side in ("", "l", "r", "f"))
COUNTED: Final = {
    "pict": "skipped_images",
    "annotation": "comments_left_out",
    "objdata": "embedded_files",
} | dict.fromkeys(HEADERS, "running_lines")
SKIPPED: Final = frozenset(
    {"colortbl", "datafield", "objclass", "objname", "shprslt", "sn", "sv", "nonesttables",
     "rsidtbl", "generator", "xmlnstbl", "themedata", "colorschememapping",
     "latentstyles", "datastore", "filetbl", "revtbl", "private", "bkmkstart", "bkmkend", "atnid", "atnauthor",
     "pnseclvl", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "xe", "tc", "txe", "rxe", "nonshppict",
     "template", "pgdsctbl", "falt", "panose", "upr"}
)  # fmt: skip
# Marked as what an old reader may ignore, and holding words or what leads to them.
SHOWN: Final = frozenset(
    {
        "listtable",
        "listoverridetable",
        "moMath",
        "moMathPara",
        "formfield",
        "ffl",
        "fldinst",
        "shpinst",
        "shptxt",
        "shppict",
        "cs",
        "ds",
        "ts",
        "footnote",
        "pict",
        "annotation",
        "ud",
    }
)
MARKS: Final = frozenset({"listtext", "pntext"})
TABLES: Final = frozenset({"fonttbl", "stylesheet", "info", "title", "author"})
PARTS: Final = frozenset({"par", "page", "sect", "column", "row", "nestrow", "line", "softline", "lbr"})
CELLS: Final = frozenset({"cell", "nestcell"})
HEAD: Final = frozenset({"title", "author", "stylesheet"})
"""What no font is set for is written in the code page of the whole file."""

LIST_TABLES: Final = frozenset({"listtable", "listoverridetable"})
LIST_PARTS: Final = frozenset({"leveltext", "listname"})
"""Groups in these tables that hold words."""

UNSAID: Final = frozenset({"fonttbl", "stylesheet", "info", "skip"}) | MARKS | LIST_TABLES | LIST_PARTS
"""Groups of which nothing is read as words of the text."""

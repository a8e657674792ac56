"""What elements of XML are by their names: paragraphs, titles, sections. Pure data."""

from __future__ import annotations

from typing import Final

__all__ = ["CAPTIONED", "INLINE_TEXT", "PARAGRAPHS", "SECTIONS", "TITLES"]

PARAGRAPHS: Final = frozenset(
    [
        "p",
        "para",
        "simpara",
        "v",
        "cmdsynopsis",
        "title",
        "subtitle",
        "head",
        "bridgehead",
        "source",
        "target",
        "ab",
        "term",
        "member",
    ]
)
INLINE_TEXT: Final = frozenset(["tspan", "textpath", "tref", "a"])
TITLES: Final = frozenset(["title", "head", "book-title", "article-title"])
SECTIONS: Final = frozenset(
    ["section", "sect1", "sect2", "sect3", "sect4", "sect5", "simplesect", "chapter", "appendix", "preface", "part",
     "book", "article", "div", "refsect1", "refsect2", "note", "worksheet", "item", "entry", "outline", "sec",
     "abstract", "ack", "app", "ref-list", "glossary", "topic", "concept", "task", "reference", "troubleshooting",
     "glossentry"]
)  # fmt: skip
CAPTIONED: Final = frozenset(
    ["table", "figure", "example", "informaltable", "equation", "fig", "fig-group", "table-wrap",
     "table-wrap-group", "table-wrap-foot", "caption", "boxed-text", "sidebar", "tip", "warning", "caution",
     "important", "attention", "danger", "hint", "procedure", "step", "itemizedlist", "orderedlist", "variablelist",
     "segmentedlist", "calloutlist", "simplelist", "list", "def-list", "blockquote", "epigraph", "formalpara",
     "statement", "disp-formula-group", "disp-quote", "supplementary-material", "media", "fn-group", "kwd-group",
     "verse-group", "poem", "stanza", "cite", "lg", "productionset", "msgset", "castlist"]
)  # fmt: skip
"""What their titles name ends before the text goes on: they are no headings."""

"""The words below an element: where a browser begins a new line, words stand apart. Knows no Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.lines import unnumbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

__all__ = ["APART", "ITEM", "LINE_END", "SKIPPED", "alternative", "listing", "seen", "walked", "words"]

SKIPPED: Final = frozenset({"script", "style", "head", "template", "noscript", "-comment", "svg", "iframe"})
APART: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "listing",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "xmp",
    ]
)
"""Elements that a browser sets on lines of their own, and the cells of a table."""

_ENDS: Final = APART | {"br"}
_MARKED: Final = "pre :not(a, b, code, em, font, i, span, strong, tt, u, var)"
"""What may stand in a listing and be more than letters in another colour."""

ITEM: Final = "\ue0f0"
"""Stands before the number or bullet that a word processor wrote before an item; no words."""

LINE_END: Final = "\v"
"""Stands where a line ends in what is shown as it is written."""

_UNSEEN: Final = ("\u00ad", "\u200b", "\ufeff", ITEM)

_LONE: Final = re.compile(r"(?<!\w)\u200c|\u200c(?!\w)")  # between letters it is spelling


def walked(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below `root`, in order; an element that is set apart comes again, with `True`, when it ends."""
    open_nodes: list[LexborNode] = []
    node = root.first_child
    while node is not None:
        yield node, False
        inner = node.first_child
        if inner is not None and node.tag not in SKIPPED:
            open_nodes.append(node)
            node = inner
            continue
        following = node.next
        while following is None and open_nodes:
            node = open_nodes.pop()
            yield node, True
            following = node.next
        node = following


def words(root: LexborNode) -> str:
    """All words on one line, one blank between them."""
    inner = root.first_child
    while inner is not None and inner.next is None:  # nearly all hold one text, or an element with one
        tag = inner.tag or ""
        if tag == "-text":
            return " ".join(seen(inner.text_content or "").split())
        if tag in SKIPPED or tag == "img":
            break
        inner = inner.first_child
    return " ".join("".join(_pieces(root, " ")).split())


def listing(root: LexborNode) -> str:
    """The text of a listing, its blanks as they are; what is set on a line of its own stands on one."""
    if root.tag == "pre" and root.css_first(_MARKED) is None:  # nearly all
        return seen(root.text(deep=True))
    pieces: list[str] = []
    for piece in _pieces(root, "\n\0"):
        if piece != "\n\0":
            pieces.append(piece)
        elif pieces and not pieces[-1].endswith("\n"):
            pieces.append("\n")
    return "".join(pieces)


def _pieces(root: LexborNode, apart: str) -> list[str]:
    """The texts below an element, what stands for its pictures and ends of lines, `apart` around what is set apart."""
    pieces: list[str] = []
    for node, is_end in walked(root):
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            pieces.append(text if text.isascii() else seen(text))
        elif tag in _ENDS:
            pieces.append("\n" if tag == "br" else apart)
        elif tag == "img" and not is_end:
            pieces.append(alternative(node))
    return pieces


def seen(text: str) -> str:
    """Without characters that only say where a word may be parted."""
    if text.isascii():
        return text
    for sign in _UNSEEN:
        if sign in text:
            text = text.replace(sign, "")
    return _LONE.sub("", text) if "\u200c" in text else text


def alternative(image: LexborNode) -> str:
    """What stands for a picture, between blanks."""
    text = " ".join(unnumbered(image.attributes.get("alt") or "").split())
    return f" {text} " if text else ""

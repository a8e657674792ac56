"""Superscripts and subscripts of a page as words that cannot be misread: 10^8 is not 108. Knows no Markdown."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.raised import AROUND, LONGEST, written
from embedingest.ingest.load.web.shifted import classes_of, shift
from embedingest.ingest.load.web.words import APART, walked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["write_scripts"]

_LEAF: Final = frozenset({"img", "svg", "math"})
_BACK: Final = "a[href*=\\#], .mw-cite-backlink"
_ARROWS: Final = re.compile(r"\s*[\^↑⇑⬆↩↰↵⏎⤴⮌⮐↖](?:[\^↑⇑⬆↩↰↵⏎⤴⮌⮐↖\ufe0e\ufe0f]|\s){0,8}")
_LONGEST_MARK: Final = 9
_MOST_BACK: Final = 120
_NOTE: Final = re.compile(r"(?:foot|end|rear)note|note-?ref|fn-?ref", re.IGNORECASE)
_NOTE_ADDRESS: Final = re.compile(
    r"#(?:user-content-)?_?(?:fn|ftn|edn|(?:foot|end|rear)note|cite_note)(?:[-_:.]|\d|$)", re.IGNORECASE
)
_MARK: Final = re.compile(r"\d{1,4}|[a-z]|[ivx]{1,5}|[*∗†‡§]{1,4}", re.IGNORECASE)
_ENDS: Final = ".!?;)”’»"
_SHIFTED: Final = "sup, sub, [style*='vertical-align' i], [style*='relative' i]"
_PRICE: Final = re.compile(r"(?<![a-z])(?:price|preis|prix|precio|prezzo|cents|fraction)s?(?![a-z])", re.IGNORECASE)
_CENTS: Final = 2  # digits
_MOST_ABOVE: Final = 3
_MOST_CLASSES: Final = 200  # each is looked for in the whole page
_MOST_NODES: Final = 16
"""Nodes below one that is raised or lowered; one with more is left as it is, such as a tag that nothing closes."""


def write_scripts(page: Index, classes: Mapping[str, str] | None = None) -> None:
    """Put words in the place of what is raised or lowered, inner ones first.

    `classes` are those that style sheets beside the page raise (`sup`) or lower (`sub`). What is so by style only is
    left as it is where it does not touch a word: badges are.
    """
    body = page.body
    if body is None:
        return
    links = [node for node in page.find(_BACK, body) if _is_short(node)]
    for node in links:
        _leave_out(node)
    for link in page.find("a[epub\\:type=noteref], a[role=doc-noteref]", body):
        if (said := _text(link)) and said.strip().isalnum() and link.css_first("sup") is None:
            link.replace_with(f"[{said.strip()}]")
    classes = dict(classes or {})
    for sheet in page.find("style"):
        classes |= classes_of(sheet.text(deep=True))
    raised = islice((f".{name}" for name in classes if page.has_class(name)), _MOST_CLASSES)
    for node in page.find(", ".join([_SHIFTED, *raised]), body)[::-1]:
        shifted = shift(node, classes)
        if node.tag != shifted and not _around(node, following=False)[-1:].strip():
            continue
        text = _text(node) if shifted else None
        if text is None or not (words := " ".join(text.split())):
            continue
        spelled = (
            _note(words)
            if shifted == "sup" and _is_note(node, words)
            else _spelled(node, words, below=shifted == "sub")
        )
        # The lines of the page are counted by its line feeds.
        node.replace_with(spelled + "\n" * text.count("\n"))
    for node in links:
        text = _text(node) if node.tag == "a" else None
        if text is not None and (words := " ".join(text.split())) and _marks_note(node, words):
            node.replace_with(_note(words) + "\n" * text.count("\n"))


def _spelled(node: LexborNode, words: str, *, below: bool) -> str:
    behind, ahead = _around(node, following=False), _around(node, following=True)
    return written(words, below=below, behind=behind, ahead=ahead, price=len(words) == _CENTS and _is_priced(node))


def _around(node: LexborNode, *, following: bool) -> str:
    """Some characters of the line before or behind a node."""
    said = ""
    for _ in range(_MOST_NODES):
        beside = node.next if following else node.prev
        if beside is None:
            beside = node.parent
            if beside is None or beside.tag in APART:
                break
            node = beside
            continue
        node = beside
        words = (node.text_content if node.tag == "-text" else _text(node)) or ""
        said = (said + words[:AROUND])[:AROUND] if following else (words[-AROUND:] + said)[-AROUND:]
        if len(said) == AROUND or node.tag in APART or node.tag == "br":
            break
    return said


def _is_priced(node: LexborNode) -> bool:
    """Whether the page calls an element or what it stands in a price."""
    above: LexborNode | None = node
    for _ in range(_MOST_ABOVE):
        if above is None:
            return False
        if any(_PRICE.search((above.attributes.get(name) or "")[:_MOST_BACK]) for name in ("class", "itemprop")):
            return True
        above = above.parent
    return False


def _is_short(link: LexborNode) -> bool:
    """Whether a link holds no more than an arrow or the mark of a note, or is no link."""
    return len(link.text(deep=True).strip()) <= _LONGEST_MARK or link.tag != "a"


def _leave_out(node: LexborNode) -> None:
    """Take out what leads from a note back to its mark, where it is that and no more."""
    text = node.text(deep=True)
    if _ARROWS.fullmatch(text) or (node.tag != "a" and len(text) <= _MOST_BACK):
        node.replace_with("\n" * text.count("\n"))


def _marks_note(link: LexborNode, words: str) -> bool:
    """Whether a link is the mark of a note: it says so, or is a number that touches the end of a word."""
    if not _MARK.fullmatch(words) or _begins_line(link) or _is_in_brackets(link):
        return False
    attributes = link.attributes
    told = " ".join(attributes.get(name) or "" for name in ("class", "role", "epub:type"))
    href = attributes.get("href") or ""
    if "#" not in href:
        return False
    if _NOTE.search(told) or _NOTE_ADDRESS.search(href):
        return True
    before = _behind(link)
    return not words.isalpha() and "§" not in words and (before.isalpha() or (before != "" and before in _ENDS))


def _begins_line(link: LexborNode) -> bool:
    """Whether nothing stands before a link: it is the number of the note itself, and leads back."""
    before = link.prev
    while before is not None and before.tag in {"-text", "link"} and not (before.text_content or "").strip():
        before = before.prev
    return before is None and (link.parent is None or link.parent.tag in APART)


def _is_in_brackets(link: LexborNode) -> bool:
    """Whether a bracket stands before a link or several, by itself or in an element: the mark has brackets already."""
    before = link.prev
    for _ in range(_MOST_NODES):
        if before is None:
            return False
        text = before.text(deep=True).rstrip()
        if before.tag != "a" and text.strip(",; "):
            return text[-1] in "[("
        before = before.prev
    return False


def _note(words: str) -> str:
    return words if words[0] in "[(" or len(words) > LONGEST else f"[{words}]"


def _text(node: LexborNode) -> str | None:
    """The text below; None where there is more than words in a line."""
    lone = node.first_child
    if lone is not None and lone.tag == "-text" and lone.next is None:
        return lone.text_content
    parts = []
    for count, (inner, _) in enumerate(walked(node)):
        if count >= _MOST_NODES or inner.tag in APART or inner.tag in _LEAF:
            return None
        if inner.tag == "-text":
            parts.append(inner.text_content or "")
    return "".join(parts)


def _is_note(node: LexborNode, words: str) -> bool:
    """Whether a link to a note is raised: it stands within, or around and holds nothing else."""
    if node.tag == "sub":
        return False
    if node.css_first("a[href]") is not None:
        return True
    parent = node.parent
    if parent is None or parent.tag != "a" or not (parent.attributes.get("href") or "").strip():
        return False
    text = _text(parent)
    return text is not None and " ".join(text.split()) == words


def _behind(node: LexborNode) -> str:
    """The character before what is raised."""
    before = node.prev
    return (before.text_content or "")[-1:] if before is not None and before.tag == "-text" else ""

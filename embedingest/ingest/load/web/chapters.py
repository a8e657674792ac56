"""Names of the chapters of a book, from its table of contents (NCX, navigation), where the chapters do not say them."""

from __future__ import annotations

import contextlib
import html
import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.references import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from embedingest.ingest.load.common.zipped import Container

__all__ = ["Named", "names_of", "unnamed", "with_names", "without_repeats"]

_NCX: Final = "application/x-dtbncx+xml"
_TYPE: Final = "{http://www.idpf.org/2007/ops}type"
_MOST_NAMES: Final = 20_000
_LONGEST: Final = 300
_MARK: Final = "\ue0f1"
"""Stands before the words of a heading that was put in; no words."""

_HEADING: Final = re.compile(r"#{1,6} (.+)")
_FENCED: Final = re.compile(r"^ {0,40}(`{3,})[^\n]*\n.*?^ {0,40}\1", re.MULTILINE | re.DOTALL)
_ANCHOR: Final = re.compile(r"""<([a-zA-Z][\w:-]*)(?=\s)[^<>]*?\s(?:id|name)\s*=\s*["']([^"'<>]{1,400})["'][^<>]*>""")
_BODY: Final = re.compile(r"<body(?:\s[^<>]*)?>", re.IGNORECASE)
_MOST_COMPARED: Final = 200
"""Headings of a chapter that may say a part of a name, or more than it."""

_TITLE_BLOCKS: Final = 3  # that together say what a chapter is called: its number, its name, its second name


class Named(NamedTuple):
    """What a table of contents calls a place: the id of an element, or the beginning of a file (`""`)."""

    place: str
    words: str
    level: int


def names_of(container: Container, package: Element, folder: str) -> dict[str, list[Named]]:
    """What the book's table of contents says, by the files of the chapters. A damaged one says nothing."""
    found: dict[str, list[Named]] = {}
    items = [element for element in package.iter() if element.tag.rpartition("}")[2] == "item"]
    tables = [each for each in items if "nav" in each.get("properties", "").split()]
    tables += [each for each in items if each.get("media-type") == _NCX]
    for item in tables:
        path = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if found or not container.has(path):
            continue
        with contextlib.suppress(DocumentError):
            for target, words, level in islice(_entries(container.xml(path)), _MOST_NAMES):
                file, _, place = target.partition("#")
                whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(file)))
                if file and words:
                    found.setdefault(whole, []).append(Named(unquote(place), words, level))
    return found


def _entries(root: Element) -> Iterator[tuple[str, str, int]]:
    """Target, words and depth of each entry, in the order of the table."""
    tables = [each for each in root.iter() if _local(each) == "nav" and "toc" in each.get(_TYPE, "").split()]
    stack = [(root, 0)] if not tables else [(tables[0], 0)]
    while stack:
        element, depth = stack.pop()
        name = _local(element)
        if name == "navpoint":
            target = next((each.get("src", "") for each in element if _local(each) == "content"), "")
            label = next((each for each in element if _local(each) == "navlabel"), None)
            yield target, "" if label is None else _said(label), depth
        elif name == "a":
            yield element.get("href", ""), _said(element), depth
            continue
        inner = depth + (name in {"ol", "navmap"} or name == "navpoint")
        stack.extend((child, inner) for child in reversed(element) if _local(child) not in {"pagelist", "navlist"})


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _said(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())[:_LONGEST]


def unnamed(text: str, names: list[Named]) -> list[Named]:
    """Those of the names of a chapter's places that no heading of its text says."""
    if not names:
        return []
    lines = (_FENCED.sub("", text) if "```" in text else text).split("\n")
    matches = (_HEADING.match(line) for line in lines if line.startswith("#"))
    headings = {_squeezed(match[1]) for match in matches if match} - {""}
    few = list(islice(headings, _MOST_COMPARED))
    found = []
    for each in names:
        name = _squeezed(each.words)
        if name not in headings and not any(head in name or name in head for head in few):
            found.append(each)
    return found


def _squeezed(words: str) -> str:
    return "".join(filter(str.isalnum, words)).casefold()


def with_names(source: str, names: list[Named]) -> str:
    """The page of a chapter with headings of these names before the places that they name."""
    due: dict[str, list[Named]] = {}
    for each in names:
        due.setdefault(each.place, []).append(each)
    body = _BODY.search(source)
    puts = [(body.end() if body else 0, each) for each in due.pop("", [])[:1]]
    for match in _ANCHOR.finditer(source):
        for each in due.pop(unescaped(match[2]), [])[:1]:
            inside = match[1].lower() in {"body", "html"}
            at = (body.end() if body else match.end()) if inside else match.start()
            puts.append((max(at, body.end() if body else 0), each))
    parts, last = [], 0
    for at, each in sorted(puts, key=lambda put: put[0]):
        tag = f"h{min(max(each.level, 1), 6)}"
        parts += [source[last:at], f"<{tag}>{_MARK}{html.escape(each.words)}</{tag}>"]
        last = at
    return "".join([*parts, source[last:]])


def without_repeats(text: str) -> str:
    """The text of a page with names, without the paragraphs below a name that say the same."""
    if _MARK not in text:
        return text
    blocks = text.split("\n\n")
    kept: list[str] = []
    at = 0
    while at < len(blocks):
        block = blocks[at]
        kept.append(block.replace(_MARK, ""))
        at += 1
        if _MARK in block and block.startswith("#"):
            at += _repeated(_squeezed(block), blocks[at : at + _TITLE_BLOCKS])
    return "\n\n".join(kept).replace(_MARK, "")


def _repeated(name: str, below: list[str]) -> int:
    """How many of the blocks together say the name."""
    said = ""
    for count, block in enumerate(below, start=1):
        said += _squeezed(block)
        if said == name:
            return count
        if not name.startswith(said):
            break
    return 0

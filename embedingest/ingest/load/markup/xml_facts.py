"""What documents of XML say of themselves in their heads: who wrote them, what they are called. Writes nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.markup.xml_words import has_words, joined, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["FIGURES", "facts_of", "in_a_line", "join_labels", "parts_of_head", "say_once"]

_HEADS: Final = frozenset(
    ["info", "bookinfo", "articleinfo", "title-info", "titlestmt", "contrib-group", "authorgroup"]
)
_AUTHORS: Final = frozenset(["author", "contrib"])
_NAME_PARTS: Final = frozenset(
    ["firstname", "surname", "othername", "honorific", "lineage", "first-name", "middle-name", "last-name", "nickname",
     "given-names", "forename", "prefix", "suffix"]
)  # fmt: skip
_NAMES: Final = frozenset(["personname", "name", "persname", "orgname"])
_LANGUAGES: Final = frozenset(["lang", "language"])
_LINES: Final = frozenset(
    ["element-citation", "nlm-citation", "mixed-citation", "citation", "biblioentry", "bibliomixed", "biblstruct"]
)  # fmt: skip
"""References, whose parts are set in one line where no words stand among them."""

_BESIDE: Final = frozenset(["name", "string-name", "collab", "xref", "degrees", "role", "email", "contrib-id"])
_LABELLED: Final = frozenset(["title", "p"])
_HEAD_OF_PAGE: Final = frozenset(["metadata", "styling", "layout"])
_DATES: Final = frozenset(["pub-date", "date"])
_OF_DATE: Final = ("year", "month", "day")
FIGURES: Final = frozenset(["figure", "informalfigure", "fig", "mediaobject"])
"""Hold a picture, with what stands below it and what stands for it."""

_BELOW: Final = frozenset(["title", "caption", "head"])
_INSTEAD: Final = frozenset(["textobject", "alt-text", "alt", "figdesc"])
_LOOKED_AT: Final = 2000
"""Elements at the beginning of a document, where its head stands."""


def facts_of(root: Element) -> dict[str, Any]:
    """Author and language, of books and articles."""
    authors: list[str] = []
    facts: dict[str, Any] = {}
    stack = [root]
    for _ in range(_LOOKED_AT):
        if not stack:
            break
        element = stack.pop()
        if local(element) in _HEADS:
            authors += [said for child in element if local(child) in _AUTHORS and (said := _name(child))]
            said = next((" ".join(joined(child).split()) for child in element if local(child) in _LANGUAGES), "")
            facts |= {"language": said} if said else {}
        stack.extend(reversed(element))
    if authors:
        facts["author"] = ", ".join(dict.fromkeys(authors))
    return facts


def _is_person(element: Element) -> bool:
    """Whether an element holds the parts of one name and nothing else."""
    return len(element) > 0 and all(local(child) in _NAME_PARTS and not len(child) for child in element)


def _person(element: Element) -> str:
    """The parts of a name, in their order."""
    return " ".join(" ".join(joined(child).split()) for child in element)


def in_a_line(element: Element) -> str | None:
    """A person, with what is said beside the name, or a reference, in one line. None for other elements."""
    name = local(element)
    if _is_person(element):
        return _person(element)
    if name in _DATES and len(element):
        return _date(element)
    if name == "contrib" and len(element) > 1 and all(local(child) in _BESIDE for child in element):
        said = [("" if local(child) == "xref" else ", ") + _parts(child) for child in element]
        return "".join(each for each in said if each.strip(", ")).removeprefix(", ")
    is_line = name in _LINES or (name == "ref" and any(local(child) in _LINES for child in element))
    return _parts(element) if is_line and len(element) and not has_words(element) else None


def _date(element: Element) -> str | None:
    """A date whose parts stand apart, as 2024-05-10; None where they are no numbers alone."""
    parts = {local(child): "".join(child.itertext()).strip() for child in element}
    said = [parts[key].rjust(2, "0") for key in _OF_DATE if key in parts]
    return "-".join(said) if len(said) == len(parts) and all(map(str.isdecimal, said)) else None


def say_once(figure: Element) -> None:
    """Take out what stands for a picture where the words below it are the same."""
    below = {" ".join(joined(each).split()) for each in figure.iter() if local(each) in _BELOW}
    for parent in list(figure.iter()) if below else ():
        for child in [each for each in parent if local(each) in _INSTEAD]:
            if " ".join(joined(child).split()) in below:
                parent.remove(child)


def _parts(element: Element) -> str:
    """The parts of an element with commas between them; a page up to which something goes stands behind a dash."""
    said: list[str] = []
    sign = ""
    stack = [element]
    while stack:
        node = stack.pop()
        words = _person(node) if _is_person(node) else ""
        if not len(node) or has_words(node) or local(node) == "xref":
            words = joined(node)
        elif not words:
            stack.extend(reversed(node))
            continue
        words = " ".join(words.split())
        if words:
            said += [("–" if local(node) == "lpage" else sign) if said else "", words]
            sign = " " if local(node) == "label" else ", "
    return "".join(said)


def _name(author: Element) -> str:
    """A person's name; of one written as words those, of one in a name of its own that."""
    for element in author.iter():
        if _is_person(element):
            return _person(element).strip()
    parts = [child for child in author if local(child) in _NAME_PARTS]
    if parts:
        return " ".join(" ".join(joined(child).split()) for child in parts)
    named = next((each for each in author.iter() if local(each) in _NAMES), author)
    return " ".join(joined(named).split()) if not len(named) else ""


def parts_of_head(head: Element, root: Element) -> list[Element] | None:
    """What is read of an element that is the head of a page or an outline; None where it is a heading."""
    if local(root) == "opml":
        return [child for child in head if local(child) == "title"]
    return list(head) if any(local(child) in _HEAD_OF_PAGE for child in head) else None


def join_labels(element: Element) -> None:
    """Put a number or a name that stands alone before a title or a caption before its words."""
    labels: set[Element] = set()
    for label, after in pairwise(element):
        first = after[0] if local(after) == "caption" and len(after) and not has_words(after) else after
        if local(label) == "label" and (local(first) in _LABELLED or (first is after and local(after) == "caption")):
            first.text = f"{' '.join(joined(label).split())} {first.text or ''}"
            labels.add(label)
    if labels:
        element[:] = [child for child in element if child not in labels]

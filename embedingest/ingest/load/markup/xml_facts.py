"""What documents of XML say of themselves in their heads: who wrote them, what they are called. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.markup.xml_words import joined, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["facts_of", "is_person", "person"]

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


def is_person(element: Element) -> bool:
    """Whether an element holds the parts of one name and nothing else."""
    return len(element) > 0 and all(local(child) in _NAME_PARTS and not len(child) for child in element)


def person(element: Element) -> str:
    """The parts of a name, in their order."""
    return " ".join(" ".join(joined(child).split()) for child in element)


def _name(author: Element) -> str:
    """A person's name; of one written as words those, of one in a name of its own that."""
    for element in author.iter():
        if is_person(element):
            return person(element).strip()
    parts = [child for child in author if local(child) in _NAME_PARTS]
    if parts:
        return " ".join(" ".join(joined(child).split()) for child in parts)
    named = next((each for each in author.iter() if local(each) in _NAMES), author)
    return " ".join(joined(named).split()) if not len(named) else ""

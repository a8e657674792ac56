"""What of a page is its content: without menus and frames, with what a click only unfolds. Writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.web.hidden import is_hidden, is_ornament, shown_by_controls, unfolds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["main_content", "without_noise"]

_NOISE: Final = ["script", "style", "noscript", "template", "svg", "select", "iframe", "object", "dialog"]
_NAVIGATION: Final = (
    "nav, [role=navigation], [role=search], a.headerlink, a.anchor-link, "
    ".sphinxsidebar, .related, .navheader, .navfooter, .breadcrumb, .breadcrumbs"
)
_HIDDEN: Final = "[hidden]"
_UNREAD: Final = "[aria-hidden=true]"
_OUTSIDE: Final = "body > footer, body > aside, [role=contentinfo], [role=complementary], .footer, #footer"
_MAIN: Final = "main, [role=main]"
_NOTES: Final = re.compile(r"foot-?note|end-?note|rear-?note")
_LEAST: Final = 4
"""An element that is said to be the main one holds at least this part of the page's words, else the whole is taken."""


def without_noise(tree: LexborHTMLParser) -> None:
    """Take out what is no text of the page: scripts, menus of choice, buttons that unfold nothing."""
    tree.strip_tags(_NOISE, recursive=True)
    _drop(button for button in _inner_first(tree.css("button")) if not unfolds(button))


def main_content(tree: LexborHTMLParser) -> LexborNode | None:
    """The element that holds the page's content; what is navigation is taken out of the tree."""
    body = tree.body
    if body is None:
        return None
    without_noise(tree)
    _drop(_inner_first(body.css(_NAVIGATION)))
    _drop_hidden(body)
    best = _best(body)
    if best is not None:
        return best
    _drop(node for node in _inner_first(body.css(_OUTSIDE)) if not _is_note(node))
    _drop(node for node in _inner_first(body.css("body > header")) if node.css_first("h1") is None)
    return body


def _inner_first(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    """In the order in which they can be taken out: nothing is looked at after what held it has gone."""
    return list(nodes)[::-1]


def _drop(nodes: Iterable[LexborNode]) -> None:
    for node in nodes:
        node.decompose(recursive=True)


def _best(body: LexborNode) -> LexborNode | None:
    """The main element, or the one article; of several articles none, for each of them is content."""
    enough = len(body.text(deep=True))
    mains = body.css(_MAIN)
    articles = _outermost(body)
    for candidates in (mains, articles if len(articles) == 1 else []):
        largest = max(candidates, key=lambda node: len(node.text(deep=True)), default=None)
        if largest is not None and len(largest.text(deep=True)) * _LEAST >= enough:
            return largest
    return None


def _outermost(body: LexborNode) -> list[LexborNode]:
    """The article that holds all others, as an article holds its comments; else all of them."""
    articles = body.css("article")
    return articles[:1] if articles and len(articles[0].css("article")) == len(articles) else articles


def _drop_hidden(body: LexborNode) -> None:
    """Take out what stays hidden. What a control of the page shows, and what is found by a search, is content."""
    hidden = body.css(_HIDDEN)
    shown = shown_by_controls(body) if hidden else set()
    _drop([node for node in _inner_first(hidden) if is_hidden(node, shown)])
    _drop(node for node in _inner_first(body.css(_UNREAD)) if is_ornament(node))


def _is_note(node: LexborNode) -> bool:
    """Whether an element holds notes of the text, as books set them."""
    attributes = node.attributes
    told = " ".join(attributes.get(name) or "" for name in ("epub:type", "role", "class", "id"))
    return bool(_NOTES.search(told.lower()))

"""What of a page is its content: without menus and frames, with what a click only unfolds. Writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.web.hidden import is_hidden, is_ornament, shown_by_controls, unfolds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Content", "book_content", "main_content", "without_noise"]

_NOISE: Final = ["script", "style", "noscript", "template", "object", "dialog", "datalist"]
_NAVIGATION: Final = (
    "nav, [role=navigation], [role=search], .sphinxsidebar, .related, .navheader, .navfooter, .breadcrumb, "
    ".breadcrumbs, #mw-navigation, #mw-panel, #mw-head, #toc.toc, .vector-toc, .mw-editsection, .mw-jump-link, "
    "video, audio"
)
_ANCHORS: Final = "a.headerlink, a.anchor-link"
_HIDDEN: Final = "[hidden]"
_UNREAD: Final = "[aria-hidden=true]"
_OUTSIDE: Final = "body > footer, body > aside, [role=contentinfo], [role=complementary], .footer, #footer"
_PAGES: Final = r'[epub\:type~="pagebreak"], [role="doc-pagebreak"], .pagenum, .pageno, .pagebreak, .page-number'
_PAGE: Final = re.compile(r"[\[({]?(?:(?:pg?|page|s|seite)\.?\s?)?(?:\d{1,5}|[ivxlcIVXLC]{1,9})[\])}]?", re.IGNORECASE)
"""The number of a page of the printed book, which stands in the middle of a sentence."""

_MAIN: Final = "main, [role=main]"
_NOTES: Final = re.compile(r"foot-?note|end-?note|rear-?note")
_LEAST: Final = 4
"""An element that is said to be the main one holds at least this part of the page's words, else the whole is taken."""

_TALK: Final = "[id*=comment i], [class*=comment i], [id*=disqus i], [class*=kommentar i], [class*=commentaire i]"
_TALKS: Final = re.compile(
    r"(?:[\w-]*[-_])?(?:comments?|kommentare?|commentaires?)(?:[-_]?(?:list|section|area|thread|wrap(?:per)?|container"
    r"|blocks?|feed|content|body|box))?|disqus[\w-]*"
)
_NO_TALK: Final = re.compile(r"form|respond|reply|count|link|button|no-comment|closed|hidden")
_NAMES: Final = re.compile(r"logo|brand|site-?(?:title|name)")
_SHORT_HEAD: Final = 60
"""Words of a head that are kept with the title in it: by whom, when, a subtitle."""


class Content(NamedTuple):
    """The elements that hold what a page says, in their order, and how many words stand beside them."""

    roots: list[LexborNode]
    words_left_out: int = 0


def without_noise(tree: LexborHTMLParser) -> None:
    """Take out what is no text of the page: scripts, dialogues, buttons that unfold nothing."""
    tree.strip_tags(_NOISE, recursive=True)
    _drop(button for button in _inner_first(tree.css("button")) if not unfolds(button))
    _drop(_inner_first(tree.css(_ANCHORS)))


def book_content(tree: LexborHTMLParser) -> Content:
    """Everything of a chapter but menus, numbers of printed pages and what is hidden: a book has no frame around it."""
    body = tree.body
    if body is None:
        return Content([])
    without_noise(tree)
    _drop_hidden(body)
    said = _words(body)
    _drop(_inner_first(body.css(_NAVIGATION)))
    _drop(node for node in _inner_first(body.css(_PAGES)) if _PAGE.fullmatch(_line(node)))
    return Content([body], said - _words(body))


def main_content(tree: LexborHTMLParser) -> Content:
    """The elements that hold the page's content; what is navigation is taken out of the tree.

    Beside the main element these are the title above it, and what readers say below it.
    """
    body = tree.body
    if body is None:
        return Content([])
    without_noise(tree)
    _drop_hidden(body)
    said = _words(body)
    menus = body.css(_NAVIGATION)
    if menus and sum(map(_words, _outermost(menus))) < said:  # else the page is a list of pages
        _drop(_inner_first(menus))
    best = _best(body)
    if best is None:
        _drop(node for node in _inner_first(body.css(_OUTSIDE)) if not _is_note(node))
        _drop(node for node in _inner_first(body.css("body > header")) if node.css_first("h1") is None)
        roots = [body]
    else:
        roots = [*_head(body, best), best, *_talk(body, best)]
    return Content(roots, said - sum(map(_words, roots)))


def _words(node: LexborNode) -> int:
    return len(node.text(deep=True, separator=" ").split())


def _line(node: LexborNode) -> str:
    """The words of an element that holds little: a text, or an element with one; of others none."""
    child = node.child
    if child is not None and child.tag != "-text" and child.next is None:
        child = child.child
    alone = child is not None and child.tag == "-text" and child.next is None
    return (child.text_content or "").strip() if alone and child is not None else ""


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
    articles = body.css("article")
    if articles and len(articles[0].css("article")) == len(articles):  # as an article holds its comments
        articles = articles[:1]
    for candidates in (mains, articles if len(articles) == 1 else []):
        largest = max(candidates, key=lambda node: len(node.text(deep=True)), default=None)
        if largest is not None and len(largest.text(deep=True)) * _LEAST >= enough:
            return largest
    return None


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    """Those that stand in none of the others."""
    ids = {node.mem_id for node in nodes}
    return [node for node in nodes if not any(each.mem_id in ids for each in _above(node))]


def _above(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _head(body: LexborNode, best: LexborNode) -> list[LexborNode]:
    """The heading above the main element that has none, with the short head that it stands in."""
    if any(heading.text(deep=True).strip() for heading in best.css("h1")):
        return []
    around = {each.mem_id for each in _above(best)}
    for node in body.css("h1, main, article, [role=main]"):
        if node.mem_id == best.mem_id:
            break
        if node.tag != "h1" or not node.text(deep=True).strip() or _names_the_site(node):
            continue
        head = next((each for each in _above(node) if each.tag in {"header", "hgroup"}), None)
        if head is None or head.mem_id in around or _words(head) > _SHORT_HEAD:
            return [node]
        _drop(_links_before(node, head))
        return [head]
    return []


def _links_before(heading: LexborNode, head: LexborNode) -> list[LexborNode]:
    """What leads elsewhere and stands in a head before its heading: the site's name, a menu."""
    found = []
    node = heading
    while node.mem_id != head.mem_id:
        before = node.prev
        while before is not None:
            if before.tag == "a" or (before.tag not in {"-text", "-comment"} and before.css_first("a") is not None):
                found.append(before)
            before = before.prev
        above = node.parent
        if above is None:
            break
        node = above
    return found


def _names_the_site(heading: LexborNode) -> bool:
    if heading.css_first("a[rel=home]") is not None:
        return True
    elements = (heading, heading.parent)
    told = [each.attributes.get(name) or "" for each in elements if each is not None for name in ("class", "id")]
    return bool(_NAMES.search(" ".join(told).lower()))


def _talk(body: LexborNode, best: LexborNode) -> list[LexborNode]:
    """What readers say of the page, where it does not stand in the main element."""
    around = {each.mem_id for each in _above(best)}
    found = []
    for node in body.css(_TALK):
        told = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}".lower().split()
        if node.mem_id in around or any(each.mem_id == best.mem_id for each in (node, *_above(node))):
            continue
        if any(_TALKS.fullmatch(word) for word in told) and not _NO_TALK.search(" ".join(told)) and _words(node):
            found.append(node)
    return _outermost(found)


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

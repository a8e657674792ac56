"""Pages of MediaWiki as Markdown: headings, lists, tables, notes below their paragraph. Expands no templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.assembly import Assembly, heading
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.items import Depths
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.common.raised import DOWN, END, UP, on_the_line
from embedingest.ingest.load.common.references import unescaped
from embedingest.ingest.load.common.struck import ADDED, ADDED_END, in_signs, struck
from embedingest.ingest.load.wiki.asides import MARK, Aside, set_aside
from embedingest.ingest.load.wiki.brackets import Brackets
from embedingest.ingest.load.wiki.lists import NUMBER, TagLists
from embedingest.ingest.load.wiki.tables import Table
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

__all__ = ["WikiLoader", "WikiPage", "create"]

_HEADING: Final = re.compile(r"(={1,6})(.+?)(={1,6})[ \t]*\Z")
_LIST: Final = re.compile(r"([*#:;]{1,40})[ \t]*(.*)\Z")
_EXTERNAL: Final = re.compile(
    r"\[((?:(?:https?|ftps?|ircs?|news|mailto|tel|geo):(?://)?|//)[^\s\[\]<>]{1,2000})(?:[ \t]+([^\[\]\n]{0,2000}))?\]"
)
_QUOTES: Final = re.compile(r"'{2,}")
_BREAK: Final = re.compile(
    r"(?i)<(?:br|hr)\s{0,9}/?>|</?(?:p|div|tr|li|ul|ol|dl|dd|dt|blockquote|center|table)(?:\s[^<>]{0,1000})?>"
)
_TAG: Final = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,20}(?:\s[^<>]{0,1000})?/?>")
_RAISED: Final = re.compile(r"<(/?)(su[pb])\s*>", re.IGNORECASE)
_STRUCK: Final = re.compile(r"<(?:s|del|strike)\s*>([^\n]{0,2000}?)</(?:s|del|strike)\s*>", re.IGNORECASE)
_ADDED: Final = re.compile(r"<(/?)ins\s*>", re.IGNORECASE)
_SWITCH: Final = re.compile(r"__[A-Z]{2,40}__|(?<!~)~{3,5}(?!~)")
_REFERENCE: Final = re.compile(r"&#?[^\s<&#;]{1,32};?")
_NO_MARKS: Final = dict.fromkeys(range(0xE080, 0xE084))
_LISTINGS: Final = frozenset({"pre", "syntaxhighlight", "source", "score", "timeline"})
_NO_WORDS: Final = frozenset({"templatedata", "graph", "mapframe"})


class WikiLoader:
    """Words in their order. Of templates the words they are given are read; they and pictures are counted.

    Notes stand below their paragraph, categories are metadata; listings and formulas stay as they are written.
    """

    name = "wiki"
    version = "7"
    suffixes = frozenset({".wiki", ".mediawiki", ".wikitext"})
    mimes = frozenset({"text/x-wiki"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentSkipped (`binary`)."""
        decoded = decode(data, name)
        page = WikiPage()
        text = page.read(decoded.text)
        metadata: dict[str, Any] = {"categories": list(page.categories)} if page.categories else {}
        return Document(
            source=name,
            has_lines=False,
            text=text,
            markup="markdown",
            mime="text/x-wiki",
            title=page.title or None,
            metadata=metadata,
            notices={**decoded.notices, **page.notices},
        )


def create() -> WikiLoader:
    """The loader of pages of MediaWiki; it has no settings."""
    return WikiLoader()


class WikiPage:
    """Reads one page. `level` is added to that of its headings; `notices` counts over all pages it is handed to."""

    def __init__(self, level: int = 0, notices: MutableMapping[str, int] | None = None) -> None:
        self.notices: Final = {} if notices is None else notices
        self.title = ""
        self._level: Final = level
        self._brackets: Final = Brackets(self.notices)
        self._assembly: Final = Assembly()
        self._asides: list[Aside] = []
        self._lines: list[str] = []
        self._notes: list[str] = []
        self._numbers: list[int] = []
        self._depths: Final = Depths()
        self._prefix = ""

    @property
    def categories(self) -> Iterable[str]:
        """The categories that the page is in."""
        return self._brackets.categories

    def read(self, source: str) -> str:
        """The page as Markdown."""
        text, self._asides = set_aside(source, self.notices)
        table: Table | None = None
        text = self._brackets.read(text)
        lists = TagLists(text)
        for line in text.split("\n"):
            if table is not None:
                if not table.add(self._inline(line)):
                    self._end_table(table)
                    table = None
            elif line.lstrip(" :*").startswith("{|"):
                self._end()
                table = Table()
            else:
                for each in lists.lines(line):
                    self._line(each)
        if table is not None:
            self._end_table(table)
        self._end()
        self.title = self._brackets.title or self.title
        return self._assembly.text

    def _line(self, line: str) -> None:
        match = _HEADING.match(line) if line[:1] == "=" else None
        item = _LIST.match(line) if line[:1] in {"*", "#", ":", ";"} else None
        mark = MARK.fullmatch(line.strip())
        if item is None:
            self._prefix, self._numbers = "", []
            self._depths.end()
        if mark is not None and self._asides[int(mark[1])].kind in _LISTINGS:
            self._listing(self._asides[int(mark[1])])
        elif match is not None:
            self._heading(min(len(match[1]), len(match[3])), match[2])
        elif item is not None:
            self._item(item[1], self._inline(item[2]))
        elif not line.strip() or (line.startswith("----") and not line.strip("- ")):
            self._end()
        else:
            words = self._inline(line).strip()
            for each in words.split("\n"):
                if each.strip():
                    self._lines.append(escaped(" ".join(each.split())))
                elif words:
                    self._end()

    def _heading(self, level: int, words: str) -> None:
        self._end()
        words = " ".join(self._inline(words).split())
        if level == 1 and not self._level:
            self.title = self.title or words
        self._assembly.add(heading(level + self._level, words))
        self._end()

    def _item(self, prefix: str, words: str) -> None:
        if prefix[-1] in "*#":
            depth = len(prefix)
            same = self._prefix[:depth] == prefix and len(self._numbers) >= depth
            self._numbers = [*self._numbers[: depth - 1], *[0] * (depth - 1 - len(self._numbers)),
                             (self._numbers[depth - 1] if same else 0) + 1]  # fmt: skip
            self._prefix = prefix
            if (number := NUMBER.match(words)) is not None:
                self._numbers[-1], words = int(number[1]), words[number.end() :]
            mark = f"{self._numbers[-1]}." if prefix[-1] == "#" else "-"
            self._lines.append(f"{' ' * self._depths.begin(depth - 1, mark)}{mark} {' '.join(words.split())}")
        elif prefix[-1] == ";":
            term, colon, meaning = words.partition(" : ")
            self._lines.append(escaped(f"{term.strip()}: {meaning.strip()}" if colon else words.strip()))
        elif words.strip():
            depth = sum(each in "*#" for each in prefix)
            inside = " " * self._depths.inside(depth)
            self._lines += [""] * (0 < depth < len(self._numbers))  # else it would belong to the item above
            self._lines += [inside + escaped(" ".join(each.split())) for each in words.split("\n") if each.strip()]

    def _inline(self, text: str) -> str:
        """The words of a line: notes wait for the end of the paragraph."""
        text = _plain(text)
        return MARK.sub(self._put_back, text) if "\ue080" in text else text

    def _put_back(self, match: re.Match[str]) -> str:
        aside = self._asides[int(match[1])]
        if aside.kind == "ref":
            note = " ".join(MARK.sub(self._put_back, _plain(self._brackets.read(aside.text))).split())
            self._notes += [note] if note else []
            return ""
        if aside.kind in {"math", "chem"}:
            return f"${' '.join(aside.text.split())}$"
        if aside.kind == "gallery":
            return self._gallery(aside.text)
        if aside.kind in _NO_WORDS:
            return ""
        words = unescaped(aside.text)
        return f"`{' '.join(words.split())}`" if aside.kind in _LISTINGS and words.strip() else words

    def _gallery(self, text: str) -> str:
        captions = []
        for line in text.split("\n"):
            name, _, caption = line.partition("|")
            if name.strip():
                self.notices["skipped_images"] = self.notices.get("skipped_images", 0) + 1
                captions.append(_plain(self._brackets.read(caption)))
        return "\n" + "\n".join(captions) + "\n"

    def _listing(self, aside: Aside) -> None:
        self._end()
        body = unescaped(aside.text) if aside.kind == "pre" else aside.text
        body = MARK.sub("", body).strip("\n")
        if body.strip():
            ticks = max((len(run) for run in re.findall("`{3,}", body)), default=2) + 1
            self._assembly.add(f"{'`' * ticks}{aside.language}\n{body}\n{'`' * ticks}")

    def _end_table(self, table: Table) -> None:
        self._assembly.add(escaped(table.caption))
        self._assembly.add(table.text)
        self._end()

    def _end(self) -> None:
        """End the paragraph; its notes stand below it."""
        self._assembly.add("\n".join(self._lines))
        notes, self._lines, self._notes = self._notes, [], []
        for note in notes:
            self._assembly.add(escaped(note))


def _plain(text: str) -> str:
    """The words of a text without marks of emphasis, outer links and tags."""
    text = _EXTERNAL.sub(lambda match: match[2] or match[1], text) if "[" in text else text
    text = _QUOTES.sub(lambda match: "'" * _apostrophes(len(match[0])), text) if "''" in text else text
    if "<" in text:
        text = on_the_line(_RAISED.sub(_raised, text))
        text = in_signs(_ADDED.sub(_added, _STRUCK.sub(lambda match: struck(_TAG.sub("", match[1])), text)))
        text = _TAG.sub("", _BREAK.sub("\n", text))
    text = _SWITCH.sub("", text) if "__" in text or "~~~" in text else text
    return _REFERENCE.sub(_named, text) if "&" in text else text


def _named(reference: re.Match[str]) -> str:
    """The character that a reference names, but none that stands for what was set aside."""
    return unescaped(reference[0]).translate(_NO_MARKS)


def _apostrophes(count: int) -> int:
    """How many of so many apostrophes are words: two, three and five are marks."""
    return {2: 0, 3: 0, 4: 1, 5: 0}.get(count, count - 5)


def _added(tag: re.Match[str]) -> str:
    return ADDED_END if tag[1] else ADDED


def _raised(tag: re.Match[str]) -> str:
    return END if tag[1] else UP if tag[2].lower() == "sup" else DOWN

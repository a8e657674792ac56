"""Chunks as people read them: Markdown as markup, with the words of a query marked.

What a document says can do nothing on the page: HTML in it stays text, pictures are their words, links lead to other
places by http, https and mailto alone, and are never followed by themselves. Formulas stay as they are written.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML

from embedingest.store.search.highlight import snippet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

__all__ = ["excerpt", "rendered", "words_at"]

_PLAIN: Final = frozenset(
    {
        *("text/plain", "text/x-source", "text/csv", "text/tab-separated-values", "text/x-rst", "text/x-asciidoc"),
        *("text/calendar", "text/vcard", "text/x-gettext-translation", "application/json", "application/x-ndjson"),
        *("application/yaml", "application/toml", "application/xml", "image/svg+xml"),
    }
)
"""Types whose text is no Markdown: each line stands as it is."""
_MOST_CHARACTERS: Final = 20_000  # of one chunk that are rendered
_MOST_WORDS: Final = 200  # that are marked in it: each is looked for at every place
_WHOLE: Final = 1.3  # a chunk of so many times an excerpt is shown whole
_LINE_CHARACTERS: Final = 200  # so far an excerpt reaches out for the ends of its lines
_OUTSIDE: Final = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_MATHS: Final = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_SHOWN: Final = {
    **{code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), 0x202D, 0x202E], 0xFFFD),
}
"""What controls a terminal, or turns letters round, and the mark that is shown in its place."""
_LEAST_ROW: Final = 3
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_DELIMITER: Final = re.compile(r"[ \t]*+(?:\|[ \t]*+)?:?-++:?[ \t]*+(?:\||\n|\Z)")
_EMPTY_HEAD: Final = re.compile(r"<thead>\n<tr>\n(?:<th></th>\n)+</tr>\n</thead>\n")
_NO_WORD: Final = re.compile(r"(?!)")


def words_at(text: str, ranges: Iterable[Sequence[int]]) -> frozenset[str]:
    """The words of a text at these half-open character ranges."""
    return frozenset(text[start:end] for start, end in ranges)


def excerpt(text: str, ranges: Sequence[Sequence[int]], most: int) -> tuple[int, int]:
    """The stretch of a chunk that is shown of it: all of a short one, else what holds most ranges, in whole lines.

    It has about `most` characters.
    """
    if len(text) <= most * _WHOLE:
        return 0, len(text)
    start, end = snippet(text, [(first, last) for first, last in ranges], width=most)
    line = text.rfind("\n", max(0, start - _LINE_CHARACTERS), start) + 1
    start = line or (0 if start <= _LINE_CHARACTERS else start)
    line = text.find("\n", end, end + _LINE_CHARACTERS)
    return start, line if line >= 0 else end


def rendered(text: str, mime: str, words: Iterable[str] = ()) -> str:
    """A chunk of a document of this type as markup that is safe on the page, with these words marked."""
    text = text[:_MOST_CHARACTERS].translate(_SHOWN)
    marks = _pattern(words)
    if mime in _PLAIN:
        return f"<pre>{_marked(text, marks)}</pre>"
    markup = str(_markdown().render(_with_head(text), {"marks": marks}))
    return _EMPTY_HEAD.sub("", markup)


def _with_head(text: str) -> str:
    """The text with a head of empty cells where it begins within a table, whose own head stands in a chunk before."""
    first, _, rest = text.lstrip("\n").partition("\n")
    row = first.strip()
    if len(row) < _LEAST_ROW or not (row.startswith("|") and row.endswith("|")) or _DELIMITER.match(rest):
        return text
    cells = len(_CELL_END.findall(row)) - 1
    return f"{'|' * (cells + 1)}\n{'| - ' * cells}|\n{text.lstrip(chr(10))}"


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, words), key=lambda word: (-len(word), word))[:_MOST_WORDS]
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if longest_first else _NO_WORD


def _marked(text: str, marks: re.Pattern[str]) -> str:
    parts: list[str] = []
    place = 0
    for found in marks.finditer(text):
        parts += (escapeHtml(text[place : found.start()]), "<mark>", escapeHtml(found[0]), "</mark>")
        place = found.end()
    return "".join([*parts, escapeHtml(text[place:])])


class _Renderer(RendererHTML):
    """Markup without headings of its own, pictures, styles and addresses inside. `env["marks"]` is what is marked."""

    def renderToken(  # noqa: N802 -- the library's name
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        tokens[idx].attrs.pop("style", None)  # how a column is set; no page of ours takes styles from markup
        return str(super().renderToken(tokens, idx, options, env))

    def text(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
        return _marked(tokens[idx].content, env["marks"])

    def code_inline(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
        return f"<code>{_marked(tokens[idx].content, env['marks'])}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
        return f"<pre><code>{_marked(tokens[idx].content, env['marks'])}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self.code_block(tokens, idx, options, env)

    def maths(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
        return f'<span class="maths">{_marked(tokens[idx].content, env["marks"])}</span>'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        words = self.renderInlineAsText(tokens[idx].children, options, env)
        return f'<span class="picture">{_marked(words or "picture", env["marks"])}</span>'

    def heading_open(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: EnvType) -> str:
        return f'<p class="heading level-{tokens[idx].tag[1:]}">'

    def heading_close(self, *_: Any) -> str:
        return "</p>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType) -> str:
        address = str(tokens[idx].attrs.get("href", ""))
        outside = _OUTSIDE.match(address) is not None
        env.setdefault("links", []).append(outside)
        if not outside:  # of another file: there is no such place below this page
            return '<span class="link">'
        return f'<a href="{escapeHtml(address)}" rel="noopener noreferrer nofollow" target="_blank">'

    def link_close(self, _tokens: Sequence[Token], _idx: int, _options: OptionsDict, env: EnvType) -> str:
        return "</a>" if env["links"].pop() else "</span>"

    def table_open(self, *_: Any) -> str:
        return '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer)
    markdown.enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "maths", _maths)
    return markdown


def _maths(state: StateInline, silent: bool) -> bool:
    """A formula between dollars or `\\(`: nothing in it is Markdown."""
    for opening, closing in _MATHS:
        if state.src.startswith(opening, state.pos):
            start = state.pos + len(opening)
            end = state.src.find(closing, start, state.posMax)
            inside = state.src[start:end]
            # A price is no formula: nothing but it begins behind a blank, or ends in front of one.
            if end < 0 or not inside.strip() or (opening == "$" and (inside != inside.strip() or "\n\n" in inside)):
                continue
            if not silent:
                state.push("maths", "", 0).content = state.src[state.pos : end + len(closing)]
            state.pos = end + len(closing)
            return True
    return False

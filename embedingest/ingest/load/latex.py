"""LaTeX as Markdown: its headings, lists and listings; commands give way to their words. Runs no TeX."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.decode import decode
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LatexLoader", "create", "to_markdown"]

_COMMENT: Final = re.compile(r"(?m)(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")
# What stands in brackets is bounded, since brackets that nothing closes would be looked for again and again.
_OPTION: Final = r"(?:\[[^\]]{0,400}\])"
_OPTION_ON_LINE: Final = r"(?:\[[^\]\n]{0,400}\])"
_BLANKS: Final = r"(?:(?<![ \t])[ \t]+)?"  # those before a command, looked at once however many they are
_LISTING: Final = re.compile(
    r"\\begin\{(verbatim\*?|lstlisting|minted|Verbatim)\}" + _OPTION_ON_LINE + r"?(?:\{[^}\n]{0,400}\})?[ \t]*\n?"
)
_LEVELS: Final = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
_HEADING: Final = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?" + _OPTION + r"?\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_TITLE: Final = re.compile(r"\\(title|author)" + _OPTION + r"?\{((?:[^{}]|\{[^{}]*\})*)\}")
_DROPPED: Final = re.compile(
    r"\\(?:label|ref|eqref|pageref|cite[a-z]*|index|vspace|hspace|includegraphics|bibliography|bibliographystyle"
    r"|input|include|usepackage|pagestyle|thispagestyle|setlength|newcommand|renewcommand)\*?"
    + _OPTION
    + r"*(?:\{[^{}]*\})+"
)
_ENVIRONMENT: Final = re.compile(_BLANKS + r"\\(?:begin|end)\{[^{}]*\}" + _OPTION_ON_LINE + r"?[ \t]*")
_ITEM: Final = re.compile(_BLANKS + r"\\item\b[ \t]*(?:\[([^\]]{0,400})\])?[ \t]*")
_LINK: Final = re.compile(r"\\href\{[^{}]*\}\{([^{}]*)\}|\\url\{([^{}]*)\}|\\footnote\{([^{}]*)\}")
_ACCENT: Final = re.compile(
    r"\\([`'^\"~=.cvuHk])(?:\{(\\?[a-zA-Z])\}|[ ]?(\\?[a-zA-Z])(?![a-zA-Z])|(?<=[`'^\"~=.])([a-zA-Z]))"
)
_WITH_WORDS: Final = re.compile(r"\\[a-zA-Z]+\*?" + _OPTION_ON_LINE + r"?\{([^{}]*)\}")
_BARE: Final = re.compile(r"\\[a-zA-Z]+\*?" + _OPTION_ON_LINE + r"?[ \t]*")
_MARKS: Final = {"`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304",
                 ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b",
                 "k": "\u0328"}  # fmt: skip
_LETTERS: Final = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å",
                   "l": "ł", "L": "Ł", "i": "i", "ldots": "…", "dots": "…", "textbackslash": "\\", "LaTeX": "LaTeX",
                   "TeX": "TeX", "S": "§", "P": "¶", "pounds": "£", "copyright": "©"}  # fmt: skip
_LETTER: Final = re.compile(r"\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?![a-zA-Z])(?:\{\})?[ ]?")
_ROUNDS: Final = 8
_ASIDE: Final = re.compile("\ue080(\\d+)\ue081")
_LABEL: Final = re.compile(r"[ \t]*\\label\{[^{}]*\}")
_FORMULA: Final = re.compile(
    r"(?<!\\)(?:\\\\)*(?:\\begin\{((?:equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign)\*?)\}"
    r"|(\$\$|\\\[|\\\(|\$))"
)
_CLOSERS: Final = {"$$": "$$", "$": "$", "\\[": "\\]", "\\(": "\\)"}
_NO_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")


class LatexLoader:
    """Papers and books in LaTeX. Mathematics stays as it is written, references and citations are left out."""

    name = "latex"
    version = "4"
    suffixes = frozenset({".tex", ".ltx", ".latex"})
    mimes = frozenset({"text/x-tex"})

    def load(self, data: bytes, name: str) -> Document:
        """The words between `\\begin{document}` and its end, or the whole of a file that has neither."""
        decoded = decode(data, name)
        titles = {key: _plain(value) for key, value in _TITLE.findall(decoded.text[:20_000])}
        metadata: dict[str, Any] = {"author": titles["author"]} if titles.get("author") else {}
        return Document(
            source=name,
            has_lines=False,
            text=to_markdown(decoded.text),
            markup="markdown",
            mime="text/x-tex",
            title=titles.get("title") or None,
            metadata=metadata,
            notices=decoded.notices,
        )


def create() -> LatexLoader:
    """The loader of LaTeX; it has no settings."""
    return LatexLoader()


def to_markdown(source: str) -> str:
    """The Markdown of a LaTeX source; listings are kept letter by letter."""
    begin, _, rest = source.partition(r"\begin{document}")
    body = rest.partition(r"\end{document}")[0] if rest else begin
    parts: list[str] = []
    end = 0
    for start, stop, listing in _listings(body):
        parts += [_words(body[end:start]), "```\n" + listing.strip("\n") + "\n```"]
        end = stop
    parts.append(_words(body[end:]))
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return text + "\n" if text else ""


def _listings(body: str) -> Iterator[tuple[int, int, str]]:
    """Where each listing begins and ends, and what it lists. One that nothing ends is none."""
    unended: set[str] = set()
    at = 0
    while match := _LISTING.search(body, at):
        at, end = match.end(), rf"\end{{{match[1]}}}"
        stop = -1 if end in unended else body.find(end, at)
        if stop < 0:
            unended.add(end)
        else:
            yield match.start(), stop + len(end), body[at:stop]
            at = stop + len(end)


def _words(source: str) -> str:
    formulas: list[str] = []
    text = _without_formulas(_COMMENT.sub(r"\1", source), formulas)
    text = _HEADING.sub(_heading, text)
    text = _DROPPED.sub("", _TITLE.sub("", text))
    text = _LINK.sub(lambda match: match[1] or match[2] or f" ({match[3]})", text)
    text = _ITEM.sub(lambda match: "- " + (f"{match[1]}: " if match[1] else ""), text)
    text = _plain(_ENVIRONMENT.sub("", text))
    lines = [" ".join(line.split()) if not line.startswith("#") else line for line in text.split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return _ASIDE.sub(lambda match: formulas[int(match[1])], text)


def _without_formulas(source: str, formulas: list[str]) -> str:
    """The source with a mark in the place of each formula, whose spelling is added to `formulas`."""
    source = source.replace("\ue080", "").replace("\ue081", "")
    parts: list[str] = []
    unended: set[str] = set()
    at = done = 0
    while match := _FORMULA.search(source, at):
        at = match.end()
        start = match.start(2) if match[2] else source.rindex("\\begin", 0, at)
        closer = _CLOSERS[match[2]] if match[2] else f"\\end{{{match[1]}}}"
        stop = -1 if closer in unended else source.find(closer, at)
        if stop < 0:
            unended.add(closer)
        elif match[2] != "$" or not _NO_PARAGRAPH.search(source, at, stop):
            at = stop + len(closer)
            parts.append(f"{source[done:start]}\ue080{len(formulas)}\ue081")
            formulas.append(_LABEL.sub("", source[start:at]))
            done = at
    return "".join([*parts, source[done:]])


def _heading(match: re.Match[str]) -> str:
    return f"\n\n{'#' * _LEVELS[match[1]]} {' '.join(_plain(match[2]).split())}\n\n"


def _plain(text: str) -> str:
    """Commands replaced by their words, inner ones first; then what TeX writes in a way of its own."""
    text = _LETTER.sub(lambda match: _LETTERS[match[1]], text)
    text = _ACCENT.sub(_accented, text)
    for _ in range(_ROUNDS):
        text, count = _WITH_WORDS.subn(r"\1", text)
        if not count:
            break
    text = text.replace("\\\\", "\n")
    text = re.sub(r"\\([%&$#_{}])", lambda match: chr(0xE000 + ord(match[1])), text)  # kept apart from real braces
    text = _BARE.sub(" ", text).replace("~", " ").replace("``", "“").replace("''", "”").replace("---", "—")
    text = text.replace("{", "").replace("}", "")
    return re.sub("[\ue000-\ue07f]", lambda match: chr(ord(match[0]) - 0xE000), text).strip(" ")


def _accented(match: re.Match[str]) -> str:
    letter = (match[2] or match[3] or match[4]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + _MARKS[match[1]])

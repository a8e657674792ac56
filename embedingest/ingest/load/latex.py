"""LaTeX as Markdown: its headings, lists and listings; commands give way to their words. Runs no TeX."""

from __future__ import annotations

import re
import unicodedata
from textwrap import indent
from typing import Any, Final

from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.common.raised import AROUND, written
from embedingest.ingest.load.common.struck import in_signs, struck
from embedingest.ingest.load.tex.asides import Asides, apart, uncommented
from embedingest.ingest.load.tex.branches import with_branches
from embedingest.ingest.load.tex.chemistry import with_chemistry
from embedingest.ingest.load.tex.frames import with_frames
from embedingest.ingest.load.tex.items import HEADING, MARKS, Items, unmarked
from embedingest.ingest.load.tex.listings import caption_of, listings
from embedingest.ingest.load.tex.macros import Macros
from embedingest.ingest.load.tex.notes import below, in_line, marked
from embedingest.ingest.load.tex.shorthands import has_shorthands, without_shorthands
from embedingest.ingest.load.tex.symbols import unknown, with_symbols
from embedingest.ingest.load.tex.tables import with_tables
from embedingest.ingest.load.tex.units import with_units
from embedingest.ingest.notices import add_notices, plus
from embedingest.types import Document

__all__ = ["LatexLoader", "create", "to_markdown"]

# What stands in brackets is bounded, since brackets that nothing closes would be looked for again and again.
_OPTION: Final = r"(?:\[[^\]]{0,400}\])"
_OPTION_ON_LINE: Final = r"(?:\[[^\]\n]{0,400}\])"
_BLANKS: Final = r"(?:(?<![ \t])[ \t]+)?"  # those before a command, looked at once however many they are
_LEVELS: Final = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
_HEADING: Final = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?" + _OPTION + r"?\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_TITLE: Final = re.compile(
    r"\\(title|subtitle|author|institute|date)" + _OPTION + r"?\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,400}\})*\})*)\}"
)
_INST: Final = re.compile(r"\\inst\{([^{}]{0,40})\}")
_THANKS: Final = re.compile(r"\\thanks\{((?:[^{}]|\{[^{}]{0,400}\}){0,2000})\}")
_DROPPED: Final = re.compile(
    r"\\(?:label|index|vspace|hspace|includegraphics|bibliography|bibliographystyle"
    r"|usepackage|pagestyle|thispagestyle|setlength|newcommand|renewcommand|color|rule|thanks|pagecolor"
    r"|setcounter(?!\{enum)|addtocounter|definecolor|selectlanguage|nocite|hypersetup|graphicspath)\*?"
    + _OPTION
    + r"*(?:\{[^{}]*\})+"
)
_SOURCE: Final = re.compile(r"\\bibitem(?:\[([^\]]{1,200})\])?\s?\{([^{}]{1,200})\}[ \t]*\n?")
_INCLUDED: Final = re.compile(
    r"\\(?:input|include|subfile)(?:\s?\{[^{}\n]{1,400}\}|[ ]+[^\s\\{}]{1,400})"
    r"|\\(?:lstinputlisting|verbatiminput\*?|VerbatimInput|inputminted)(?:\[((?:[^\[\]{}]|\{[^{}]{0,400}\}){0,400})\])?"
    r"(?:\{[^{}\n]{1,400}\}){1,2}"
)
# What stands in the first braces of these is no word: a colour, a width, a language.
_SETTING: Final = re.compile(
    r"\\(?:textcolor|hyperlink|hypertarget|colorbox|raisebox|parbox|scalebox|rotatebox|foreignlanguage"
    r"|(?:fcolorbox|resizebox|fontsize)\*?" + _OPTION_ON_LINE + r"*\{[^{}]*\})\*?" + _OPTION_ON_LINE + r"*\{[^{}]*\}"
    r"|\\begin\{(?:minipage|multicols\*?|thebibliography|wrapfigure|wraptable|spacing|adjustwidth|column|adjustbox|subfigure|subtable"
    r"|otherlanguage\*?)\}" + _OPTION_ON_LINE + r"*(?:\{[^{}\n]*\})*"
)
_ENVIRONMENT: Final = re.compile(_BLANKS + r"\\(begin|end)\{([^{}]*)\}" + r"(\[[^\]\n]{0,400}\])?[ \t]*")
_TITLED: Final = re.compile(
    r"[\[,]\s{0,9}(?:frame)?title\s{0,9}=\s{0,9}((?:\{[^{}]{0,200}\}|[^,{}\]]){1,200})"
)  # of a box
# What these print by themselves stands before their words.
_STATEMENTS: Final = frozenset(
    ["theorem", "lemma", "corollary", "proposition", "definition", "remark", "example", "proof", "claim", "conjecture",
     "exercise", "solution", "assumption", "axiom", "notation", "problem", "question", "observation", "fact"]
)  # fmt: skip
_CITED: Final = re.compile(
    r"\\(?:[a-zA-Z]{0,20}cite[a-z]{0,20}|citation)\*?(" + _OPTION + r"?)(" + _OPTION + r"?)\{([^{}]{0,800})\}"
)
_REFERRED: Final = re.compile(r"\\(?:(?:eq|page|auto|name|v|c|C|sub)?ref|[cC]pageref)\*?\{([^{}]{0,400})\}")
_PICTURE: Final = re.compile(r"\\includegraphics\b")
_LABELLED: Final = re.compile(r"(?:(?<=\n\n)|\A)[ \t]*\\textbf\{([^{}\n]{1,120})\}[ \t]*(?=\n[ \t]*\n|\n?\Z)")
_LINK: Final = re.compile(r"\\href\{[^{}]*\}\{([^{}]*)\}|\\url\{([^{}]*)\}")
_ACCENT: Final = re.compile(
    r"\\([`'^\"~=.cvuHkrdb])(?:\{(\\?[a-zA-Z])\}|(?:(?=\\)|(?<=[`'^\"~=.]))(\\?[a-zA-Z])(?![a-zA-Z])"
    r"|(?:[ ]|(?<=[`'^\"~=.]))([a-zA-Z])|[ ](\\[a-zA-Z])(?![a-zA-Z]))"
)
_ALONE: Final = re.compile(r"\\([~^])\{[ ]?\}")
_WITH_WORDS: Final = re.compile(r"\\[a-zA-Z]+\*?" + _OPTION_ON_LINE + r"?\{([^{}]*)\}")
_COLUMN: Final = re.compile(r"\\column" + _OPTION_ON_LINE + r"?\{[^{}\n]{0,80}\}")
_BREAKS: Final = re.compile(r"(?<!\\)\\(newline|linebreak|par)(?![a-zA-Z@])(?:\[\d\])?(?:\{\}|[ \t]{0,9})")
_SPACED: Final = re.compile(r"\\hspace\*?\{\s{0,9}([^{}]{0,80})\}")
_GOES_ON: Final = "\ue08b"
_MORE: Final = re.compile(_GOES_ON + r"((?:\{[^{}]*\})*)")
_BARE: Final = re.compile(r"\\[a-zA-Z]+\*?" + _OPTION_ON_LINE + r"?[ \t]*")
_MARKS: Final = {"`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304",
                 ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b",
                 "k": "\u0328", "r": "\u030a", "d": "\u0323", "b": "\u0331"}  # fmt: skip
_RAISED: Final = re.compile(r"\\text(super|sub)script\{[ ]?([^\s{}\\][^{}\\]{0,80})\}")
_STRUCK: Final = re.compile(r"\\(?:sout|xout|st|deleted)(?:\[[^\]\n]{0,200}\])?\{([^{}]{0,2000})\}")
_REPLACED: Final = re.compile(r"\\replaced(?:\[[^\]\n]{0,200}\])?\{([^{}]{0,2000})\}\{([^{}]{0,2000})\}")
_NUMBERED: Final = re.compile(
    r"\\(?:[egx]?def\s{0,9}|renewcommand\*?\s{0,9}\{?\s{0,9})\\labelenum(i{1,3}|iv)\s{0,9}\}?\s{0,9}"
    r"\{((?:[^{}\n]|\{[^{}\n]{0,80}\}){0,80})\}"
)
_SPACE: Final = re.compile(r"(?<!\\)((?:\\\\){0,4})\\[,;: ]")
_LINE_END: Final = re.compile(
    r"\\\\\*?(?:[ \t]*\[\s{0,9}[-+]?[\d.,]{0,20}\s{0,9}(?:pt|mm|cm|in|ex|em|bp|pc|dd|cc|sp|\\[a-zA-Z]{1,40})\s{0,9}\])?"
    r"(?:[ \t]*+\n)?"
)
_NO_BREAK: Final = re.compile(r"(?<!\\)\\[-!/@]")
_MADE: Final = "\ue086"  # stands for the title
_NO_MARKS: Final = dict.fromkeys(map(ord, f"\ue084\ue085\ue086\ue08b{MARKS}"))
_HEAD: Final = 20_000
_ROUNDS: Final = 8
_LABEL: Final = re.compile(r"[ \t]*\\label\{[^{}]*\}")
_FORMULA: Final = re.compile(
    r"(?<!\\)(?:\\\\)*(?:\\begin\{((?:equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign)\*?)\}"
    r"|(\$\$|\\\[|\\\(|\$))"
)
_CLOSERS: Final = {"$$": "$$", "$": "$", "\\[": "\\]", "\\(": "\\)"}
_NO_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")


class LatexLoader:
    """Papers and books in LaTeX. Mathematics stays as it is written; a citation is its key in brackets.

    References, whose numbers TeX makes, are their labels in brackets; they, pictures and commands that are not known
    are counted. Notes stand below their paragraph; frames of slides have their titles as headings.

    Macros and environments that a source defines are written out; files that it takes in are told (`included_files`).
    """

    name = "latex"
    version = "16"
    suffixes = frozenset({".tex", ".ltx", ".latex"})
    mimes = frozenset({"text/x-tex"})

    def load(self, data: bytes, name: str) -> Document:
        """The words between `\\begin{document}` and its end, or the whole of a file that has neither."""
        decoded = decode(data, name)
        text, titles, counts = _read(decoded.text)
        metadata: dict[str, Any] = {"author": titles["author"]} if titles.get("author") else {}
        return Document(
            source=name,
            has_lines=False,
            text=text,
            markup="markdown",
            mime="text/x-tex",
            title=titles.get("title") or None,
            metadata=metadata,
            notices=plus(decoded.notices, **counts),
        )


def create() -> LatexLoader:
    """The loader of LaTeX; it has no settings."""
    return LatexLoader()


def to_markdown(source: str) -> str:
    """The Markdown of a LaTeX source; listings are kept letter by letter."""
    return _read(source)[0]


def _read(source: str) -> tuple[str, dict[str, str], dict[str, int]]:
    """The Markdown of a source, its title and author, and counts of what it does not hold."""
    source, words_left_out = with_branches(source)
    begin, _, rest = source.partition(r"\begin{document}")
    body = rest.partition(r"\end{document}")[0] if rest else begin
    paper = _Paper(len(source))
    titles = paper.titles(source[:_HEAD], begin if rest else "")
    parts: list[str] = []
    end = 0
    for listing in listings(body):
        parts += [paper.words(body[end : listing.start]), *([paper.words(listing.caption)] if listing.caption else [])]
        parts.append(paper.listing(listing.words))
        end = listing.stop
    parts.append(paper.words(body[end:]))
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return text + "\n" if text else "", titles, paper.counts | {"words_left_out": words_left_out}


class _Paper:
    """One source under way: the macros, the open lists, and what was counted so far."""

    def __init__(self, size: int) -> None:
        self._macros = Macros(size)
        self._items = Items()
        self._has_shorthands = False
        self._titles: dict[str, str] = {}
        self._thanks: list[str] = []
        self.counts = {"included_files": 0, "references_left_out": 0, "skipped_images": 0, "unknown_macros": 0}

    def titles(self, head: str, preamble: str) -> dict[str, str]:
        """Title and author from the head; the definitions of the preamble are kept."""
        self._macros.taken(uncommented(preamble))
        self._has_shorthands = has_shorthands(uncommented(preamble))
        head = without_shorthands(head) if self._has_shorthands else head
        asides = Asides()
        for key, value in _TITLE.findall(uncommented(asides.verbatim(head))):
            said = _INST.sub(r"[\1]", _THANKS.sub("", self._macros.expanded(apart(value))))
            line = _one_line(_DROPPED.sub("", said).replace(r"\and", ",")).replace(" ,", ",")
            self._titles[key] = asides.restored(line)
            self._thanks += [asides.restored(_one_line(note)) for note in _THANKS.findall(value)]
        return self._titles

    def words(self, source: str) -> str:
        """The words of a stretch between listings."""
        asides = Asides()
        text = self._macros.taken(_NUMBERED.sub(r"\\labelenum\1{\2}", uncommented(asides.verbatim(source))))
        text = self._macros.expanded(apart(_without_formulas(text, asides)))
        text = without_shorthands(text) if self._has_shorthands else text
        text = _without_formulas(asides.verbatim(text, marked=True), asides)
        text, included = _INCLUDED.subn(lambda match: caption_of(match[1] or ""), text.translate(_NO_MARKS))
        text, referred = _REFERRED.subn(r"[\1]", text)
        text = with_chemistry(with_frames(text))
        pictures = sum(1 for _ in _PICTURE.finditer(text))
        add_notices(
            self.counts, {"included_files": included, "references_left_out": referred, "skipped_images": pictures}
        )
        text = with_tables(text, lambda cell: asides.restored(in_line(unmarked(_flat(cell, Items())))), asides.put)
        add_notices(self.counts, {"unknown_macros": unknown(_DROPPED.sub("", with_units(text)))})
        text = _LABELLED.sub(r"**\1**", _STRUCK.sub(_struck, _REPLACED.sub(r"\1 \\sout{\2}", text)))
        flat = in_signs(_flat(text, self._items)).replace(_MADE, self._head())
        return asides.restored(re.sub(r"\n{3,}", "\n\n", below(self._items.laid_out(flat), escaped)))

    def listing(self, listed: str) -> str:
        """A listing, at the depth of the list that it stands in."""
        return indent("```\n" + listed.strip("\n") + "\n```", self._items.hang)

    def _head(self) -> str:
        """What the command for a title sets."""
        title = self._titles.get("title", "")
        below = [self._titles.get(key, "") for key in ("subtitle", "author", "institute", "date")]
        said = [f"{HEADING}# {title}" if title else "", *below, *self._thanks]
        return "\n\n" + "\n\n".join(each for each in said if each) + "\n\n"


def _one_line(text: str) -> str:
    return " ".join(_plain(text).split())


def _flat(text: str, items: Items) -> str:
    """Headings, lists and notes as Markdown, other commands by their words."""
    text = _SPACED.sub(
        lambda match: "" if match[1][:1] in {"0", "-"} else " ", _BREAKS.sub(_broken, _COLUMN.sub("\n", marked(text)))
    )
    text = _RAISED.sub(_raised, text)
    text = _SOURCE.sub(lambda match: f"\n\n[{match[2]}] ", text)
    text = _HEADING.sub(_heading, _SETTING.sub("", with_units(text)))
    text = _spelled(_TITLE.sub("", text)).replace("\\maketitle", f"{_MADE} ")
    text = _LINK.sub(lambda match: match[1] or match[2] or "", text)
    return _plain(_ENVIRONMENT.sub(_begun, items.marked(text)))


def _broken(match: re.Match[str]) -> str:
    return "\n\n" if match[1] == "par" else "\\\\"


def _spelled(text: str) -> str:
    """The text with citations as words, and without labels and what else prints none."""
    return _DROPPED.sub("", _CITED.sub(_cited, text))


def _begun(match: re.Match[str]) -> str:
    """A line ends; a theorem begins with what it is called, an abstract with its heading."""
    name = match[2].rstrip("*").lower()
    if match[1] == "begin" and name in _STATEMENTS:
        said = f" ({match[3][1:-1]})" if match[3] and match[3][1:-1].strip() else ""
        return f"\n\n{name.capitalize()}{said}. "
    if match[1] == "begin" and (title := _TITLED.search(match[3] or "")) is not None:
        return f"\n\n**{' '.join(title[1].replace('{', '').replace('}', '').split())}**\n\n"
    return "\n\n**Abstract**\n\n" if match[1] == "begin" and name == "abstract" else "\n"


def _cited(match: re.Match[str]) -> str:
    before, after = (match[1][1:-1], match[2][1:-1]) if match[2] else ("", match[1][1:-1])
    said = ", ".join([*match[3].replace(",", " ").split(), *([after] if after.strip() else [])])
    return f"[{before} {said}]" if before.strip() else f"[{said}]"


def _without_formulas(source: str, asides: Asides) -> str:
    """The source with a mark in the place of each formula, whose spelling is kept in `asides`."""
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
            parts += [source[done:start], asides.put(_LABEL.sub("", source[start:at]))]
            done = at
    return "".join([*parts, source[done:]])


def _heading(match: re.Match[str]) -> str:
    return f"\n\n{HEADING}{'#' * _LEVELS[match[1]]} {' '.join(_plain(_spelled(match[2])).split())}\n\n"


def _plain(text: str) -> str:
    """Commands replaced by their words, inner ones first; then what TeX writes in a way of its own."""
    text = _NO_BREAK.sub("", _SPACE.sub(r"\1 ", with_symbols(text)))
    text = _ACCENT.sub(_accented, _ALONE.sub(lambda match: chr(0xE000 + ord(match[1])), text))
    for _ in range(_ROUNDS):
        text, count = _WITH_WORDS.subn(_argument, text)
        if not count:
            break
    text = _MORE.sub(lambda match: " " + match[1].replace("}{", " "), text)
    text = _LINE_END.sub("\n", text)
    text = re.sub(r"\\([%&$#_{}])", lambda match: chr(0xE000 + ord(match[1])), text)  # kept apart from real braces
    text = _BARE.sub(" ", text).replace("~", " ").replace("``", "“").replace("''", "”").replace("---", "—")
    text = text.replace("{", "").replace("}", "")
    return re.sub("[\ue000-\ue07f]", lambda match: chr(ord(match[0]) - 0xE000), text).strip(" ")


def _argument(match: re.Match[str]) -> str:
    """The words of a command, with a mark where it goes on with another argument: those are words apart."""
    return match[1] + (_GOES_ON if match.string.startswith("{", match.end()) else "")


def _accented(match: re.Match[str]) -> str:
    letter = (match[2] or match[3] or match[4] or match[5]).lstrip("\\")
    return unicodedata.normalize("NFC", letter + _MARKS[match[1]])


def _struck(match: re.Match[str]) -> str:
    return struck(match[1])


def _raised(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    return written(
        match[2].strip(),
        below=match[1] == "sub",
        behind=text[max(0, start - AROUND) : start].replace("\\$", "$"),
        ahead=text[end : end + AROUND].replace("~", " "),
    )

"""Words that stand aside while commands are replaced: formulas, addresses, listings in a line, tables. Runs no TeX."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Asides", "apart", "uncommented"]

_MARK: Final = re.compile("(?:(?<=\n)([ ]{1,60}))?\ue080(\\d+)\ue081")
_LINE: Final = re.compile(r"\n(?!\n)")
# The delimiter is any sign; what stands in it is bounded, since one that nothing closes would be looked for again.
_VERB: Final = re.compile(
    r"(?<!\\)\\(?:(?:verb|lstinline(?:\[[^\]\n]{0,400}\])?|mintinline\{[a-z+-]{1,40}\})\*?"
    r"(?:([^\sa-zA-Z*{])([^\n]{0,400}?)\1|\{([^{}\n]{0,400})\}))"
)
# Addresses are read letter by letter, with braces in pairs; those that go on on a further line are left to others.
_SPELLED: Final = r"\{((?:[^{}\n]|\{[^{}\n]{0,400}\}){0,2000})\}"
_ADDRESSES: Final = re.compile(
    r"(?<!\\)\\(?:(href)\*?(?:\[[^\]\n]{0,400}\])?"
    + _SPELLED
    + r"|(?:url|nolinkurl|path|burl|doi)\*?(?:"
    + _SPELLED
    + r"|(?P<sign>[|!+\"])([^\n]{0,400}?)(?P=sign)))"
)
_ESCAPED: Final = re.compile(r"\\(?:([%#&_${}])|(?:~|textasciitilde(?![a-zA-Z]))(?:\{\})?|string(?=[~%#_]))")
_PLACE: Final = re.compile(r"#[1-9]")
_NAME: Final = re.compile(r"\\[a-zA-Z]{1,40}\Z")
_LONGEST_NAME: Final = 41
_NAMES_IN_A_ROW: Final = re.compile(r"(?<!\\)((?:\\\\)*+\\[a-zA-Z]++)(?=\\[a-zA-Z]|\Z)")
_COMMENT: Final = re.compile(rf"({_ADDRESSES.pattern})|(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")


def uncommented(source: str) -> str:
    """The source without its comments. A percent sign in an address begins none; one behind a command ends its name."""
    return _COMMENT.sub(_kept, source)


def apart(source: str) -> str:
    r"""The source with a blank where one command follows another, or the end: what comes there is no part of its name.

    TeX skips that blank. Without it `\noindent\emph{word}` would become `\noindentword`, which is one command.
    """
    return _NAMES_IN_A_ROW.sub(r"\1 ", source)


def _kept(match: re.Match[str]) -> str:
    """What stays of an address, all of it, or of a comment."""
    if match[1] is not None:
        return match[1]
    begin = match.start()
    ends_name = not match[7] and _NAME.search(match.string[max(0, begin - _LONGEST_NAME) : begin])
    return " " if ends_name else match[7]


class Asides:
    """Takes words out of a text, leaving marks, and puts them back."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def put(self, words: str) -> str:
        """The mark that stands for these words, in which marks give way to what they stand for."""
        self._kept.append(self.restored(words))
        return f"\ue080{len(self._kept) - 1}\ue081"

    def restored(self, text: str) -> str:
        """The text with the words in the place of their marks, further lines as far to the right as the first."""
        return _MARK.sub(lambda match: self._words(match[1] or "", int(match[2])), text)

    def _words(self, blanks: str, number: int) -> str:
        words = blanks + self._kept[number]
        return _LINE.sub(f"\n{blanks}", words) if blanks else words

    def verbatim(self, source: str, *, marked: bool = False) -> str:
        r"""The source with a mark for each `\verb|words|` and address; where a word links to one, the word alone.

        What would be read as a mark goes, if none is `marked`: in that state macros are not yet written out.
        """
        if not marked:
            source = source.replace("\ue080", "").replace("\ue081", "")
        source = _VERB.sub(lambda match: self.put(match[2] or match[3] or ""), source)
        return _ADDRESSES.sub(lambda match: self._address(match, marked=marked), source)

    def _address(self, match: re.Match[str], *, marked: bool) -> str:
        """Its mark, nothing for one that only leads somewhere; what may be the body of a macro stays for now."""
        if not marked and _PLACE.search(match[0]):
            return match[0]
        return "" if match[1] else self.put(_ESCAPED.sub(_unescaped, match[3] or match[5] or ""))


def _unescaped(match: re.Match[str]) -> str:
    """The sign that an address has in the place of a command."""
    return match[1] or ("" if "string" in match[0] else "~")

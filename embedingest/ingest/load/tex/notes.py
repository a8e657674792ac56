"""Notes of LaTeX: apart from the sentence that they are on, below its paragraph. Knows no other commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["below", "in_line", "marked"]

_BEGIN: Final = "\ue084"
_END: Final = "\ue085"
_COMMAND: Final = re.compile(
    r"\\(foot|end|table|side|margin)(?:(note|par|footnote)(mark|text)?)(?![a-zA-Z@])[ \t]*+((?:\[[^\]\n]{0,80}\])*+)"
    r"(?:[ \t]*+\n?[ \t]*+(\{))?|\\(?:.|\n)|([{}])"
)
_OWN: Final = re.compile(r"\[([^\]]*)\]")
_PIECE: Final = re.compile(f"[ ]?{_BEGIN}|{_END}|\n[ \t]*\n\\s*")
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*")
_NOTE: Final = re.compile(f"[ ]?{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_NUMBERED: Final = frozenset({"foot", "end"})
"""Notes whose option is their number; that of others says where they stand."""


def marked(text: str) -> str:
    """The text with signs around each note. A number that an author gave stands in brackets, here and in the note."""
    if "note" not in text and "marginpar" not in text:
        return text
    said: list[str] = []
    open_braces: list[int] = []  # for each the place in what is said where a note begins, or -1
    last = 0
    for match in _COMMAND.finditer(text):
        if match[1] is None and match[6] is None:
            continue
        said.append(text[last : match.start()])
        last = match.end()
        if match[6] == "{":
            open_braces.append(-1)
            said.append("{")
        elif match[6]:
            is_note = bool(open_braces) and open_braces.pop() >= 0
            said.append(_END if is_note else "}")
        else:
            said.append(_begun(match))
            if match[5] and match[3] != "mark":
                open_braces.append(len(said) - 1)
    for at in open_braces:
        if at >= 0:  # nothing ends it
            said[at] = said[at].replace(_BEGIN, " ")
    return "".join([*said, text[last:]])


def _begun(match: re.Match[str]) -> str:
    own = _OWN.search(match[4]) if match[1] in _NUMBERED else None
    number = f"[{own[1].strip()}]" if own and own[1].strip() else ""
    if match[3] == "mark":
        return number
    if not match[5]:
        return ""
    return f"{'' if match[3] == 'text' else number}{_BEGIN}{number}{' ' if number else ''}"


def in_line(text: str) -> str:
    """Notes in brackets, where nothing can stand below."""
    return _NOTE.sub(r" (\1)", text)


def below(text: str, written: Callable[[str], str]) -> str:
    """Each note, as it is `written`, below the paragraph that it stands in."""
    if _BEGIN not in text:
        return text
    said: list[str] = []
    open_notes: list[list[str]] = []
    notes: list[str] = []
    last = 0
    for match in [*_PIECE.finditer(text), None]:
        stop = len(text) if match is None else match.start()
        (open_notes[-1] if open_notes else said).append(text[last:stop])
        sign = "\n\n" if match is None else match[0]
        last = len(text) if match is None else match.end()
        if sign.endswith(_BEGIN):
            open_notes.append([])
        elif sign == _END:
            notes += _blocks("".join(open_notes.pop()), written) if open_notes else []
        elif open_notes:
            open_notes[-1].append("\n\n")
        else:
            said += [f"\n\n{note}" for note in notes]
            said.append("" if match is None else sign)
            notes = []
    return "".join(said)


def _blocks(note: str, written: Callable[[str], str]) -> list[str]:
    return [written(" ".join(block.split())) for block in _PARAGRAPH.split(note) if block.strip()]

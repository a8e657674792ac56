"""A line of Org without its marks: emphasis, links, time stamps, notes, named signs. Knows no blocks."""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.raised import AROUND, written

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

__all__ = ["words"]

_PICTURE: Final = re.compile(r"(?i)(?:file:|https?:|\.{0,2}/)?[^\s\]]{1,400}\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)$")
# One mark a pattern: what it holds has none of its own kind, so that no place is looked at twice.
_BEFORE: Final = r"(?<![^\s\-–—('\"{\[>*/_+])"
_AFTER: Final = r"(?![^\s\-–—.,:;!?'\")}\]\[<*/_+\\])"
_INLINE: Final = re.compile(
    r"(?P<formula>\\\((?:[^\n\\]|\\(?!\))){0,400}+\\\)|\\\[(?:[^\n\\]|\\(?!\])){0,400}+\\\]"
    r"|(?<![\w$])\$[^\s$](?:[^$\n]{0,300}[^\s$])?\$(?![\w$]))"
    r"|\[\[(?P<target>[^\[\]\n]{1,2000})\](?:\[(?P<label>[^\n\[\]]{1,2000})\])?\]"
    r"|\[fn:(?P<note>[\w-]{0,80})(?::(?P<inline>[^\[\]\n]{0,2000}))?\]"
    r"|[<\[](?P<stamp>\d{4}-\d\d-\d\d[^<>\[\]\n]{0,60})[>\]]"
    r"|<<<?(?P<radio>[^<>\n]{1,200})>>>?"
    r"|\{\{\{\w{1,40}(?:\((?P<macro>[^\n{}]{0,400})\))?\}\}\}"
    r"|(?<=[^\s_^])(?P<level>[_^])\{(?P<levelled>[^\s{}][^{}\n]{0,80})\}"
    r"|(?<![:\\])\\(?P<closed>[A-Za-z]{2,20}[1-4]?)\{\}|(?<![A-Za-z:\\])\\(?P<sign>[A-Za-z]{2,20}[1-4]?)(?![A-Za-z0-9{\\])"
    r"|@@[a-z]{1,20}:(?P<export>[^@\n]{0,400})@@"
    + "".join(
        rf"|{_BEFORE}(?P<m{place}>{mark})(?P<{name}>[^\s{mark}](?:[^{mark}\n]{{0,300}}[^\s{mark}])?){mark}{_AFTER}"
        for place, (mark, name) in enumerate(
            ((r"\*", "bold"), ("/", "italic"), ("_", "under"), (r"\+", "struck"), ("=", "verbatim"), ("~", "code"))
        )
    )
)
_SIGNS: Final = {name: chr(point) for name, point in name2codepoint.items()} | {
    "to": "→", "gets": "←", "implies": "⇒", "iff": "⇔", "leq": "≤", "geq": "≥", "neq": "≠", "pm": "±", "infty": "∞",
    "dots": "…", "S": "§", "P": "¶", "EUR": "€", "ss": "ß", "checkmark": "✓", "div": "÷", "varepsilon": "ε",
    "slash": "/", "vert": "|",
}  # fmt: skip
_MOST_NESTED: Final = 3
_EMPHASIS: Final = ("bold", "italic", "under", "struck")


def words(line: str, notices: MutableMapping[str, int], depth: int = 0) -> str:
    """What a person reads of it. Pictures are counted in `notices`."""
    if line.endswith("\\\\"):
        line = line[:-2].rstrip()

    def shown(match: re.Match[str]) -> str:
        for name in _EMPHASIS:
            if match[name] is not None:
                inner = words(match[name], notices, depth + 1) if depth < _MOST_NESTED else match[name]
                return f"~~{inner}~~" if name == "struck" else inner
        if match["target"] is not None:
            label = match["label"]
            return _link(match["target"], label and words(label, notices, depth + 1) if depth < 1 else label, notices)
        return next((said(match) for name, said in _SAID.items() if match[name] is not None), match[0])

    text = _INLINE.sub(shown, line)
    return text.replace("\\\\ ", " ") if "\\\\ " in text else text


def _levelled(match: re.Match[str]) -> str:
    """What is raised or lowered, on the line."""
    text, start, end = match.string, match.start(), match.end()
    return written(
        match["levelled"].strip(),
        below=match["level"] == "_",
        behind=text[max(0, start - AROUND) : start],
        ahead=text[end : end + AROUND],
    )


_SAID: Final[dict[str, Callable[[re.Match[str]], str]]] = {
    "formula": lambda match: match[0],
    "level": _levelled,
    "closed": lambda match: _SIGNS.get(match["closed"], match[0]),
    "sign": lambda match: _SIGNS.get(match["sign"], match[0]),
    "export": lambda _: "",  # for a program that the text is exported to
    "verbatim": lambda match: f"`{match['verbatim']}`",
    "code": lambda match: f"`{match['code']}`",
    "stamp": lambda match: match["stamp"],
    "note": lambda match: f" ({match['inline'].strip()})" if match["inline"] else f"[{match['note']}]",
    "radio": lambda match: match["radio"] if match[0].startswith("<<<") else "",
    "macro": lambda match: match["macro"],
}


def _link(target: str, label: str | None, notices: MutableMapping[str, int]) -> str:
    if label is None and _PICTURE.match(target):
        notices["skipped_images"] = notices.get("skipped_images", 0) + 1
        return ""
    if label is not None and not _PICTURE.match(label):
        return label
    if label is not None:
        notices["skipped_images"] = notices.get("skipped_images", 0) + 1
    for prefix in ("file:", "id:", "*", "#", "mailto:"):
        if target.startswith(prefix):
            return target[len(prefix) :]
    return target

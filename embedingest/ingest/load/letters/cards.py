"""Calendars (iCalendar) and address cards (vCard) as words: one line a property. Knows their lines."""

from __future__ import annotations

import quopri
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.assembly import Assembly
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.html import read
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CardsLoader", "create", "to_text"]

_LONGEST_HEAD: Final = 1000
_FOLD: Final = re.compile(r"\n[ \t]")
_LINE: Final = re.compile(
    r"""(?:([\w-]{1,60})\.)?([\w-]{1,60})((?:;[^:;"\n]*+(?:"[^"\n]*+"[^:;"\n]*+)*+)*+):(.*)""", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\([\\;,:nN])")
_STAMP: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?\Z")
_HEAD: Final = 65_536
_COMPONENTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VCARD"})
_LABELS: Final = {
    "DTSTART": "Start", "DTEND": "End", "DURATION": "Duration", "DUE": "Due", "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee", "DESCRIPTION": "", "COMMENT": "", "CATEGORIES": "Categories", "URL": "URL",
    "CONTACT": "Contact", "STATUS": "Status", "RRULE": "Repeats", "RESOURCES": "Resources",
    "ORG": "Organization", "TITLE": "Title", "ROLE": "Role", "TEL": "Phone", "EMAIL": "E-mail", "ADR": "Address",
    "LABEL": "Address", "NOTE": "", "BDAY": "Birthday", "ANNIVERSARY": "Anniversary", "NICKNAME": "Nickname",
    "IMPP": "Chat", "RELATED": "Related", "GEO": "Position", "X-SOCIALPROFILE": "Profile", "X-ABDATE": "Date",
    "X-ABRELATEDNAMES": "Related", "X-SPOUSE": "Spouse", "X-MANAGER": "Manager", "X-ASSISTANT": "Assistant",
    "X-DEPARTMENT": "Department", "X-SKYPE": "Skype", "X-JABBER": "Jabber", "X-ALT-DESC": "",
}  # fmt: skip
_LABEL: Final = "X-ABLABEL"  # what a person called the property of the same group
_BUILT_IN: Final = re.compile(r"_\$!<(.*)>!\$_")
_BINARY: Final = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "ATTACH"})
_DAY: Final = re.compile(r"[0-9]{8}")
_NAMES: Final = frozenset({"X-WR-CALNAME", "NAME"})
_DURATION: Final = re.compile(
    r"\+?P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.IGNORECASE
)
_UNITS: Final = ("week", "day", "hour", "minute", "second")
_ZONE: Final = re.compile(r';TZID=(?:"([^"]*)"|([^;:]*))', re.IGNORECASE)
_DATES: Final = frozenset({"DTSTART", "DTEND", "DUE", "BDAY", "ANNIVERSARY", "X-ABDATE"})


class _Property(NamedTuple):
    """Name, parameters and value of one line, and the group that it belongs to."""

    name: str
    parameters: str
    value: str
    group: str = ""


class CardsLoader:
    """Each event, task, journal entry and card is a section under its summary or name; a calendar's name is the title.

    Pictures and files in them are left out and counted; time zones, alarms and what only programs read are no words.
    """

    name = "cards"
    version = "7"
    suffixes = frozenset({".ics", ".ifb", ".vcs", ".vcf", ".vcard"})
    mimes = frozenset({"text/calendar", "text/vcard"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where a file that is not blank has no component."""
        decoded = decode(data, name)
        assembly = Assembly()
        notices = dict(decoded.notices)
        title = _calendar_name(decoded.text)
        assembly.add(title)
        for heading, lines in _components(decoded.text, notices):
            start = assembly.next
            assembly.add("\n".join([heading, *lines]))
            assembly.span(start, "heading", heading)
        if not assembly.text and decoded.text.strip() and "BEGIN:V" not in decoded.text.upper():
            raise DocumentError(f"{name} holds no calendar and no card", source=name, code="corrupt")
        return Document(
            source=name,
            has_lines=False,
            text=assembly.text,
            mime="text/vcard" if "BEGIN:VCARD" in decoded.text[:2000].upper() else "text/calendar",
            title=title or None,
            spans=tuple(assembly.spans),
            notices=notices,
        )


def create() -> CardsLoader:
    """The loader of calendars and address cards; it has no settings."""
    return CardsLoader()


def to_text(source: str, notices: dict[str, int]) -> str:
    """The words of a calendar or of cards, a blank line between components; what is left out is counted."""
    sections = ("\n".join([heading, *lines]) for heading, lines in _components(source, notices))
    return "\n\n".join(part for part in (_calendar_name(source), *sections) if part)


def _calendar_name(source: str) -> str:
    """What the calendar is called; empty where it says nothing."""
    for each in _properties(source[:_HEAD]):
        if each.name == "BEGIN" and each.value.strip().upper() in _COMPONENTS:
            break
        if each.name in _NAMES:
            return " ".join(_plain(each.value).split())
    return ""


def _components(source: str, notices: dict[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Heading and lines of each component that says anything; one that nothing ends is there all the same."""
    found: list[_Property] = []
    open_names: list[str] = []
    for each in _properties(source):
        if each.name == "BEGIN":
            open_names.append(each.value.strip().upper())
        elif each.name == "END":
            if open_names and open_names.pop() in _COMPONENTS:
                yield from _component(found)
                found = []
        elif each.name in _BINARY:
            notices["skipped_images"] = notices.get("skipped_images", 0) + 1
        elif open_names and open_names[-1] in _COMPONENTS:
            found.append(each)
    if open_names:
        notices["cut_off"] = 1
    yield from _component(found)


def _properties(source: str) -> Iterator[_Property]:
    source = source.replace("\r\n", "\n")
    if "QUOTED-PRINTABLE" in source.upper():
        source = "\n".join(_without_soft_ends(source))
    for line in _FOLD.sub("", source).split("\n"):
        match = _LINE.match(line)
        if match is not None:
            name, parameters = match[2].upper(), match[3]
            yield _Property(name, parameters, _value(parameters.upper(), match[4]), (match[1] or "").upper())


def _without_soft_ends(source: str) -> Iterator[str]:
    """The lines of a source, those as one that go on behind an equals sign. Data in base64 may end in one too."""
    pieces: list[str] = []
    for line in source.split("\n"):
        goes_on = (
            line.endswith("=") and "QUOTED-PRINTABLE" in (pieces or [line])[0][:_LONGEST_HEAD].partition(":")[0].upper()
        )
        pieces.append(line[:-1] if goes_on else line)
        if not goes_on:
            yield "".join(pieces)
            pieces = []
    if pieces:
        yield "".join(pieces)


def _value(parameters: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        _, _, charset = parameters.partition("CHARSET=")
        codec = web_codec(charset.partition(";")[0] or "utf-8") or "utf-8"
        value = quopri.decodestring(value.encode()).decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return value


def _component(found: list[_Property]) -> Iterator[tuple[str, list[str]]]:
    """A section: summary or name above, then each property that a person reads."""
    names = [_plain(each.value) for key in ("SUMMARY", "FN") for each in found if each.name == key]
    if not any(names):
        names = [" ".join(reversed(_fields(each.value)[:2])) for each in found if each.name == "N"]
    found = _with_last_day(found)
    labels = {each.group: _called(each.value) for each in found if each.name == _LABEL and each.group}
    told = any(each.name == "DESCRIPTION" and each.value.strip() for each in found)
    said = (each for each in found if each.name in _LABELS and not (told and each.name == "X-ALT-DESC"))
    lines = [line for each in said if (line := _line(each, labels.get(each.group, "")))]
    heading = next((" ".join(name.split()) for name in names if name.strip()), "")
    if heading or lines:
        yield (heading, lines) if heading else (lines[0], lines[1:])


def _with_last_day(found: list[_Property]) -> list[_Property]:
    """The same, where the end of whole days is the last of them: calendars write the day after it."""
    start = next((each.value.strip() for each in found if each.name == "DTSTART"), "")
    if not _DAY.fullmatch(start):
        return found
    return [each._replace(value=_day_before(each.value, start)) if each.name == "DTEND" else each for each in found]


def _day_before(value: str, first: str) -> str:
    """The day before, but none before the first; what is no day stays as it is."""
    try:
        day = datetime.strptime(value.strip(), "%Y%m%d").date() if _DAY.fullmatch(value.strip()) else None  # noqa: DTZ007
        return value if day is None else max(first, f"{day - timedelta(days=1):%Y%m%d}")
    except (ValueError, OverflowError):
        return value


def _called(value: str) -> str:
    """What a person called a property; a word that the program has for it is none of theirs."""
    words = " ".join(_plain(value).split())
    return "" if _BUILT_IN.fullmatch(words) else words


def _line(each: _Property, called: str = "") -> str:
    if each.name in _DATES:
        words = _STAMP.sub(_readable, each.value.strip())
        zone = _ZONE.search(each.parameters)
        if zone is not None and ":" in words and not words.endswith("UTC"):
            words = f"{words} ({zone[1] or zone[2] or ''})".removesuffix(" ()")
    elif each.name == "DURATION":
        words = _duration(each.value.strip())
    elif each.name in {"ORGANIZER", "ATTENDEE"}:
        words = _person(each)
    elif each.name == "X-ALT-DESC":  # in HTML, where there is no other description
        words = read(_plain(each.value), book=True).text.strip()
    else:
        words = ", ".join(part for part in _fields(each.value) if part)
    label = called or _LABELS[each.name]
    return f"{label}: {words}" if label and words else words


def _person(each: _Property) -> str:
    """`Ann Miller <ann@example.org>`."""
    match = re.search(r';CN=(?:"([^"]*)"|([^;:]*))', each.parameters, re.IGNORECASE)
    name = (match[1] or match[2] or "").strip() if match else ""
    address = re.sub(r"(?i)\Amailto:", "", each.value.strip())
    return f"{name} <{address}>" if name and address and name != address else name or address


def _duration(value: str) -> str:
    """`1 hour 30 minutes`; what is no duration stays as it is written."""
    match = _DURATION.fullmatch(value)
    numbers = [int(number or 0) for number in match.groups()] if match else []
    said = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in zip(numbers, _UNITS, strict=False) if number]
    return " ".join(said) or value


def _readable(match: re.Match[str]) -> str:
    date = f"{match[1]}-{match[2]}-{match[3]}"
    return f"{date} {match[4]}:{match[5]}{' UTC' if match[7] else ''}" if match[4] else date


def _fields(value: str) -> list[str]:
    """The fields of a value that semicolons part, save those behind a backslash."""
    return [_plain(part).strip() for part in re.split(r"(?<!\\);", value)]


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)

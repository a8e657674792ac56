"""Subtitles as documents: what is said, one cue a line, each with its time. Knows no video."""

from __future__ import annotations

import html
import re
from typing import Final

from embedingest import Document, DocumentError, Span

__all__ = ["SubtitleLoader"]
__version__ = "0.1.0"

_TIMES: Final = re.compile(
    r"(?P<start>(?:\d{1,3}:)?\d{2}:\d{2}[.,]\d{3})[ \t]+-->[ \t]+(?:\d{1,3}:)?\d{2}:\d{2}[.,]\d{3}.*"
)
_SPEAKER: Final = re.compile(r"<v(?:\.[^ >]*)?[ \t]+(?P<name>[^>]+)>")
_TAG: Final = re.compile(r"</?[a-zA-Z0-9][^>]*>|\{\\[^}]*\}")


class SubtitleLoader:
    """Reads SRT and WebVTT. `speakers`: put the speaker's name in front of what WebVTT marks as spoken by somebody."""

    name = "subtitles"
    version = __version__
    suffixes = frozenset({".srt", ".vtt"})
    mimes = frozenset({"application/x-subrip", "text/vtt"})

    def __init__(self, *, speakers: bool = True) -> None:
        self.speakers = speakers

    def load(self, data: bytes, name: str) -> Document:
        """One line of text a cue. Raises DocumentError for bytes that hold no cue at all."""
        text = ""
        spans = []
        for start, said in self._cues(_decoded(data)):
            spans.append(Span(start=len(text), end=len(text) + len(said), kind="cue", value=start))
            text += said + "\n"
        if data.strip() and not spans:
            raise DocumentError(f"{name}: no cue with a time found", source=name, code="corrupt")
        mime = "text/vtt" if name.lower().endswith(".vtt") else "application/x-subrip"
        return Document(source=name, text=text, mime=mime, spans=tuple(spans))

    def _cues(self, text: str) -> list[tuple[str, str]]:
        cues = []
        for block in re.split(r"\n[ \t]*\n", re.sub(r"\r\n?", "\n", text)):
            lines = block.strip("\n").split("\n")
            at = next((i for i, line in enumerate(lines[:2]) if _TIMES.match(line.strip())), None)
            if at is None:
                continue  # a header, a note, a style sheet
            start = lines[at].strip().split()[0].replace(",", ".")
            said = " ".join(self._plain(line) for line in lines[at + 1 :] if line.strip()).strip()
            if said:
                cues.append((start, said))
        return cues

    def _plain(self, line: str) -> str:
        line = _SPEAKER.sub(r"\g<name>: " if self.speakers else "", line)
        return html.unescape(_TAG.sub("", line)).strip()


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")

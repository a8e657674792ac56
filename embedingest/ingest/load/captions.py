"""Subtitles (SubRip, WebVTT) as running text, with the time of each cue. Knows nothing of films."""

from __future__ import annotations

import re
from typing import Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.decode import decode
from embedingest.types import Document, Span

__all__ = ["CaptionsLoader", "create"]

_CUE: Final = re.compile(
    r"(?m)^[ \t]*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}[ \t]*-->[^\n]*\n((?:[ \t]*\S[^\n]*(?:\n|\Z))*)"
)
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>\n]*>|<\d[\d:.]*>|\{\\[^}\n]{0,400}\}")


class CaptionsLoader:
    """One line a cue without its markup, a `time` span over each. A line that repeats the one before is left out."""

    name = "captions"
    version = "3"
    suffixes = frozenset({".srt", ".vtt"})
    mimes = frozenset({"application/x-subrip", "text/vtt"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where a file that is not blank has no cue."""
        decoded = decode(data, name)
        lines: list[str] = []
        spans: list[Span] = []
        length, at, number = 0, 0, 1
        for cue in _CUE.finditer(decoded.text):
            number, at = number + decoded.text.count("\n", at, cue.start(2)), cue.start(2)
            for below, line in enumerate(cue[2].split("\n")):
                words = " ".join(_TAG.sub("", line).split())
                if words and (not lines or words != lines[-1]):
                    lines.append(words)
                    spans.append(Span(length, length + len(words), "time", cue[1]))
                    spans.append(Span(length, length + len(words), "line", number + below))
                    length += len(words) + 1
        if not lines and decoded.text.strip() and "-->" not in decoded.text:
            raise DocumentError(f"{name} holds no cues with times", source=name, code="corrupt")
        mime = "text/vtt" if decoded.text.startswith("WEBVTT") else "application/x-subrip"
        text = "\n".join(lines) + ("\n" if lines else "")
        return Document(source=name, text=text, mime=mime, spans=tuple(spans), notices=decoded.notices)


def create() -> CaptionsLoader:
    """The loader of subtitles; it has no settings."""
    return CaptionsLoader()

"""What of the files did not reach the table: counted by kind, some files of each kind named. Reads the journal only.

A loader counts what it could not keep, the walk what had no text, was skipped or was cut by the engine.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from embedingest.ingest.remedies import CUT_FOR
from embedingest.ingest.report import FileNotice, Notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedingest.ingest.state.journal import Journal

__all__ = ["MOST_NAMED", "Tally", "add_notices", "cut_for", "gather", "gather_files", "meaning", "plus"]

MOST_NAMED: Final = 20
"""Files of one kind that are named; all are counted."""

_MOST_KINDS: Final = 50

_MEANINGS: Final = {
    "archive": "archives, read as folders only by setting",
    "attachments_left_out": "attachments left out by setting",
    "binary": "binary data, not text",
    "bomb": "unpacks to more than is read",
    "comments_left_out": "comments, which are left out",
    "contents_left_out": "lines of tables of contents, whose titles stand elsewhere",
    "context_cut": "chunks whose context was cut, so that both fit the model",
    "cut_off": "files that end before their format says they do, read up to there",
    "dot_leaders": "lines whose leaders of dots are left out",
    "drawers_left_out": "drawers of properties and logs, which programs keep for themselves",
    "drawings": "drawings in subtitles, which hold no words",
    "empty": "no text to store",
    "embedded_files": "files within an Office file, which are not read",
    "encoded_data": "data in letters (base64, keys, uuencode), which is no text",
    "encrypted_data": "encrypted messages in a text, which are not read",
    "formulas_without_values": "formulas whose values the file does not hold",
    "exif_unreadable": "what cameras say of pictures, where it cannot be read",
    "frames_left_out": "frames of web pages that show other pages, which are not fetched",
    "front_matter_unreadable": "front matter that is neither YAML nor TOML",
    "fuzzy_messages": "translations that are marked as uncertain, which are read too",
    "heading_cut": "headings longer than is kept",
    "hidden_columns": "hidden columns of sheets, which are read too",
    "hidden_rows": "hidden rows of sheets, which are read too",
    "hidden_sheets": "hidden sheets, which are read too",
    "hidden_slides": "hidden slides, which are read too",
    "hidden_values": "values of cells whose format shows nothing of them, which are left out",
    "hidden_words": "words that are set hidden, which are read too",
    "image_only": "pages of pictures and no text; an OCR plug-in reads them",
    "included_files": "other files that a text takes in, which are not followed",
    "invalid_json": "no valid JSON, read as text",
    "invalid_lines": "lines that are not what their format wants, read as text",
    "invalid_xml": "XML that is not well formed, read as far as its tags can be followed",
    "later_frames": "frames of moving pictures after the first, which are not looked at",
    "lines_in_other_encoding": "lines of a file in UTF-8 that were in an older encoding, and were read in it",
    "link": "symbolic links, which are not followed",
    "link_broken": "symbolic links that lead nowhere",
    "link_excluded": "symbolic links to what is excluded",
    "link_loop": "symbolic links to a folder that holds them",
    "link_outside": "symbolic links out of the root",
    "metadata_cut": "metadata shortened or left out, because there is more than is kept",
    "metadata_unusable": "metadata that no JSON can hold",
    "mime_cut": "media types longer than is kept",
    "mime_unusable": "media types that are no text",
    "minified": "code that a program packed into endless lines",
    "missing_chapters": "chapters that the book names and does not hold",
    "missing_parts": "slides, notes, charts and other parts that the file names and does not hold",
    "no_text": "no text found in pictures",
    "nul_bytes": "NUL characters, kept as replacement marks",
    "obsolete_messages": "messages of catalogs that are no longer in use, which are left out",
    "older_revisions": "earlier revisions of pages of a wiki, of which the last one is read",
    "outputs_left_out": "outputs of cells left out, by setting or since they show no words",
    "pages_without_text": "pages without text",
    "pictures_as_text": "pictures of which only what is known in words is embedded: the model takes no pictures",
    "redirects": "pages of a wiki that only name another",
    "repeated_lines": "lines of subtitles that roll up, and stand in the cue before",
    "references_left_out": "references of LaTeX, whose numbers only TeX knows",
    "running_lines": "lines at the edge of many pages left out",
    "sidecar_unreadable": "sidecar files that say nothing, because they cannot be read",
    "signatures_left_out": "signatures of messages, which hold no words",
    "skipped_images": "pictures, which are not read",
    "skipped_pages": "pages beyond the limit of the loader",
    "slash_key": "objects of a store whose keys end in a slash, by which they cannot be read",
    "special": "no regular file",
    "special_members": "links and devices in archives",
    "templates": "templates of a wiki, of which the words that they are given are read",
    "title_cut": "titles longer than is kept",
    "title_unusable": "titles that are no text",
    "too_large": "larger than `load.max_bytes`",
    "truncated_chunks": "chunks that the engine cut to fit the model",
    "uncertain_lines": "lines that were not read with certainty",
    "undecodable": "characters that could not be decoded, kept as replacement marks",
    "unknown_macros": "macros that a manual page or a source in TeX uses and neither it nor the usual packages define",
    "unknown_symbols": "characters of symbol fonts that have no other form",
    "unknown_tokens": "words in letters that the model has no token for, which search does not tell apart",
    "unread_sheets": "sheets that could not be read",
    "unreadable_pages": "damaged pages",
    "unsafe_names": "members of archives that lead out of them",
    "unsupported": "a format that is not read",
    "untranslated_messages": "messages of catalogs without a translation, which are read as they are",
    "values_unreadable": "values of metadata that there are not (such as 2024-02-31), kept as they are written",
    "words_left_out": "words of web pages beside the main content: menus, heads, feet (`main_only: false` takes them); "
    "buttons and dialogues; of mail, those of HTML that a longer plain text lacks; of LaTeX, those of branches that "
    "only TeX could choose; of drawings, those that no browser shows",
}


def meaning(kind: str) -> str:
    """What a kind of notice counts, for people."""
    if kind.startswith("inner_"):
        return f"documents inside a file that were not read ({kind[6:].replace('_', ' ')})"
    if kind.startswith(CUT_FOR):
        return f"chunks that the engine cut for `{kind.removeprefix(CUT_FOR)}`, and not for the vector"
    return _MEANINGS.get(kind, kind.replace("_", " "))


def cut_for(model: str) -> str:
    """The kind of chunks that were cut for a model beside that of the vector, and not for that one."""
    return CUT_FOR + model


def add_notices(total: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts by kind; what counts nothing is left out."""
    for kind, count in more.items():
        if count > 0:
            total[kind] = total.get(kind, 0) + count


def plus(notices: Mapping[str, int], **more: int) -> dict[str, int]:
    """These counts and `more`."""
    total = dict(notices)
    add_notices(total, more)
    return total


def gather(journal: Journal, aliases: Iterable[str], skipped: Iterable[Tally] = ()) -> Notices:
    """What is noticed now of all files under these roots, and of the `skipped` paths, which the journal does not know.

    Files that have the same notices are counted together and only some are looked at, so that a hundred thousand
    of them cost milliseconds.
    """
    tally = Tally()
    for other in skipped:
        tally.add(other)
    for alias in aliases:
        for notices, files in journal.noticed(alias):
            tally.count(notices, files)
            if room := tally.room_for(notices):
                for source, detail in journal.noticed_files(alias, notices, room):
                    tally.name(source, notices, detail)
    return tally.notices()


def gather_files(journal: Journal, sources: Iterable[str]) -> Notices:
    """What is noticed now of these files."""
    tally = Tally()
    for source in sorted(sources):
        state = journal.file(source)
        if state is not None:
            tally.count(state.notices, 1)
            tally.name(source, state.notices, "" if state.state == "failed" else state.error)
    return tally.notices()


class Tally:
    """Counts notices, and names files while there is room for their kinds: bounded, however many there are."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}
        self._names: Counter[str] = Counter()
        self._named: list[FileNotice] = []

    def count(self, notices: Mapping[str, int], files: int) -> None:
        for kind, count in notices.items():
            before = self._counts.get(kind, (0, 0))
            self._counts[kind] = (before[0] + files, before[1] + files * count)

    def room_for(self, notices: Mapping[str, int]) -> int:
        """How many more files with these notices can be named."""
        return max(MOST_NAMED - self._names[kind] for kind in notices)

    def name(self, source: str, notices: Mapping[str, int], detail: str) -> None:
        for kind, count in notices.items():
            if self._names[kind] < MOST_NAMED and (kind in self._names or len(self._names) < _MOST_KINDS):
                self._names[kind] += 1
                # One detail a file: where several kinds are noticed, only a sidecar's reason is surely of its kind.
                own = detail if len(notices) == 1 or kind == "sidecar_unreadable" else ""
                self._named.append(FileNotice(source, kind, count, own or meaning(kind)))

    def add(self, other: Tally) -> None:
        """Take over what another tally has counted and named."""
        for kind, (files, count) in other._counts.items():
            before = self._counts.get(kind, (0, 0))
            self._counts[kind] = (before[0] + files, before[1] + count)
        for notice in other._named:
            self.name(notice.source, {notice.kind: notice.count}, notice.detail)

    def notices(self) -> Notices:
        return Notices(
            sorted(self._named, key=lambda notice: (notice.kind, notice.source)),
            {kind: {"files": files, "count": count} for kind, (files, count) in sorted(self._counts.items())},
        )

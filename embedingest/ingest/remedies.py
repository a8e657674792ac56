"""What a person can do about a document that failed, and about what of a document did not reach the table.

Every code of a failure and every kind of notice stands in one of two lists: what to do, or why nothing is to be done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CUT_FOR", "FOLDER_REMEDY", "NOTHING_TO_DO", "REMEDIES", "SOURCE_REMEDY", "remedy_of", "with_remedy"]

CUT_FOR: Final = "cut_for:"
"""What the kind of chunks that were cut for one model alone begins with; the model follows."""
FOLDER_REMEDY: Final = "let who runs this read and search it (`chmod u+rX`), then it is compared again"
SOURCE_REMEDY: Final = "it is asked again; if this stays, check its settings (address, credentials)"

REMEDIES: Final[Mapping[str, str]] = {
    # -- failures, by code
    "bomb": "if it is what it says, unpack or simplify it and ingest what comes of it",
    "context": (
        "mend what writes it (`context` in the settings); `embedingest run CONFIG --once` tries it again, and "
        "`embedingest retry` where a run follows"
    ),
    "corrupt": "open it in the program that wrote it and save it again, or leave it out with `--exclude`",
    "crashed": "leave it out with `--exclude`, and report it",
    "embedding": "leave it out with `--exclude`, and report the text",
    "encrypted": "save it without a password",
    "failed": "see the reason; `embedingest retry` tries it again",
    "killed": "it is tried again; where the system ran out of memory, lower `load.workers` or `load.memory_mib`",
    "memory": "raise `load.memory_mib`",
    "moving": "it is read again",
    "name": "give it a name that this file system takes",
    "nested": "unpack it and ingest the folder",
    "timeout": "raise `load.timeout_seconds`, or leave it out with `--exclude`",
    "too_large": "raise `load.max_bytes`, or part the file",
    "unreachable": "it is tried again; check the address and the credentials",
    "unreadable": "let who runs this read it (`chmod u+r`); it is tried again, `embedingest retry` does so now",
    "vanished": "it is tried again where it comes back",
    "worker": "it is tried again; `embedingest retry` does so now",
    # -- notices, by kind
    "archive": 'to read them, set `load: {loaders: {"*.zip": archive}}`',
    "attachments_left_out": "to read them, let the loader's `attachments` be true, or save them as files",
    "contents_left_out": "to read them, set the loader's `contents` (of PDF: `running_lines`)",
    "context_cut": "the chunks are whole; lower `chunk.max_tokens` to leave more room, or raise `context.max_tokens`",
    "cut_off": "copy or fetch them again",
    "embedded_files": "save them as files of their own",
    "encrypted_data": "decrypt them into files of their own",
    "formulas_without_values": "open and save the file in a program that computes them",
    "front_matter_unreadable": "mend it where `embedingest chunk FILE` shows it",
    "image_only": "`pip install embedingest-ocr` reads them",
    "invalid_json": "mend the file if it is meant to be JSON",
    "invalid_lines": "mend these lines if they matter",
    "invalid_xml": "mend the file if parts are missing",
    "link_broken": "mend or remove them",
    "link_outside": "to read them, `--follow-symlinks always`",
    "minified": "to read it all the same, `load.loaders: {PATTERN: text}`",
    "missing_parts": "copy or fetch the file again, or save it again",
    "no_text": "leave them out with `--exclude`",
    "outputs_left_out": "to read them, set the loader's `outputs`",
    "pictures_as_text": "name a model that takes pictures (`embedingest-images` runs those of CLIP and SigLIP)",
    "pages_without_text": "`pip install embedingest-ocr` reads pages of pictures",
    "running_lines": "to read them, set the loader's `running_lines`",
    "sidecar_unreadable": "mend the sidecar file",
    "skipped_images": "an OCR plug-in reads pictures that are files (`pip install embedingest-ocr`)",
    "skipped_pages": "raise the loader's limit of pages",
    "slash_key": "give these objects keys without the slash",
    "truncated_chunks": "lower `chunk.max_tokens`, or take a model with a longer window",
    "undecodable": "save the file as UTF-8",
    "unknown_tokens": "take a model of more languages (`embedingest models list`)",
    "unread_sheets": "save the workbook again, as .xlsx",
    "unreadable_pages": "save the file again, or print it to a new PDF",
    "unsupported": "convert it, or write a loader (docs/guides/plugins.md)",
    "words_left_out": "to read menus, heads and feet of web pages, set the loader's `main_only: false`",
}

NOTHING_TO_DO: Final[Mapping[str, str]] = {
    "binary": "it holds no text",
    "comments_left_out": "loaders that can read them say so in their settings (`comments`)",
    "dot_leaders": "the words of these lines are read",
    "drawers_left_out": "they are notes of a program",
    "drawings": "they hold no words",
    "empty": "there is nothing to store",
    "encoded_data": "it is no text",
    "frames_left_out": "nothing is fetched",
    "fuzzy_messages": "they are read",
    "exif_unreadable": "the picture itself is whole",
    "heading_cut": "its words are in the text too",
    "hidden_columns": "they are read",
    "hidden_rows": "they are read",
    "hidden_sheets": "they are read",
    "hidden_slides": "they are read",
    "hidden_values": "nobody who opens the file sees them",
    "hidden_words": "they are read",
    "later_frames": "the first stands for the picture",
    "included_files": "they are read as files of their own where they lie in the folder",
    "lines_in_other_encoding": "they were read",
    "link": "what it leads to is read where it lies in the folder",
    "link_excluded": "what it leads to is excluded by a rule",
    "link_loop": "what it leads to is read already",
    "metadata_cut": "the text is whole",
    "metadata_unusable": "the text is whole",
    "mime_cut": "the text is whole",
    "mime_unusable": "the text is whole",
    "missing_chapters": "the book does not hold them",
    "nul_bytes": "the text around them is read",
    "obsolete_messages": "the program does not use them",
    "older_revisions": "the latest is read",
    "redirects": "the page that they name is read",
    "references_left_out": "only TeX knows their numbers",
    "repeated_lines": "their words stand in the cue before",
    "signatures_left_out": "they hold no words",
    "special": "it is no file",
    "special_members": "they hold no text",
    "templates": "their words are read",
    "title_cut": "the text is whole",
    "title_unusable": "the text is whole",
    "uncertain_lines": "they are read as they seem",
    "unknown_macros": "their words are read",
    "unknown_symbols": "the file does not say what they mean",
    "unsafe_names": "an archive does not write outside itself",
    "untranslated_messages": "they are read as they are",
    "values_unreadable": "they are kept as they are written",
}


def remedy_of(kind: str) -> str | None:
    """What to do about a failure with this code, or a notice of this kind; `None` where nothing is to be done."""
    if kind.startswith(CUT_FOR):
        return f"lower `chunk.max_tokens`, or take a model with a longer window than `{kind.removeprefix(CUT_FOR)}`"
    return REMEDIES.get(kind.removeprefix("inner_"))


def with_remedy(message: str, remedy: str | None) -> str:
    """One line that ends with the way out, where there is one."""
    return message if not remedy else f"{message.rstrip('.')}; {remedy}"

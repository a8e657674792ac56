"""What each loader keeps and what it counts, in words: a row each of the table of suffixes in `../formats.md`."""

from __future__ import annotations

_PACKED = ("what the loader of the name without this suffix keeps", "`bomb`, `corrupt`; a packed tape is an `archive`")

KEPT = {
    "bzip2": _PACKED,
    "captions": ("who speaks and what is said, a line each; the time of each cue",
                 "`repeated_lines`, `drawings`, `comments_left_out`, `encoded_data`, `cut_off`"),
    "cards": ("each event, task or card under its summary or name; a calendar's name as title",
              "`skipped_images`, `cut_off`"),
    "catalog": ("each message with its context, remarks and translations; the header as metadata",
                "`obsolete_messages`, `fuzzy_messages`, `untranslated_messages`, `invalid_lines`"),
    "code": ("the text, word for word; its language", ""),
    "csv": ("every row, a line each; the header for every chunk", ""),
    "docx": ("headings, lists with numbers, tables, boxes, notes, equations, charts' words",
             ("`running_lines`, `skipped_images`, `comments_left_out`, `hidden_words`, `unknown_symbols`, "
              "`missing_parts`")),
    "epub": ("chapters in reading order, drawings among them",
             "`missing_chapters`, `unreadable_pages`, `words_left_out` (menus), `hidden_words`, `skipped_images`"),
    "gzip": _PACKED,
    "html": (
        "the main content, its title, comments; headings, numbered lists, tables, listings, filled fields, formulas",
        "`words_left_out`, `hidden_words`, `skipped_images`, `frames_left_out`",
    ),
    "json": ("the text; one endless line is indented", "`invalid_json`"),
    "jsonl": ("every line, numbers and double keys as written", "`invalid_lines`"),
    "latex": ("headings, slides, lists, tables, listings, macros and environments written out; formulas as written",
              "`included_files`, `references_left_out`, `skipped_images`, `unknown_macros`, `words_left_out`"),
    "mail": ("headers, the text, calendars, appointments; attachments as documents of their own",
             ("`attachments_left_out`, `signatures_left_out`, `encoded_data`, `encrypted_data`, `hidden_words`, "
             "`inner_…`, `cut_off`")),
    "man": ("sections, tags over their words, examples, tables; title, section, date",
            "`included_files`, `unknown_macros`"),
    "markdown": ("the text, word for word; front matter as metadata", "`front_matter_unreadable`"),
    "notebook": ("cells, as headings, words and code; outputs by setting", "`outputs_left_out`"),
    "opendocument": ("headings and lists with numbers, tables, boxes, notes, equations; slides with their notes",
                     ("`running_lines`, `skipped_images`, `comments_left_out`, `hidden_slides`, `hidden_words`, "
                     "`unknown_symbols`")),
    "org": ("headings, lists, tables, listings, formulas as written; title, author, tags",
            "`drawers_left_out`, `comments_left_out`, `skipped_images`"),
    "pdf": ("pages, the outline as headings",
            "`running_lines`, `unknown_symbols`, `pages_without_text`, `unreadable_pages`, `image_only`"),
    "pptx": ("slides in the order of the show, tables, charts' words, speaker's notes",
             ("`hidden_slides`, `running_lines`, `skipped_images`, `comments_left_out`, `unknown_symbols`, "
              "`missing_parts`")),
    "rtf": ("headings, lists, tables, notes below their paragraph",
            "`skipped_images`, `comments_left_out`, `running_lines`, `undecodable`, `cut_off`, `unknown_symbols`"),
    "saved-page": ("the page, then its frames, as Markdown", "`words_left_out`, `hidden_words`, `skipped_images`"),
    "sheet": (
        "every sheet, a line a row, cells as they are shown; the header of each table for every chunk",
        ("`hidden_sheets`, `hidden_rows`, `hidden_columns`, `hidden_values`, `comments_left_out`, "
        "`formulas_without_values`, `unread_sheets`"),
    ),
    "text": ("the text, word for word, save data in letters",
             "`encoded_data`, `encrypted_data`, `signatures_left_out`; a file of one encrypted message is `encrypted`"),
    "wiki": ("headings, lists, tables with spans, listings, formulas as written, notes below their paragraph",
             "`templates`, `skipped_images`, `comments_left_out`; of dumps (XML) `redirects`, `older_revisions`"),
    "xml": ("words without tags; titles as headings, rows as tables, listings",
            ("`skipped_images`, `encoded_data`, `formulas_without_values`, `comments_left_out`, `words_left_out` (of "
            "drawings), `invalid_xml`; declared entities are a `bomb`")),
    "xz": _PACKED,
    "yaml": ("the text, word for word", ""),
    "zstd": _PACKED,
}  # fmt: skip
"""By loader: what is kept, what is counted or told."""

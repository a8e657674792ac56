"""Catalogs of translations: messages and translations in words, no syntax, lines of the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.markup.catalog import create

HEAD = """# German translations.
#, fuzzy
msgid ""
msgstr ""
"Project-Id-Version: mill 1.0\\n"
"Language: de\\n"
"Last-Translator: FULL NAME <EMAIL@ADDRESS>\\n"
"Content-Type: text/plain; charset={charset}\\n"

"""
BODY = """#. Shown in the menu
#: src/a.c:10
#, c-format
msgid "Open the %s"
msgstr "Das %s öffnen"

msgctxt "wheel"
msgid "one \\"turn\\""
msgid_plural ""
"%d turns\\n"
"in all"
msgstr[0] "eine Drehung"
msgstr[1] "%d Drehungen"
#, fuzzy
#| msgid "old"
msgid "new"
msgstr "neu"
msgid "nothing"
msgstr ""

#~ msgid "gone"
#~ msgstr "weg"
#~ msgid "gone too"
#~ msgid_plural "all gone"
#~ msgstr[0] "weg"
"""
WORDS = (
    "German translations.\n\nShown in the menu\nOpen the %s\nDas %s öffnen\n\n"
    'wheel\none "turn"\n%d turns\nin all\neine Drehung\n%d Drehungen\n\nnew\nneu\n\nnothing\n'
)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "CP1252", "CHARSET"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_messages_are_paragraphs_in_the_charset_that_the_header_names(charset, end):
    source = (HEAD.format(charset=charset) + BODY).replace("\n", end)
    data = source.encode("utf-8" if charset in {"utf-8", "CHARSET"} else "cp1252")
    document = load_inner(data, "a.po", "a.po")
    assert document.text == WORDS
    assert document.metadata == {"project": "mill 1.0", "language": "de"}
    assert document.notices == {"obsolete_messages": 2, "fuzzy_messages": 1, "untranslated_messages": 1}


def test_lines_are_those_of_the_file():
    document = load_inner((HEAD + BODY).encode(), "a.po", "a.po")
    rows = (HEAD + BODY).split("\n")
    for span in document.spans:
        assert document.text[span.start :].split("\n")[0].replace('"', '\\"') in rows[span.value - 1]


def test_a_message_that_looks_like_markdown_and_escapes_are_words():
    source = 'msgid "# 1 in the market\\n- no item"\nmsgstr "caf\\303\\251\\ttab \\\\ back"\nstray words\n'
    document = load_inner(source.encode(), "a.pot", "a.pot")
    assert document.text == "\\# 1 in the market\n\\- no item\ncafé\ttab \\ back\nstray words\n"
    assert document.notices == {"invalid_lines": 1}


@given(st.text(st.sampled_from('msgidstr "#~.,:\\n\n[0]x')))
def test_any_text_is_read(text):
    document = create().load(text.encode(), "a.po")
    assert all(0 <= span.start < span.end <= len(document.text) for span in document.spans)

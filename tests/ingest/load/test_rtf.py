"""Rich text: words in their order and encodings, headings, tables, notes; no control word, no base64."""

import pytest

from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner


def load(body, head=r"\ansi\ansicpg1252\deff0"):
    data = "{\\rtf1" + head + body + "}"
    return load_inner(data.encode("latin-1"), "a.rtf", "a.rtf")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\pard Gr\'fc\'dfe, \b bold\b0  words.\par Two.\par", "Grüße, bold words.\n\nTwo."),
        (r"\uc1 \u1052?\u1080?\u1088? \uc0\u8364  and {\uc2\u228 ae}b", "Мир € and äb"),
        (r"\u-10179?\u-8704? \u55357?\u56832?", "😀 😀"),
        (r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}}\f1\'cc\'e8\'f0 \f2\'8c\'8e\f0 \'e4", "Мир 月ä"),
        (r"one\line two\tab three\~four\_five\-six \{a\} \\b", "one\ntwo\tthree\u00a0four\u2011fivesix {a} \\b"),
        (r"{\*\generator x;}{\*\unknown secret}{\info{\author Ann}}seen{\v  unseen}", "seen unseen"),
        (r"{\field{\*\fldinst HYPERLINK \"http://a\"}{\fldrslt a link}} after", "a link after"),
        (r"Before{\pict\pngblip 89504e47\bin4 {}{} 0d0a}after", "Beforeafter"),
        (r"Line{\footnote \chftn  A note.} goes on.\par Next.\par", "Line goes on.\n\nA note.\n\nNext."),
        (r"\trowd\intbl A\cell B | C\cell\row\intbl 1\cell 2\par 3\cell\row\pard After.\par",
         "| A | B \\| C |\n| --- | --- |\n| 1 | 2 3 |\n\nAfter."),
        ((r"{\stylesheet{\s0 Normal;}{\s3\f0 heading 2;}{\s4\outlinelevel0 Chapter;}}"
          r"\pard\s4 One\par\pard\s3 Two\par\pard\s0 # 1 in sales\par"), "# One\n\n## Two\n\n\\# 1 in sales"),
        (r"{\header Page head\par}{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt Boxed words.\par}}{\shprslt Boxed words.\par}}", "Boxed words."),
        ("two\r\nlines of\r\n one word", "twolines of one word"),
        (r"{\listtext 1.\tab}First\par", "1. First"),
        (r"{\pntext\'b7\tab}First\par 1. Second\par", "- First\n\n1\\. Second"),
    ],
)  # fmt: skip
def test_words_as_a_person_reads_them(body, text):
    assert load(body).text.strip() == text


def test_what_is_left_out_is_counted_and_the_title_known():
    document = load(r"{\info{\title The mill}{\author Ann}}{\header Head\par}Words{\pict 00}{\*\annotation No.}")
    assert (document.title, document.metadata, document.text) == ("The mill", {"author": "Ann"}, "Words\n")
    assert document.notices == {"running_lines": 1, "skipped_images": 1, "comments_left_out": 1}


def test_rich_text_is_known_by_its_first_word_and_its_suffix_alone_is_not_believed():
    assert choose("letter.doc", rb"{\rtf1\ansi words}") == "rtf"
    assert choose("letter.rtf", b"plain words") == "text"


def test_groups_without_end_and_ends_without_groups_are_read():
    assert load("{" * 30_000 + "deep" + "}" * 40_000 + "}").text == "deep\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (r"H{\sub 2}O, 10{\super 8}, x\super n\super +1\nosupersub  end", "H₂O, 10^8, x^(n+1) end"),
        (r"{\b Opening hours}\par Ten.\par", "**Opening hours**\n\nTen."),
        (r"\b Note\b0 : wet\par", "Note: wet"),
        (r"\trowd\intbl m{\super 2}\cell b\cell\row\pard\plain End\par", "| m² | b |\n| --- | --- |\n\nEnd"),
    ],
)
def test_what_is_raised_is_on_the_line_and_bold_lines_are_labels(body, words):
    assert load(body).text.strip() == words


def test_a_font_of_the_western_charset_is_western_whatever_the_page_of_the_document():
    fonts = r"{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset0 B;}{\f2\fcharset1 C;}}"
    assert load(rf"\ansicpg1251{fonts}\f0 \'cf\f1 caf\'e9\f2 \'cf\par").text == "Пcafé" + "П\n"


def test_words_that_are_set_hidden_are_read_and_counted_and_deleted_ones_are_not():
    document = load(r"Seen {\v not seen }{\deleted gone }end\par")
    assert (document.text, document.notices) == ("Seen not seen end\n", {"hidden_words": 2})


def test_words_that_stand_twice_for_old_readers_and_in_unicode_are_read_in_unicode():
    title = r"{\info{\upr{\title Gate ?}{\*\ud{\title Gate \u1046?}}}}"
    note = r"{\footnote {\upr{old ?}{\*\ud new \u1078?}} to the end}"
    document = load(rf"{title}One {{\upr{{old ?}}{{\*\ud{{new \b \u1046?}}}}}} two{note} three.\par")
    assert (document.title, document.text) == ("Gate Ж", "One new Ж two three.\n\nnew ж to the end\n")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"Go {\field{\*\fldinst { EQ \\* jc2 \\o\\ad(\\s\\up 8(\u12363?\u12412?),\u31348?)}}{\fldrslt }} on.", "Go 穴(かぼ) on."),
        (r"Half {\field{\*\fldinst EQ \\f(a,b)}{\fldrslt {\pict 00}}}.", "Half a/b."),
        (r"Dear {\field{\*\fldinst IF {\field{\*\fldinst MERGEFIELD s}{\fldrslt f}} = \"f\"}{\fldrslt Ms}} Lee", "Dear Ms Lee"),
        (r"{\field{\*\fldinst {\footnote no}INCLUDETEXT {\title x}}{\fldrslt shown}}", "shown"),
    ],
)  # fmt: skip
def test_of_a_field_the_result_is_read_and_an_equation_as_it_is_drawn(body, text):
    assert load(body).text.strip() == text


def test_boxes_stand_below_the_paragraph_or_the_table_that_they_hang_on():
    box = r"{\shp{\*\shpinst{\shptxt \pard One\line more\par {\listtext 1.\tab}Two\cell three\cell\row}}{\shprslt x}}"
    assert load(rf"\pard Left {box}and right.\par Next.\par").text == (
        "Left and right.\n\nOne\n\nmore\n\n1. Two three\n\nNext.\n"
    ).replace("1. Two", "1\\. Two")
    table = rf"\trowd\intbl a\cell b {box}c\cell\row\pard After.\par"
    assert load(table).text == "| a | b c |\n| --- | --- |\n\nOne\n\nmore\n\n1\\. Two three\n\nAfter.\n"


def test_notes_after_a_table_stand_below_their_own_paragraph():
    body = r"\trowd\intbl a{\footnote In a.}\cell b\cell\row\pard Last{\footnote At last.} words.\par"
    assert load(body).text == "| a | b |\n| --- | --- |\n\nIn a.\n\nLast words.\n\nAt last.\n"


def test_cells_stand_in_the_columns_that_their_edges_say():
    def row(*cells):
        """Each a cell's end in twips, how it is merged, its words."""
        told = "".join(rf"\{merged}\cellx{end}" if merged else rf"\cellx{end}" for end, merged, _ in cells)
        return rf"\trowd{told}\pard\intbl " + "".join(rf"{words}\cell " for _, _, words in cells) + r"\row"

    body = (
        row((1000, "", "Name"), (3000, "", "Both"), (4000, "", "Sum"))
        + row((1003, "clvmgf", "Ann"), (2000, "", "1"), (2990, "", "2"), (4000, "", "3"))
        + row((1000, "clvmrg", ""), (2000, "", "4"), (3000, "", "5"), (4000, "", "9"))
    )
    assert load(body + r"\pard").text.splitlines() == [
        "| Name | Both |  | Sum |", "| --- | --- | --- | --- |", "| Ann | 1 | 2 | 3 |", "| Ann | 4 | 5 | 9 |",
    ]  # fmt: skip


def test_a_row_that_says_nothing_of_its_cells_or_of_others_has_them_side_by_side():
    body = r"\trowd\cellx900\cellx100\intbl a\cell b\cell\row\trowd\cellx5\intbl c\cell d\cell e\cell\row\pard"
    assert load(body).text == "| a | b |  |\n| --- | --- | --- |\n| c | d | e |\n"


def test_an_initial_letter_begins_its_word_and_soft_hyphens_are_nothing():
    body = r"\pard\dropcapli3\dropcapt1 W\par\pard hen rain f\'adalls.\par\pard\dropcapli2 Z\par"
    assert load(body).text == "When rain falls.\n\nZ\n"


def test_characters_of_symbol_fonts_are_what_a_person_sees_or_counted():
    fonts = (
        r"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset2 Symbol;}{\f2\fcharset2 Wingdings;}{\f3\fcharset2 Our Logo;}}"
    )
    document = load(
        fonts + r"\pard {\f1 a}-ray {\f2\'fc} and {\f2\u61692?}\u-3844? done {\f3\u61505?}.\f1 b\plain b\par"
    )
    assert document.text == "α-ray ✓ and ✓\ufffd done \ufffd.βb\n"
    assert document.notices == {"unknown_symbols": 2}


def test_the_paragraphs_of_a_note_are_parted():
    note = r"{\footnote {\pard First of it.\par}{\pard Second\line of it.\par}}"
    assert load(rf"It holds{note} water.\par Next.\par").text == (
        "It holds water.\n\nFirst of it.\n\nSecond\n\nof it.\n\nNext.\n"
    )


def test_title_and_author_are_in_the_code_page_of_the_file_and_names_of_fonts_are_not_counted():
    fonts = r"{\fonttbl{\f0\fcharset0 Century;}{\f1\fcharset128 \'82;}}"
    document = load(rf"\ansicpg932\deff0{fonts}{{\info{{\title \'83\'5e\'83\'43\'83\'67\'83\'8b}}}}Words\par")
    assert (document.title, document.notices) == ("タイトル", {})

r"""Rich text: lists by its tables or by their looks, listings in letters of one width, signs of notes."""

import pytest

from tests.ingest.load.test_rtf import load

LISTS = (
    r"{\*\listtable"
    r"{\list\listtemplateid1{\listlevel\levelnfc0\levelstartat3{\leveltext\'02\'00.;}{\levelnumbers\'01;}\fi-360\li720}"
    r"{\listlevel\levelnfc4\levelstartat1{\leveltext\'04\'00.\'01);}{\levelnumbers;}}{\listname ;}\listid100}"
    r"{\list{\listlevel\levelnfc23{\leveltext\'01\u-3913 ?;}{\levelnumbers;}\f3}{\listlevel\levelnfc2\levelstartat1{\leveltext\'03(\'01);}}\listid200}"
    r"{\list{\listlevel\levelnfc23{\leveltext\'01\u32 ?;}{\levelnumbers;}}\listid300}}"
    r"{\*\listoverridetable{\listoverride\listid100\listoverridecount0\ls1}{\listoverride\listid200\ls2}"
    r"{\listoverride\listid100\listoverridecount1{\lfolevel\listoverridestartat\levelstartat8}\ls3}{\listoverride\listid300\ls4}}"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\pard\ls1 Corn\par\pard\ls1\ilvl1 Rye\par\pard\ls1\ilvl1 Oats\par\pard\ls1 Hay\par",
         "3. Corn\n   - 3.a) Rye\n   - 3.b) Oats\n4. Hay"),
        (r"\pard\ls2 apples\par\pard\ls2\ilvl1 red\par\pard\ls2\ilvl1 green\par\pard\ls2 pears\par\pard End.\par",
         "- apples\n  - (i) red\n  - (ii) green\n- pears\n\nEnd."),
        (r"\pard\ls1 Corn\par\pard\ls3 Rye\par\pard\ls3 Oats\par\pard\ls1 Hay\par", "3. Corn\n8. Rye\n9. Oats\n4. Hay"),
        (r"\pard\ls1{\listtext 3.\tab}Corn\par\pard\ls1 Hay\par", "3. Corn\n4. Hay"),
        (r"\pard\ls9 No list\par", "No list"),
        (r"\pard\ls4 More of it\par", "More of it"),
        (r"{\stylesheet{\s1 heading 1;}}\pard\s1\ls1 The mill\par", "# 3. The mill"),
    ],
)  # fmt: skip
def test_items_without_their_marks_have_those_of_the_tables_of_lists(body, text):
    document = load(LISTS + body)
    assert document.text.strip() == text
    assert document.notices == {}


PANDOC = r"{{\pard \ql \f0 \sa0 \li{} \fi-360 {}\tx360\tab {}\par}}".format


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (PANDOC(360, r"\bullet ", "apples") + PANDOC(720, r"\endash ", "red") + PANDOC(360, r"\bullet ", "pears"),
         "- apples\n  - red\n- pears"),
        (PANDOC(360, "1.", "Corn") + PANDOC(720, "(a)", "Rye") + PANDOC(360, "2.", "Hay"), "1. Corn\n   - (a) Rye\n2. Hay"),
        (r"\pard\fi-360\li360 Not an item\tab here\par", "Not an item\there"),
        (r"\pard Dr.\tab Miller\par", "Dr.\tMiller"),
    ],
)  # fmt: skip
def test_what_hangs_behind_a_bullet_or_a_number_is_an_item(body, text):
    assert load(body).text.strip() == text


FONTS = r"{\fonttbl{\f0\froman Times;}{\f1\fmodern Courier New;}{\f2\fnil Liberation Mono;}}"
CODE = "```\ndef f(x):\n    if x:\n        return\u00a01\n```".replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\pard\f0 A few words before it.\par\pard\f1 def f(x):\line     if x:\line         return\~1\par\pard\f0 After that more words.\par",
         f"A few words before it.\n\n{CODE}\n\nAfter that more words."),
        (r"\pard\f0 A few words before it stand here.\par\f2 def f(x):\par     if x:\par         return 1\par\par\f0 After.\par",
         f"A few words before it stand here.\n\n{CODE}\n\nAfter."),
        (r"\pard\f0 Run {\f1 make test} now.\par", "Run make test now."),
        (r"\pard\f1 All of it\line is typed.\par And more.\par\f0 But this.\par", "All of it\nis typed.\n\nAnd more.\n\nBut this."),
        (r"\pard\f0 Words in a table follow here now.\par\trowd\intbl\f1 a\cell b\cell\row\pard\f1 x = 1\par",
         "Words in a table follow here now.\n\n| a | b |\n| --- | --- |\n\n```\nx = 1\n```"),
    ],
)  # fmt: skip
def test_paragraphs_in_letters_of_one_width_are_listings_unless_all_is_typed_so(body, text):
    assert load(FONTS + body).text.strip() == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"It holds 40{\super a}{\footnote{\super a} By Ann.} tons.\par", "It holds 40[a] tons.\n\n[a] By Ann."),
        (r"Wheel{\super *}{\footnote\pard {\super *}By Bo.}{\super\chftn}{\footnote\chftn  Counted.}.\par",
         "Wheel[*].\n\n[*]By Bo.\n\nCounted."),
        (r"\pard 5 m{\super 2}{\super\chftn}{\footnote{\super\chftn} Measured.}.\par", "5 m².\n\nMeasured."),
        (r"A{\footnote\ftnalt\chftn  At the end.} mill.\par More.\par", "A mill.\n\nMore.\n\nAt the end."),
    ],
)  # fmt: skip
def test_the_sign_that_an_author_gave_a_note_stands_in_brackets_and_endnotes_at_the_end(body, text):
    assert load(body).text.strip() == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"It is {\mmath{\*\moMath{\mr E=m}{\msSup{\msSupPr{\mctrlPr}}{\me{\mr c}}{\msup{\mr 2}}}}}{\*\mmathPict x}.\par", "It is E=mc^2."),
        (r"{\mmath{\*\moMathPara{\*\moMath{\mf{\mnum{\mr a}}{\mden{\mr\u945 ?}}}{\md{\mdPr{\mbegChr [}{\mendChr ]}}{\me{\mr x}}}}}}\par",
         r"\frac{a}{α}[x]"),
        (r"{\field{\*\fldinst { FORMCHECKBOX }{\*\formfield{\fftype1\ffres25\ffdefres1{\*\ffname a}}}}{\fldrslt}} Yes", "[x] Yes"),
        (r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres0\ffdefres1}}}{\fldrslt}} No", "[ ] No"),
        (r"In {\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffl Red}{\*\ffl Blue}}}}{\fldrslt}}.", "In Blue."),
    ],
)  # fmt: skip
def test_equations_and_what_is_chosen_in_a_form_are_read(body, text):
    assert load(body).text.strip() == text

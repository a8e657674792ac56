"""Of a field of Word its result is read, wherever other fields stand; what is drawn from an instruction is words."""

import pytest

from embedingest.ingest.load.common.raised import on_the_line
from embedingest.ingest.load.office.equation_fields import equation_words
from tests.ingest.load.test_word import cell, par, run, table, text


def mark(kind):
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def code(words):
    return f'<w:r><w:instrText xml:space="preserve">{words}</w:instrText></w:r>'


def field(instruction, result):
    result = "" if result is None else mark("separate") + result
    return f"{mark('begin')}{instruction}{result}{mark('end')}"


def test_the_result_of_a_field_in_an_instruction_is_not_shown():
    inner = field(code(" MERGEFIELD City "), run("Bonn"))
    shown = field(code(" IF ") + inner + code(' = "Bonn" "here" "there" '), run("here"))
    toc = field(code(" TOC "), run("Contents ") + field(code(" PAGEREF a "), run("7")))
    assert text(f"<w:p>{run('We are ')}{shown}{run(', see ')}{toc}{run('.')}</w:p>") == "We are here, see Contents 7.\n"


def test_an_instruction_of_several_paragraphs_is_not_shown():
    begin = f"<w:p>{run('Dear ')}{mark('begin')}{code(' IF 1 = 1 ')}{run('Sir')}</w:p>"
    end = f"<w:p>{run('or not')}{mark('separate')}{run('Madam')}{mark('end')}{run(',')}</w:p>"
    assert text(begin + end) == "Dear\n\nMadam,\n"


def test_a_field_that_nothing_ends_hides_nothing():
    assert text(f"<w:p>{mark('begin')}{code(' IF ')}{run('all is read')}</w:p>{mark('separate')}") == "all is read\n"


def test_the_words_of_an_equation_field_stand_in_its_place():
    ruby = field(code(r" EQ \* jc2 \o\ad(\s\up 9(") + code("とう),東)"), None)
    half = field(code(r"EQ \f(1,2)"), "")
    stored = field(code(r"EQ \f(1,2)"), run("½"))
    assert text(f"<w:p>{run('In ')}{ruby}{run(' ')}{half}{run(' and ')}{stored}</w:p>") == "In 東(とう) 1/2 and ½\n"


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        (r"EQ \f(a+b,2)", "(a+b)/2"),
        (r"eq \r(3,x)", "3√x"),
        (r"EQ \x(in a box) (aside, too)", "in a box (aside, too)"),
        (r"EQ m\s\up8(2), H\s\do3(2)O", "m², H₂O"),
        (r"EQ \b\bc\[(\a\al\co2(1,0,0,1))", "[1 0 0 1]"),
        (r"EQ \i\su(1,5,k)", "∑₁^5 k"),
        (r"EQ \(x\)\, \\", "(x), \\"),
        (r"EQ \f(1", "1"),
        ("PAGE", None),
    ],
)
def test_an_equation_field_says(instruction, said):
    found = equation_words(instruction)
    assert (found and on_the_line(found)) == said


def test_an_initial_letter_begins_its_word():
    def letter(words, kind="drop"):
        return par(words, f'<w:framePr w:dropCap="{kind}" w:lines="3"/>')

    assert text(letter("W") + par("hen rain falls, wait.")) == "When rain falls, wait.\n"
    assert text(letter("“The", "margin") + par(" end.”")) == "“The end.”\n"
    assert text(table([cell(letter("O") + par("ld")), cell(par("b"))])) == "| Old | b |\n| --- | --- |\n"
    assert text(par("a") + letter("Z") + table([cell(par("b")), cell(par("c"))])) == (
        "a\n\nZ\n\n| b | c |\n| --- | --- |\n"
    )
    assert text(par("a") + letter("Z")) == "a\n\nZ\n"
    assert text(par("a") + par("in a frame", '<w:framePr w:wrap="around"/>') + par("b")) == "a\n\nin a frame\n\nb\n"


def test_a_paragraph_whose_mark_is_deleted_goes_on_in_the_next():
    deleted = "<w:rPr><w:del/></w:rPr>"
    assert text(par("one line ", deleted) + par("goes on", deleted) + par(".") + par("Next")) == (
        "one line goes on.\n\nNext\n"
    )
    assert text(par("", deleted) + par("only this")) == "only this\n"

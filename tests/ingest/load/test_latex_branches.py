"""What TeX never sets is not read: branches that are not taken, comments; branches that may be set are counted."""

import pytest

from embedingest.ingest.load.latex import LatexLoader


def loaded(source):
    return LatexLoader().load(source.encode(), "a.tex")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Start.\n\\iffalse\nold words\n\\fi\nEnd.", "Start.\nEnd."),
        ("Start.\n\n\\iffalse old\\else new\\fi\n\nEnd.", "Start.\n\nnew\n\nEnd."),
        ("A \\iftrue yes \\else no \\fi end.", "A yes end."),
        ("A \\iffalse x \\iftrue y \\else z \\fi w \\fi end.", "A end."),
        ("Start.\n\\begin{comment}\nold $x \\fi\n\\end{comment}\nEnd.", "Start.\nEnd."),
        ("\\excludecomment{draft}Start.\n\\begin{draft}old\\end{draft}\nEnd.", "Start.\nEnd."),
        ("\\newif\\ifdraft A \\ifdraft old \\else new \\fi end.", "A new end."),
        ("\\newif\\ifdraft\n\\drafttrue\nA \\ifdraft old \\else new \\fi end.", "A old end."),
        ("\\newif\\ifa\\newif\\ifb\\atrue A \\ifa\\ifb x\\else y\\fi\\else z\\fi end.", "A yend."),
        ("A \\ifdefined\\x yes \\else no \\fi end.", "A no end."),
        ("\\newcommand{\\x}{1}A \\ifdefined\\x yes \\else no \\fi end.", "A yes end."),
        ("\\def\\x{1}A \\ifx\\x\\undefined yes \\else no \\fi end.", "A no end."),
        ("A \\ifnum1>2 yes \\else no \\fi end.", "A no end."),
        ("A % \\iffalse\nword % \\fi\nend.", "A word end."),
        ("A \\verb|\\iffalse| and \\verb|\\fi| end.", "A \\iffalse and \\fi end."),
        (
            "A\n\\begin{verbatim}\n\\iffalse\n\\begin{comment}\n\\end{verbatim}\nend. \\fi",
            "A\n\n```\n\\iffalse\n\\begin{comment}\n```\n\nend.",
        ),
        ("A \\iffalse that nothing ends.", "A that nothing ends."),
        ("$a \\iff b$ and \\ifthenelse{a}{b}{c}\\iffalse old\\fi{} end.", "$a \\iff b$ and a b c end."),
    ],
)
def test_what_tex_does_not_set_is_not_read(source, text):
    assert loaded(source).text.strip() == text
    assert "words_left_out" not in loaded(source).notices or "ifdefined" in source


@pytest.mark.parametrize(
    ("source", "text", "count"),
    [
        ("A \\ifx\\a\\b yes \\else old words \\fi end.", "A yes end.", 2),
        ("A \\ifnum\\value{page}>3 yes \\else old words \\fi end.", "A yes end.", 2),
        ("A \\ifodd\\count yes \\else old \\fi end.", "A yes end.", 1),
        ("A \\ifsolutions yes \\else old words here \\fi end.", "A yes end.", 3),
        ("A \\ifcase\\month none\\or old\\or other\\fi end.", "A noneend.", 2),
    ],
)
def test_of_a_condition_that_the_source_does_not_answer_one_branch_is_read_and_the_other_counted(source, text, count):
    found = loaded(source)
    assert (found.text.strip(), found.notices["words_left_out"]) == (text, count)


def test_an_end_of_the_document_in_what_is_not_set_ends_nothing():
    source = "\\begin{document}A.\n\\iffalse\n\\end{document}\n\\fi\nEnd.\n\\end{document}\n"
    assert loaded(source).text == "A.\nEnd.\n"

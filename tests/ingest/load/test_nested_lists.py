"""Lists in lists: every item at its level behind its number, as Markdown has them, whatever the format."""

from __future__ import annotations

import pytest

from embedingest.ingest.load import latex, rtf, xml
from embedingest.ingest.load.markup import org
from embedingest.ingest.load.wiki import mediawiki

SOUP = "1. Chop:\n   - leeks\n   - carrots\n2. Boil\n   1. slow\n"
SOUPS = {
    "a.dbk": (
        "<article><orderedlist><listitem><para>Chop:</para><itemizedlist><listitem><para>leeks</para></listitem>"
        "<listitem><para>carrots</para></listitem></itemizedlist></listitem><listitem><para>Boil</para>"
        "<procedure><step><para>slow</para></step></procedure></listitem></orderedlist></article>"
    ),
    "a.tei": (
        "<TEI><list rend='numbered'>\n<item>Chop: <list><item>leeks</item><item>carrots</item></list></item>\n"
        "<item>Boil <list type='ordered'><item>slow</item></list></item>\n</list></TEI>"
    ),
    "a.wiki": "# Chop:\n#* leeks\n#* carrots\n# Boil\n## slow\n",
    "a.org": "1. Chop:\n - leeks\n - carrots\n2. Boil\n  1. slow\n",
    "a.rtf": (
        r"{\rtf1 {\listtext 1.\tab}\ilvl0 Chop:\par{\listtext \'b7\tab}\ilvl1 leeks\par{\listtext \'b7\tab}\ilvl1 carrots\par"
        r"{\listtext 2.\tab}\ilvl0 Boil\par{\listtext 1.\tab}\ilvl1 slow\par}"
    ),
    "a.tex": (
        "\\begin{enumerate}\n\\item Chop:\n  \\begin{itemize}\n  \\item leeks\n  \\item carrots\n  \\end{itemize}\n"
        "\\item Boil \\begin{enumerate}[label=\\arabic*.]\\item slow\\end{enumerate}\n\\end{enumerate}"
    ),
}
LOADERS = {"wiki": mediawiki.create, "org": org.create, "rtf": rtf.create, "tex": latex.create}


def text(name: str, source: str) -> str:
    create = LOADERS.get(name.rpartition(".")[2], xml.create)
    return create().load(source.encode(), name).text


@pytest.mark.parametrize("name", SOUPS)
def test_a_list_in_a_list_has_its_level(name):
    assert text(name, SOUPS[name]) == SOUP


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("a.dbk", ("<a><orderedlist numeration='upperroman' startingnumber='4'><listitem><para>Then</para><para>now.</para>"
                  "<programlisting>a\n  b</programlisting></listitem><listitem override='9'><para>End</para></listitem></orderedlist>"
                  "<para>Out.</para></a>"),
         "- IV. Then\n\n  now.\n\n  ```\n  a\n    b\n  ```\n\n- IX. End\n\nOut.\n"),
        ("a.xml", ("<sec><list list-type='alpha-lower'><list-item><label>(a)</label><p>One</p></list-item><list-item><p>Two</p>"
                  "<list list-type='bullet'><list-item><p>deep</p></list-item></list></list-item></list></sec>"),
         "- (a) One\n- b. Two\n  - deep\n"),
        ("a.tei", "<TEI><list><item><list type='ordered'><item n='3'>c</item><item/></list></item></list><p>1. May was wet.</p></TEI>",
         "- 3. c\n\n1\\. May was wet.\n"),
        ("a.dita", "<task><steps><step><cmd>Open</cmd><substeps><substep><cmd>Turn</cmd></substep></substeps></step></steps></task>",
         "1. Open\n   1. Turn\n"),
        ("a.tex", r"\begin{enumerate}[start=3]\item c\begin{enumerate}\item one\end{enumerate}tail\end{enumerate}out",
         "3. c\n   - (a) one\n\n   tail\n\nout\n"),
        ("a.tex", ("\\begin{enumerate}[(i)]\n\\item one\n\\end{enumerate}\nthen\n\\begin{enumerate}[resume]\n\\item two\n\n  $x$ more\n"
                  "\\begin{verbatim}\ncode\n\\end{verbatim}\n\\setcounter{enumi}{6}\\item seven\n\\end{enumerate}"),
         "- (i) one\n\nthen\n\n2. two\n\n   $x$ more\n\n   ```\n   code\n   ```\n\n7. seven\n"),
        ("a.wiki", "# a\n#* b\n#: of a\n# c\n\n* d\n** e\n", "1. a\n   - b\n\n   of a\n2. c\n\n- d\n  - e\n"),
    ],
)  # fmt: skip
def test_numbers_labels_and_what_stands_below_an_item_are_kept(name, source, expected):
    assert text(name, source) == expected


def test_words_that_look_like_marks_are_words_in_latex_too():
    source = "\\section{\\# 1}\n\\# 1 in the market\n\n1. May was wet.\n\n\\begin{tabular}{ll}- & 1. May\\\\ + & > 5\\end{tabular}"
    assert text("a.tex", source) == (
        "## # 1\n\n\\# 1 in the market\n\n1\\. May was wet.\n\n| - | 1. May |\n| --- | --- |\n| + | > 5 |\n"
    )

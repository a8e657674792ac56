"""More pieces to pump up texts with, by loader: of markup in lines, of letters and cards, of XML. See `pumps`."""

from __future__ import annotations

PIECES: dict[str, tuple[str, tuple[str, ...]]] = {
    "org": (
        "a.org",
        (
            "* a\n", "*", "* a :b:\n", "* [#A] ", ":a:\n", ":END:\n", "#+begin_src\n", "#+end_src\n", "#+begin_a\n", "#+a: b\n",
            "# a\n", "| a |\n", "|", "|-\n", ": a\n", "- a :: b\n", "- a ", "- a\t", "[[a][b]]", "[[a", "[[", "[fn:1] ", "[fn::", "<<a>>",
            "<2024-01-01 ", "{{{a(", "*a* ", "/a ", "=a", "~a~", "_a_", "+a", "1. a\n", "a :: ", ",*\n", "-----\n", "  - a\n",
        ),
    ),
    "catalog": (
        "a.po",
        (
            'msgid "a"\n', 'msgstr "b"\n', '"a"\n', '"a\\n"\n', "#~ a\n", "#, fuzzy\n", "# a\n", "#. a\n", "msgid\n", 'msgid "a"\nmsgstr "b"\n',
            'msgctxt "a"\n', 'msgstr[0] "a"\n', "\\303", "charset=", '"\\x41', "msgstr ",
        ),
    ),
    "captions ass": (
        "a.ass",
        (
            "Dialogue: 0,1,2,a,b,0,0,0,,words\n", "Dialogue: ,,,,,,,,,{\\p1}\n", "{", "{}", "{\\p1}", "}", "\\N", ",", "Format: a,b\n",
            "[Events]\n", "[Fonts]\n", "Comment: a\n", "fontname: a\n", "[a", "{\\p1", "\\p1",
        ),
    ),
    "man": (
        "a.1",
        (
            ".TP\n", ".B a\n", ".IP a\n", ".de a\n", "..\n", ".de a\n.a\n..\n.a\n", ".if n \\{\n", ".if t \\{\n", "\\}\n", ".ie n a\n", ".el b\n",
            ".ds a b\n", "\\*a", "\\*[a", "\\(", "\\[a", "\\f", "\\fB", "\\h'", "\\s", "\\\n", "a\\\n", ".nf\n", ".fi\n", ".TS\n", ".TE\n", "T{\n", "T}\n",
            "a\tb\n", '."', '.B "', '.B ""', ".B \\ ", ".so a\n", "\\c\n", "a\\c\n", ".a b\n", ".if 'a'", ".if \\(", "\\w'", ".SH a\n", ".SH\n", "'\n", ".\n",
            ".am a\n", ".als a b\n", ".ig\n", "\\N'1", "\\o'", ".UR a\n", ".\t", ".if ", ".B a ",
        ),
    ),
    "man mdoc": (
        "a.1",
        (
            ".Op ", ".Op Fl a\n", "Op ", ".Bl -tag\n", ".El\n", ".It\n", ".It a Ta b\n", ".Bd -literal\n", ".Ed\n", ".Nm\n", ".Nm a\n", ".Oo\n", ".Xr a 1 ,\n",
            ", ", ".Rs\n", ".%A a\n", ".Re\n", "Ns ", "Dq ", "a\tb\t", ".Fn a b\n", ".Sh a\n", ".Fl a b\n", "Pf a ", "Ap ",
        ),
    ),
    "wiki": (
        "a.wiki",
        (
            "<ol>", "<ol><li>a", "</ol>", "<li>", "<ol ", "[[", "]]", "[[a|", "[[a]]", "{{", "}}", "{{a|", "{{a}}", "{{{", "}}}", "{{{a|b}}}", "{|\n", "|}\n", "| a\n", "|-\n", "! a !! ", "|| ", "a || ",
            "'''", "''", "'", "<!--", "-->", "<ref>", "</ref>", "<ref>a</ref>", "<nowiki>", "<pre>", "<math>a</math>", "<gallery>", "<a ", "<br>", "<br ", "<", "<s>", "<s>a</s>1", "#* a\n#: b\n",
            "[http://a", "[http://a ", "[http://a b]", "[//", "* a\n", "*", "# a\n", "#", ":", "; a : b\n", "=", "= a =\n", "== a\n", "__A", "~~~", "&amp;", "&",
            "[[File:a|", "[[File:a.jpg|b]]\n", "{{a|b=c}}", "{{a|b=", "|a=", "----\n", "|+ a\n", "style=a ", "| style=a ", "| rowspan=99 | a\n", "<ref name=a/>",
        ),
    ),
    "rtf": (
        "a.rtf",
        (
            "{", "}", "{}", "{\\*", "\\par ", "\\par", "\\cell ", "\\row ", "\\trowd", "\\u8364 ", "\\u8364?", "\\'e4", "\\'", "\\bin9 ", "\\bin", "\\f1 ", "\\uc9 ",
            "{\\footnote a}", "{\\super a}{\\footnote{\\super a}b}", "{\\*\\listtable{\\list{\\listlevel{\\leveltext a}}\\listid1}}", "\\pard\\ls1 a\\par ",
            "{\\mmath{\\*\\moMath{\\mr a}}}", "{\\mmath{\\*\\moMath{\\me ", "{\\field{\\*\\fldinst{\\*\\formfield{\\*\\ffl a}}}}",
            "{\\*\\listoverridetable{\\listoverride\\listid1\\ls1}}", "\\fi-9\\li9 1.\\tab a\\par ", "{\\pict 00}", "{\\listtext a}", "\\pard ", "\\intbl ", "\\s1 ", "{\\stylesheet{\\s1 heading 1;}}", "{\\fonttbl{\\f0 a;}}",
            "\\a", "\\-", "\\~", "\\\n", "\\outlinelevel0 ", "a\\line ", "\\v ", "{\\field{\\fldrslt a}}",
            "{\\shptxt a\\par}", "{\\shptxt ", "{\\*\\fldinst EQ \\\\f(1,2)}", "{\\fldinst EQ ", "\\\\f(", "\\dropcapli1 ", "\\clvmrg\\cellx9 ",
            "\\trowd\\cellx9\\cellx99\\intbl a\\cell b\\cell\\row ",
        ),
    ),
    "saved-page": ("a.mht", ("<p>", "--b\nContent-Type: text/html\n\n<p>a\n", "--b\n", "Content-Type: text/html\n", "=\n", "=3D", "a: b\n", " a\n", "--b--\n")),
    "mail emlx": ("a.emlx", ("1\n", "9", "Subject: a\n", "<?xml", "From a\n", " ")),
    "mail mbox": (
        "Inbox",
        ("From a Mon Apr  1 10:00:00 2024\n", "From a Mon Apr  1 10:00:00 2024\nSubject: a\n\nb\n\n", "From ", "From a\nDate: b\n\n", ">From a\n", "From a 1 ",
         "From a 2024-01-01T", "Apr  1 "),
    ),
    "cards": (
        "a.ics",
        ("BEGIN:VEVENT\n", "END:VEVENT\n", "BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n", "SUMMARY:a\n", " a\n", "\n ", "A;B=c:d\n", 'A;B="', ';A="b"', ";", ":", "\\;", "\\n",
         "=\n", "ATTENDEE;CN=a:b\n", ";CN=", "NOTE;ENCODING=QUOTED-PRINTABLE:=41=\n", "N:a;b\n", "ADR:a;b;c\n", "ATTACH:a\n", "a.", "DTSTART:20240101T000000Z\n"),
    ),
    "xml": (
        "a.xml",
        ("<a>", "<p>a</p>", "<a/>", "</a>", "<a b='c'>", "<!-- a -->", "<![CDATA[a]]>", "<?a?>", "&amp;", "<row><cell>a</cell></row>", "<row>", "<p>", "<title>a</title>",
         "<section><title>a</title>", "<list>", "<p>a<list>b</list></p>", "<list><item>", "<ol><li>a", "<list type='ordered'><item>a</item>", "<del>", "<del>a</del><add>b</add>", "<row><cell Index='99'/></row>", "<pre>`</pre>", "&lt;p&gt;", "&lt;b&gt;a&lt;/b&gt;"),
    ),
}  # fmt: skip
HEADS: dict[str, tuple[str, ...]] = {
    "org": ("", "* a\n", "- a\n", "| a |\n", "#+begin_src\n"),
    "catalog": ("", 'msgid ""\nmsgstr "', 'msgid "a"\nmsgstr ""\n', "# "),
    "captions ass": ("", "[Events]\n", "[Events]\nDialogue: 0,1,2,a,b,0,0,0,,"),
    "man": (".TH A 1\n", ".TH A 1\n.TS\nl.\n", ".TH A 1\n.nf\n", ".TH A 1\n.B ", ".TH A 1\n.de a\n\\$1 \\$*\n..\n.a "),
    "man mdoc": (".Dd a\n", ".Dd a\n.Op ", ".Dd a\n.Bl -column\n.It "),
    "wiki": ("", "{|\n| ", "* ", "== ", "[[", "{{", "<ref>"),
    "rtf": ("{\\rtf1 ", "{\\rtf1\\trowd\\intbl ", "{\\rtf1{\\*\\a ", "{\\rtf1{\\footnote ", "{\\rtf1{\\fldinst EQ "),
    "saved-page": (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n",
        "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n",
        "Content-Type: multipart/related; boundary=b; start=",
    ),
    "mail emlx": ("", "20\nSubject: a\n\n"),
    "mail mbox": ("From a Mon Apr  1 10:00:00 2024\nSubject: a\n\n", "From "),
    "cards": (
        "BEGIN:VCALENDAR\n",
        "BEGIN:VEVENT\nDESCRIPTION:",
        "BEGIN:VCARD\nA",
        "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:",
    ),
    "xml": ("<a>", "<text>", "<row><cell>", "<p>"),
}
TAILS: dict[str, tuple[str, ...]] = {"xml": ("</a>", ""), "rtf": ("}", "")}
"""What stands behind them, where it is not the usual."""

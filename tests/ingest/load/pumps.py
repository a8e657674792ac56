"""Inputs made to be slow: for each loader, pieces that a text is pumped up with, and how long it takes to read them.

    .venv/bin/python -m tests.ingest.load.pumps [LOADER] [KIB]

tries every piece at KIB (100) and four times as much, and prints those whose time grows faster than their length.
"""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import random
import re
import sys
import tarfile
import time
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from embedingest import registry
from embedingest.errors import DocumentError
from embedingest.ingest.chunk.choose import chunker_for
from tests.ingest.load import pumps_of_formats
from tests.ingest.load.sheets import at, book, field, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(r"\w{1,8}|[^\w\s]")


class WordSizer:
    """Counts words of at most eight letters."""

    capacity = 128

    def count(self, text: str) -> int:
        return sum(1 for _ in _TOKEN.finditer(text))

    def starts(self, text: str) -> list[int]:
        return [match.start() for match in _TOKEN.finditer(text)]


class Case(NamedTuple):
    """Bytes of a length that grows, for a loader by its name and a file of this name."""

    loader: str
    name: str
    label: str
    data: Callable[[int], bytes]


# What any text may be full of.
COMMON = (
    " ",
    "\t",
    "\n",
    " \n",
    "\n\n",
    "a",
    "a ",
    "a\n",
    "é",
    ".",
    ". ",
    "。",
    "- a\n",
    "\u0301",
    "\r",
    "\ufeff",
    "\x0b",
    "\u2028",
    "a.\n\n",
    ", ",
    "((",
    "'",
    '"',
    "\\",
    "x" * 50 + " ",
)
PIECES: dict[str, tuple[str, tuple[str, ...]]] = {
    "text": (
        "a.txt",
        (
            "=\n",
            "===\n",
            "a\n=\n",
            "a\n===\n",
            "::\n",
            " a::\n  b\n",
            "* a\n  * b\n",
            "1. a\n",
            "|a|\n",
            "+--+\n",
            "2024-05-01 10:00:00 a\n",
            "Q: a\nA: b\n",
            ".. x::\n",
        ),
    ),
    "text rst": (
        "a.rst",
        (
            "=\n",
            "===\n",
            "a\n=\n",
            "a\n===\n",
            "===\na\n",
            "::\n",
            " a::\n  b\n",
            ".. code::\n",
            "===\na\n===\n",
            " a\n",
            "`",
            "*",
            "|",
        ),
    ),
    "text adoc": (
        "a.adoc",
        ("= a\n", "== a =", "=", "----\n", "----\n....\n", "|===\n", "== a\n", "= = ", "==\t", "[", "++++\n"),
    ),
    "text xml": ("a.xml", ("<a>", "</a>", "<!--", "<![CDATA[", "&a;", "<a b='", "<?")),
    "markdown": (
        "a.md",
        (
            "[",
            "![",
            "](",
            "*_",
            "*_*_ ",
            "`",
            "`a",
            "``` ",
            "```\n",
            "~~~\n",
            "<!--",
            "<",
            "<a ",
            "|",
            "|a|b|\n",
            "|-|-|\n",
            "a|b\n-|-\n",
            "**a**\n\n",
            "Q: a\nA: b\n",
            "a?\n\n",
            "# a\n\na\n\n",
            "## a\n\n### a\n\n",
            "# ",
            "# a #",
            "# a ##\n",
            "#",
            "# a\n",
            "### a\n",
            "=",
            "a\n==\n",
            "a\n--\n",
            "> ",
            ">",
            "---\n",
            "+++\n",
            "- ",
            "  - a\n",
            "1. ",
            "[a]: b\n",
            "$$",
            "&",
            "<p>",
            "</p>",
            ":---",
            "\t- a\n",
            "# \t",
            "#\t a",
        ),
    ),
    "markdown yaml": ("a.md", ()),
    "html": (
        "a.html",
        (
            "<p>",
            "<div>",
            "</div>",
            "<b>",
            "<s>a</s>1",
            "<del>a</del><ins>b</ins>",
            "<select><option>a",
            "<ul><li>",
            "<table><tr><td>",
            "<!--",
            "<!",
            "<",
            "</",
            "<a ",
            '<a b=">" ',
            ' b=">"',
            '<p a="x>">',
            "<pre>",
            "<pre>\n",
            "<script>",
            "<style>",
            "<title>",
            "<svg>",
            "<br>",
            "<br>\n",
            "<a href=x>",
            "<img alt=a>",
            "<h1>",
            "<h1>a</h1>",
            "<nav>",
            "<article>",
            "<main>",
            "<li>",
            "<ol>",
            "<dl><dt>",
            "<select><option>",
            "&",
            "&amp",
            "&#",
            "<p x",
            "<header>",
            "<footer>",
            "<td>",
            "<tr>",
            "<caption>",
            "<form>",
            "<template>",
            "<body>",
            "<html>",
            "<i><p>",
            "<a><div>",
            "<p><b>",
            "<font><p>",
            "<link>",
            "<meta charset=",
            "<article>a</article>",
            "<div hidden>a</div>",
            "<div aria-hidden=true>.",
            "<button>a<p hidden>",
            '<pre><span class="ln">1</span>a\n',
            '<div class="fragment"><div class="line">a',
            '<div class="code"><p><i class="ln">1</i>a</p>',
            "<sup>1",
            "<a href=#><sub>1</sub>",
            "<div class=related>x</div>",
            "<iframe>",
            "<noscript>",
            "</p>",
            "<![CDATA[",
            "<math>",
            "<p/>",
            "<pre><code class=x>a</code></pre>",
            "<table><caption>a",
            "<textarea>",
            "<frameset>",
            "<summary>",
            "a<p>\n\n",
            "<plaintext>",
            "<tr><td>a</td></tr>",
            "<td>a</td>",
        ),
    ),
    "code": (
        "a.py",
        (
            "(",
            "[",
            "{",
            "def a():\n",
            "class A:\n",
            " ",
            "if x:\n",
            "#\n",
            "# a\n",
            '"""',
            "'''",
            "@a\n",
            "1+",
            "\\\n",
            "a\\\n",
            "x=1\n",
            "lambda:",
            "a.",
            "not ",
            "-",
            "a,",
            "f'{",
            "    x\n",
            "async ",
            ": ",
            "def a(): pass\n",
            "def a():\n pass\n",
        ),
    ),
    "code js": (
        "a.js",
        (
            "(",
            "[{",
            "`${",
            "/*",
            "//",
            "/",
            "function(){",
            "a=>",
            "<a>",
            "{a:",
            "'",
            "x;",
            "\n;",
            "class A{",
            "a?b:",
            "export function a(){}\n",
        ),
    ),
    "code c": (
        "a.c",
        (
            "{",
            "(",
            "#if\n",
            "#define a\\\n",
            "/*",
            "int a(){}\n",
            "struct a{",
            "*",
            "a(",
            '"',
            "//\n",
            "if(a)",
            "&",
            "<",
        ),
    ),
    "code go": ("a.go", ("{", "(", "func a(){}\n", "/*", "`", "type a struct{", "[]", "*")),
    "code rust": (
        "a.rs",
        ("{", "(", "fn a(){}\n", "/*", 'r#"', "impl A{", "<", "&", "'a", "#[a]\n", "macro!(", "//\n", "|"),
    ),
    "code java": ("A.java", ("{", "(", "class A{", "void a(){}\n", "/*", "@A\n", "<", "a?b:")),
    "code ruby": (
        "a.rb",
        ("def a\n", "(", "[", "{", "class A\n", "<<A\n", "%w(", "#{", '"#{', "/", "=begin\n", "do\n", "if a\n"),
    ),
    "code bash": (
        "a.sh",
        ("(", "$(", "`", "<<A\n", "if a\n", "{", "[", '"', "'", "a(){\n", "#\n", "${", "case a in\n", "|"),
    ),
    "code php": ("a.php", ("<?php ", "?>", "{", "(", "function a(){}\n", "<<<A\n", "/*", "$", '"{$', "class A{")),
    "code cpp": (
        "a.cpp",
        (
            "{",
            "(",
            "template<",
            "<",
            "namespace a{",
            "class a{",
            'R"(',
            "[]",
            "a::",
            "/*",
            "//\n",
            "int a(){}\n",
            "#if\n",
        ),
    ),
    "code cs": ("a.cs", ("{", "(", "class A{", "void a(){}\n", '$"{', "[", "<", "/*", "#if\n", "///\n")),
    "code ts": ("a.ts", ("{", "(", "<", "[{", "a=>", "`${", "type A=", "interface A{", "/*", "a?b:")),
    "code zig": ("a.zig", ("{", "(", "fn a() {}\n", "//\n")),
    "csv": (
        "a.csv",
        (
            '"',
            '""',
            '"a",',
            "a,",
            ",",
            "'",
            "a;",
            ";",
            '"\n',
            "a,b\n",
            '"a\n',
            'a,"',
            "|",
            ",\n",
            "1,2\n",
            "a\n",
            '",',
            ",'",
            '"a";',
            ' "a" ,',
            "',",
            "'a',",
            "a'b,\n",
            "\"'",
            ", ",
            'x,"y"\n',
        ),
    ),
    "csv tsv": ("a.tsv", ('"', "\t", '"\t', "a\tb\n")),
    "json": (
        "a.json",
        ("[", "]", "{", '{"a":', '"', '"a",', "1,", "[1],", "\\u0000", "9", "\n[", '{"a":1},', "[[],", " "),
    ),
    "jsonl": ("a.jsonl", ("[", "{", '{"a":', '{"a":1}\n', '"', "1\n", "[\n", "{\n")),
    "yaml": (
        "a.yaml",
        ("- ", "a: ", "a:\n", "- - ", "[", "{", "&a ", "*a ", "? ", "| \n", "--- \n", "# \n", "! ", "'", "  a:\n"),
    ),
    "latex": (
        "a.tex",
        (
            "\\newcommand{\\a}{",
            "\\newenvironment{a}{",
            "\\newenvironment{a}[1]{#1\\begin{a}}{}\\begin{a}{",
            "\\def\\a{\\a\\a}\\a",
            "\\newcommand{\\a}[1]{#1#1}\\a{",
            "\\begin{tabular}{",
            "\\begin{tabular}{l}a&\\\\",
            "\\multicolumn{2}{c}{",
            "\\verb|",
            "\\SI{5}{",
            "\\url{",
            "\\url|",
            "\\href[",
            "\\textcolor{",
            "\\cite[",
            "\\cite[a]",
            "\\begin{enumerate}",
            "\\begin{itemize}\\item a\n",
            "\\begin{enumerate}[",
            "\\begin{enumerate}[label={",
            "\\setcounter{enumi}{",
            "\\sout{",
            "\\replaced{a}{",
            "\\cite",
            "\\cite[a",
            "\\item[",
            "\\item",
            "\\item [a\n",
            "\\begin{verbatim}",
            "\\begin{verbatim}[",
            "\\begin{lstlisting}[a]{",
            "\\begin{minted}{",
            "\\begin{",
            "\\begin{a}",
            "\\begin{a}[",
            "\\end{verbatim}",
            "\\end{",
            "\\section{",
            "\\section[",
            "\\section*{a",
            "\\section{{",
            "\\section{{a}",
            "\\title{",
            "\\title[",
            "\\author{{a}",
            "\\href{",
            "\\href{a}{",
            "\\url{",
            "\\footnote{",
            "\\textbf{",
            "\\textbf[",
            "\\textbf[a]",
            "\\a*",
            "{",
            "}",
            "{}",
            "%",
            "%\n",
            "\\%",
            "\\\\%",
            "\\\\",
            "\\",
            "$",
            "~",
            "--",
            "-",
            "`",
            "\\'",
            "\\'a",
            '\\"{a}',
            "\\c{",
            "\\ss",
            "\\ss{}",
            "\\LaTeX ",
            "\\begin{document}",
            "\\end{document}",
            "\\label{",
            "\\label{a}{",
            "\\cite{",
            "\\cite[a]{",
            "\\ref*",
            "\\newcommand{a}[1]",
            "\\textbf{a}",
            "#",
            "&",
            "\\textbf{\\textbf{",
            "\\a{a",
            "\ue000",
            "\n\n\n",
            "\\ \n",
            "\t\\begin{a}\t",
            "\t ",
            "\\a \t",
            "\\item\t",
        ),
    ),
    "captions": (
        "a.srt",
        (
            "-->",
            "00:00:01,000 --> 00:00:02,000\n",
            "00:00:01,000 --> 00:00:02,000\na\n\n",
            "00:00.000 --> ",
            "<",
            "<a",
            "<b>",
            "<1",
            "{\\",
            "{\\a}",
            "1\n",
            "00:",
            "00:00:01.0",
            "\t00:00:01",
            "00:00:01,000 --> \n \n",
            "00:00:01,000 --> \n<",
        ),
    ),
    "notebook": ("a.ipynb", ()),
    "mail": (
        "a.eml",
        (
            "From a\n",
            "Subject: a\n",
            "Subject: ",
            "=?utf-8?q?a?= ",
            "=?utf-8?q?a?=",
            "=?",
            "=?utf-8?b?",
            "a@b, ",
            "(a)",
            '"a',
            ";",
            "; a=b",
            "(",
            "<",
            "<a@b>",
            '"',
            ",",
            ";",
            ":",
            "@",
            "To: a@b\n",
            " a\n",
            "\t\n",
            "--b\n",
            "Content-Type: text/plain\n",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
            "a=b; ",
            "x*0=a; ",
            "=",
            "%",
            "=3D",
            "\r\n",
            "\n>From a\n",
            "a: b\n",
            "Received: from a\n",
            "\\",
            "[",
            "]",
            "9",
            "Jan ",
            "<a",
            "a:b;",
            "é",
        ),
    ),
}
PIECES |= {
    "rtf": ("a.rtf", (
        "{", "}", "{}", "\\", "\\par", "\\par ", "\\'e9", "\\'", "\\u8364 ?", "\\u8364", "\\uc9 ", "\\bin9 ", "\\bin99999999 ", "{\\*\\x a}", "{\\*", "{\\footnote a}",
        "{\\footnote ", "\\trowd a\\cell\\row ", "\\cell ", "\\row ", "\\trowd ", "\\cellx9 ", "\\intbl ", "{\\fonttbl{\\f0 a;}}", "{\\stylesheet{\\s1 heading 1;}}", "{\\info{\\title a}}",
        "{\\title ", "{\\field{\\fldinst a}{\\fldrslt b}}", "{\\pict 00}", "\\pard ", "\\plain ", "\\s1 ", "\\outlinelevel1 ", "\\v a\\v0 ", "\\deleted ", "{\\listtext a}", "\\tab ", "\\~", "0", "\\a1",
        "\\ansicpg932 \\'81", "\\f0 ", "{\\header a}", "{\\*\\annotation a}", "\\nestcell ", "\\itap2 ", "\\nestrow ", "\\sect ", "a{\\b b}", "{\\upr{a}{\\*\\ud{b}}}",
    )),
    "xml": ("a.xml", (
        "<a>", "</a>", "<a/>", "<a>b</a>", "<p>", "<p>a</p>", "<p>a", "<title>", "<title>a</title>", "<section>", "<section><title>a</title>", "<div>a", "<row>", "<row><cell>a</cell></row>", "<cell>",
        "<row><cell Index='9'/></row>", "<table>", "<table name='a'>", "<worksheet name='a'/>", "<programlisting>", "<pre>`</pre>", "<li>", "<ul><li>a", "<tspan x='1'>a</tspan>", "<tspan x='1'>", "<br/>", "<v>a",
        "<binary>a</binary>", "<script>", "&lt;p&gt;", "&lt;p&gt;a&lt;/p&gt;", "<![CDATA[<p>]]>", "<!---->", "<?a?>", "<a b='c'/>", "<item>", "<entry><title>", "<note>", "<text>", "<v>", "&#10;", "<term>",
    )),
    "cards": ("a.ics", (
        "BEGIN:VEVENT\n", "END:VEVENT\n", "BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n", "SUMMARY:a\n", "SUMMARY:", "\n a", " a\n", "DESCRIPTION:a\\n", "\\n", "\\;", ";", ";CN=", ';CN="', 'ATTENDEE;CN="', "ATTENDEE;CN=a:b\n",
        "DTSTART:20200101T000000\n", "20200101", "FN:a\n", "N:a;b\n", "ADR:;;;\n", "a.TEL:1\n", "PHOTO:a\n", "NOTE;ENCODING=QUOTED-PRINTABLE:a=\n", "=\n", "=3D", ":", "mailto:",
    )),
    "saved-page": ("a.mht", (
        "--b\n", "--b\nContent-Type: text/html\n\n<p>a\n", "--b\nContent-Type: image/png\n\na\n", "--b\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: message/rfc822\n\n", "--c\n", "<p>", "a\n", "Content-ID: <a>\n", "--b--\n",
        "--b\nContent-Type: text/html; charset=a\nContent-Transfer-Encoding: base64\n\nYQ==\n", "=3D", "=\n", " a\n",
    )),
    "mail emlx": ("a.emlx", ("1\n", "Subject: a\n", "<plist>", "<", "a: b\n")),
    "mail mbox": ("a.mbox", ("From a@b Thu Jan  1 00:00:00 1970\n", "From a\n", ">From a\n", "From a@b Thu Jan  1 00:00:00 1970\n\n", "\nFrom ", "Content-Length: 9\n")),
}  # fmt: skip
# What a piece may stand behind: the piece alone, or below a head.
HEADS: dict[str, tuple[str, ...]] = {
    "rtf": ("{\\rtf1 ", "{\\rtf1 {\\fonttbl", "{\\rtf1 {\\stylesheet", "{\\rtf1 {\\info{\\title ", "{\\rtf1 \\trowd ", "{\\rtf1\\ansicpg932 "),
    "xml": ("", "<a>", "<?xml version='1.0'?><a>", "<svg>", "<a><row>"),
    "cards": ("", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "BEGIN:VCARD\nFN:", "BEGIN:VEVENT\nATTENDEE", "BEGIN:VEVENT\nDTSTART:", "BEGIN:VCARD\nNOTE;CHARSET=a;ENCODING=QUOTED-PRINTABLE:"),
    "saved-page": (
        "Content-Type: text/html\n\n", "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n", "Content-Type: text/html; charset=", "Content-Type: ", "Snapshot-Content-Location: ", "Content-Type: multipart/related; boundary=b; start=",
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>",
    ),
    "html": ("", "<html><body><p>", "<body><table>", "<div "),
    "captions": ("", "00:00:01,000 --> 00:00:02,000\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n<"),
    "csv": ("", "a,b,c\n", '"'),
    "latex": ("", "\\begin{document}", "\\section{", "\\cite", "\\cite{", "\\item["),
    "markdown": ("", "# ", "---\n", "+++\n", "| a | b |\n|---|---|\n", "```\n"),
    "json": ("", "[", '{"a":"'),
    "mail": (
        "Subject: a\n\n", "", "Subject: ", "From: ", "To: ", "Date: ", "Message-ID: ", "Content-Type: ", "Content-Type: text/plain; charset=", 'Content-Type: text/plain; name="', "Content-Disposition: attachment; filename=", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n", "From a@b\nSubject: x\n\n", "Content-Transfer-Encoding: quoted-printable\nSubject: a\n\n", "Content-Transfer-Encoding: base64\nSubject: a\n\n",
        "Subject: =?utf-8?q?", "Content-Type: text/plain; name*0=", "Content-Transfer-Encoding: ", "In-Reply-To: ", "MIME-Version: ", "Content-Type: text/html\n\n",
    ),
}  # fmt: skip


def _pumped(head: str, piece: str, tail: str = "") -> Callable[[int], bytes]:
    return lambda size: (head + piece * max(1, size // len(piece.encode())) + tail).encode()


def _zipped(parts: Callable[[int], dict[str, str]]) -> Callable[[int], bytes]:
    def data(size: int) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in parts(size).items():
                archive.writestr(name, content)
        return packed.getvalue()

    return data


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_O = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for name, long in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_R = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
DOCX = (
    "<w:p>|</w:p>",
    "<w:p/>|",
    "<w:p><w:r><w:t>x</w:t></w:r></w:p>|",
    "<w:tbl>|</w:tbl>",
    "<w:tbl><w:tr><w:tc>|</w:tc></w:tr></w:tbl>",
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p>|</w:tc></w:tr></w:tbl>",
    "<w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>|",
    "<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>|",
    "<w:r><w:t>x</w:t></w:r>|",
    "<w:sdt>|</w:sdt>",
    "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>|",
    "<w:p><w:r><w:t>x</w:t></w:r>|</w:p>",
)
PPTX = (
    "<p:sp>|</p:sp>",
    "<p:sp><a:p><a:t>x</a:t></a:p>|</p:sp>",
    "<a:p><a:t>x</a:t></a:p>|",
    "<a:p><a:t>x</a:t>|</a:p>",
    "<a:tbl><a:tr><a:tc><a:p><a:t>x</a:t></a:p>|</a:tc></a:tr></a:tbl>",
    "<p:sp><p:ph/>|</p:sp>",
    "<p:grpSp>|</p:grpSp>",
)
ODT = (
    "<text:p>|</text:p>",
    "<text:p>x|</text:p>",
    "<text:list><text:list-item>|</text:list-item></text:list>",
    "<text:list><text:list-item><text:p>x</text:p>|</text:list-item></text:list>",
    "<text:list-item><text:p>x</text:p></text:list-item>|",
    "<table:table><table:table-row><table:table-cell><text:p>x</text:p>|</table:table-cell></table:table-row></table:table>",
    "<draw:frame>|</draw:frame>",
    "<draw:frame><text:p>x</text:p>|</draw:frame>",
    "<draw:page><draw:frame><text:p>x</text:p></draw:frame>|</draw:page>",
    "<draw:page/>|",
    "<text:h>x</text:h>|",
    "<text:section>|</text:section>",
    "<text:span>x|</text:span>",
)


def _nested(piece: str, size: int) -> str:
    before, _, after = piece.partition("|")
    count = max(1, size // len(piece))
    return before * count + after * count


def _office() -> Iterator[Case]:
    for piece, wrap in itertools.product(DOCX, ("|", "<w:tbl><w:tr><w:tc>|</w:tc></w:tr></w:tbl>", "<w:p>|</w:p>")):
        around = wrap.split("|")
        yield Case(
            "docx",
            "a.docx",
            f"{wrap} {piece}",
            _zipped(
                lambda size, piece=piece, around=around: {
                    "word/document.xml": f"<w:document {_W}><w:body>{around[0]}{_nested(piece, size)}{around[1]}</w:body></w:document>"
                }
            ),
        )
    for piece in PPTX:
        rels = f'<Relationships {_R}><Relationship Id="s" Type="x/slide" Target="s.xml"/></Relationships>'
        show = f'<p:presentation {_A}><p:sldIdLst><p:sldId r:id="s"/></p:sldIdLst></p:presentation>'
        yield Case(
            "pptx",
            "a.pptx",
            piece,
            _zipped(
                lambda size, piece=piece, rels=rels, show=show: {
                    "ppt/presentation.xml": show,
                    "ppt/_rels/presentation.xml.rels": rels,
                    "ppt/s.xml": f"<p:sld {_A}>{_nested(piece, size)}</p:sld>",
                }
            ),
        )
    slide = f"<p:sld {_A}><p:sp><a:p><a:t>x</a:t></a:p></p:sp></p:sld>"
    yield Case(
        "pptx",
        "a.pptx",
        "one slide again and again",
        _zipped(
            lambda size: {
                "ppt/presentation.xml": f"<p:presentation {_A}>"
                + '<p:sldId r:id="s"/>' * (size // 18)
                + "</p:presentation>",
                "ppt/_rels/presentation.xml.rels": f'<Relationships {_R}><Relationship Id="s" Type="x/slide" Target="s.xml"/></Relationships>',
                "ppt/s.xml": slide,
            }
        ),
    )
    for piece in ODT:
        yield Case(
            "opendocument",
            "a.odt",
            piece,
            _zipped(
                lambda size, piece=piece: {
                    "content.xml": f"<office:document-content {_O}><office:body>{_nested(piece, size)}</office:body></office:document-content>"
                }
            ),
        )
    for piece in PIECES["html"][1]:
        yield Case(
            "epub",
            "a.epub",
            piece,
            _zipped(
                lambda size, piece=piece: {
                    "a.opf": '<package><item id="a" href="a.xhtml" media-type="text/html"/><itemref idref="a"/></package>',
                    "a.xhtml": "<html><body>" + piece * (size // len(piece)),
                }
            ),
        )
    yield Case(
        "epub",
        "a.epub",
        "chapters",
        _zipped(
            lambda size: {
                "a.opf": "<package>"
                + "".join(
                    f'<item id="a{i}" href="{i}.xhtml" media-type="text/html"/><itemref idref="a{i}"/>'
                    for i in range(size // 200)
                )
                + "</package>",
                **{f"{i}.xhtml": "<h1>a</h1><p>b" for i in range(size // 200)},
            }
        ),
    )
    yield Case(
        "epub",
        "a.epub",
        "one chapter again and again",
        _zipped(
            lambda size: {
                "a.opf": '<package><item id="a" href="a.xhtml" media-type="text/html"/>'
                + '<itemref idref="a"/>' * (size // 20)
                + "</package>",
                "a.xhtml": "<h1>a</h1>",
            }
        ),
    )
    yield Case("archive", "a.zip", "members of one name", _zipped_same)
    yield from _sheets()
    yield from _packed()


_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
XLSX = (
    "<row><c t='s'><v>0</v></c></row>", "<row><c><v>1</v></c></row>", "<row><c><v>1</v>", "<row>", "<c>", "<row><c><f>A1</f></c></row>", "<row><c r='A1' s='1'><v>1</v></c></row>", "<c r=", "<c ", "<c", "<a:", "<c r='A1' ", " r ", " s=", "<v>",
    "<row><c t='inlineStr'><is><t>x</t></is></c></row>", "<dimension ", "<mergeCell ref='A1:A9'/>", "<!--", "</c>", "</row>", "<row/>", "<is ", "<f", "<row><c r='A1'><v>1</v></c><c r='XFD1048576'><v>1</v></c></row>",
)  # fmt: skip


def _sheets() -> Iterator[Case]:
    r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = (
        f'<workbook xmlns="{_SHEET}" xmlns:r="{r}"><sheets><sheet name="a" sheetId="1" r:id="s"/></sheets></workbook>'
    )
    rels = f'<Relationships {_R}><Relationship Id="s" Type="{r}/worksheet" Target="worksheets/s.xml"/><Relationship Id="t" Type="{r}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    kinds = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
    top = (
        f'<Relationships {_R}><Relationship Id="r" Type="{r}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )
    head = {
        "[Content_Types].xml": kinds,
        "_rels/.rels": top,
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": rels,
    }
    xml = f'<worksheet xmlns="{_SHEET}"><sheetData>'
    for piece in XLSX:

        def parts(size: int, piece: str = piece) -> dict[str, str]:
            sheet = f"{xml}{piece * (size // len(piece))}</sheetData></worksheet>"
            return {
                **head,
                "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}"><si><t>x</t></si></sst>',
                "xl/worksheets/s.xml": sheet,
            }

        yield Case("sheet", "a.xlsx", f"xlsx {piece}", _zipped(parts))
    for piece in ("<si><t>x</t></si>", "<si><r><t>x</t></r>", "<si>", "<t>"):

        def strings(size: int, piece: str = piece) -> dict[str, str]:
            sheet = f"{xml}<row><c t='s'><v>0</v></c></row></sheetData></worksheet>"
            return {
                **head,
                "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}">{piece * (size // len(piece))}</sst>',
                "xl/worksheets/s.xml": sheet,
            }

        yield Case("sheet", "a.xlsx", f"strings {piece}", _zipped(strings))
    for piece in (
        "<numFmt numFmtId='1' formatCode='0'/>",
        "<xf numFmtId='14'/>",
        "<numFmt numFmtId='1' formatCode='[",
        "0",
        "#,",
        "[h]",
        '"',
    ):

        def styles(size: int, piece: str = piece) -> dict[str, str]:
            codes = piece * (size // len(piece))
            style = (
                codes
                if piece.startswith("<")
                else f"<numFmts><numFmt numFmtId='200' formatCode='{codes}'/></numFmts><cellXfs><xf numFmtId='200'/></cellXfs>"
            )
            rows = "<row><c s='0'><v>1.5</v></c></row>" * 200
            return {
                **head,
                "xl/styles.xml": f'<styleSheet xmlns="{_SHEET}">{style}</styleSheet>',
                "xl/worksheets/s.xml": f"{xml}{rows}</sheetData></worksheet>",
            }

        yield Case("sheet", "a.xlsx", f"styles {piece}", _zipped(styles))


def _packed() -> Iterator[Case]:
    """Compressed files of very many streams, and tar files of very many headers."""
    for loader, name, pack in (
        ("gzip", "a.txt.gz", gzip.compress),
        ("bzip2", "a.txt.bz2", bz2.compress),
        ("xz", "a.txt.xz", lzma.compress),
    ):
        one = pack(b"a ")
        yield Case(loader, name, f"{loader} streams", lambda size, one=one: one * (size // len(one)))
        yield Case(loader, name, f"{loader} padding", lambda size, one=one: one + b"\0" * size)
        yield Case(
            loader,
            name,
            f"{loader} streams and padding",
            lambda size, one=one: (one + b"\0" * 8) * (size // (len(one) + 8)),
        )
        yield Case(
            loader,
            name,
            f"{loader} noise",
            lambda size, pack=pack: pack(random.Random(size).randbytes(size).hex().encode()),
        )
    for kind in (
        tarfile.REGTYPE,
        tarfile.DIRTYPE,
        tarfile.SYMTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.GNUTYPE_SPARSE,
        tarfile.LNKTYPE,
    ):
        yield Case("archive", "a.tar", f"tar headers of {kind!r}", lambda size, kind=kind: _tar_headers(size, kind))
    for piece in ("9 a=b\n", "9 a", "9", "9 ", "9 GNU.sparse.map=1,", "1,", "=", "99999 path="):
        yield Case("archive", "a.tar", f"tar records {piece!r}", lambda size, piece=piece: _tar_records(size, piece))


def _tar_headers(size: int, kind: bytes) -> bytes:
    info = tarfile.TarInfo("a.txt")
    info.type = kind
    return info.tobuf(tarfile.GNU_FORMAT) * (size // 512) + bytes(1024)


def _tar_records(size: int, piece: str) -> bytes:
    data = (piece * (size // len(piece))).encode()
    info = tarfile.TarInfo("a.txt")
    info.type, info.size = tarfile.XHDTYPE, len(data)
    plain = tarfile.TarInfo("b.txt").tobuf(tarfile.GNU_FORMAT)
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512) + plain + bytes(1024)


def _zipped_same(size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(size // 100):
            archive.writestr(zipfile.ZipInfo("a.txt" if number % 2 else f"a ({number}).txt"), b"a")
    return packed.getvalue()


def _notebooks() -> Iterator[Case]:
    def cells(cell: str) -> Callable[[int], bytes]:
        return lambda size: ('{"nbformat":4,"cells":[' + ",".join([cell] * (size // len(cell))) + "]}").encode()

    def source(piece: str, kind: str) -> Callable[[int], bytes]:
        spelled = piece.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\x1b", "\\u001b")
        return lambda size: (
            '{"nbformat":4,"cells":[{"cell_type":"' + kind + '","source":"' + spelled * (size // len(spelled)) + '"}]}'
        ).encode()

    for cell in (
        '{"cell_type":"code","source":"x"}',
        '{"cell_type":"markdown","source":"# a"}',
        '{"cell_type":"code","source":"x","outputs":[{"text":"y"}]}',
        "[]",
        "{}",
    ):
        yield Case("notebook", "a.ipynb", cell, cells(cell))
    for piece, kind in itertools.product(
        ("`", "```", "# ", "\n", " ", "# a\n", "\x1b[", "\x1b[0", "#  "), ("code", "markdown")
    ):
        yield Case("notebook", "a.ipynb", f"{kind} {piece!r}", source(piece, kind))


def _nested_mail(size: int, wrap: str) -> bytes:
    message = "Content-Type: text/plain\n\nhello\n"
    head = "MIME-Version: 1.0\nSubject: x\n"
    for number in range(size // 200):
        if wrap == "multipart":
            message = f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n{message}\n--b{number}--\n"
        else:
            message = f"Content-Type: message/rfc822\n\nSubject: l{number}\n{message}"
        if len(message) > size:
            break
    return (head + message).encode()


def _runs() -> Iterator[Case]:
    """Long runs of what holds no words, between words that need several chunks."""
    for name, loader in (
        ("a.md", "markdown"),
        ("a.txt", "text"),
        ("a.py", "code"),
        ("a.csv", "csv"),
        ("a.zig", "code"),
    ):
        for blank in (" ", "\n", "\t", " \n", "\n\n ", "\u0301", "\u200d", "\v"):
            yield Case(
                loader, name, f"{name} words {blank!r} words", _pumped("a word\n" * 400, blank, "a word\n" * 400)
            )
            yield Case(loader, name, f"{name} words {blank!r}", _pumped("a word " * 400, blank, "\n"))
            yield Case(
                loader, name, f"{name} words {blank!r} ) words", _pumped("a word " * 400, blank, ")" + " a word" * 400)
            )
    for head, mark in (
        ("# a", " "),
        ("# a", "\t"),
        ("# a", " #"),
        ("#", " "),
        ("= a", " "),
        ("= a", " ="),
        ("    # a", " "),
    ):
        for name, loader in (("a.md", "markdown"), ("a.adoc", "text")):
            yield Case(loader, name, f"{name} heading {head!r} + {mark!r}", _pumped(head, mark, "b\n\nwords\n"))


def _others() -> Iterator[Case]:
    for wrap in ("multipart", "rfc822"):
        yield Case("mail", "a.eml", f"nested {wrap}", lambda size, wrap=wrap: _nested_mail(size, wrap))
    part = "--b\nContent-Type: {}\nContent-Disposition: attachment; filename=x.txt\n\nhi\n"
    for kind in ("text/plain", "text/html", "message/rfc822", "multipart/mixed; boundary=c", "image/png"):
        yield Case(
            "mail",
            "a.eml",
            f"parts {kind}",
            lambda size, kind=kind: (
                "MIME-Version: 1.0\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
                + part.format(kind) * (size // 90)
            ).encode(),
        )
        yield Case(
            "mail",
            "a.eml",
            f"alternatives {kind}",
            lambda size, kind=kind: (
                "MIME-Version: 1.0\nSubject: x\nContent-Type: multipart/alternative; boundary=b\n\n"
                + f"--b\nContent-Type: {kind}\n\nhi\n" * (size // 40)
            ).encode(),
        )
    yield Case(
        "mail",
        "a.mbox",
        "messages",
        lambda size: (
            "From a@b Thu Jan  1 00:00:00 1970\nSubject: s\nMessage-ID: <1>\n\nhello\n\n" * (size // 70)
        ).encode(),
    )
    yield Case("mail", "a.mbox", "From lines", lambda size: ("From a\n" * (size // 7)).encode())
    yield Case(
        "mail", "a.eml", "headers", lambda size: ("".join(f"X-{i}: a\n" for i in range(size // 10)) + "\na").encode()
    )
    yield Case(
        "html",
        "a.html",
        "attributes",
        lambda size: ("<p " + " ".join(f'a{i}="1"' for i in range(size // 10)) + ">x").encode(),
    )
    yield Case(
        "html",
        "a.html",
        "attributes with >",
        lambda size: ("<p " + " ".join(f'a{i}=">"' for i in range(size // 10)) + ">x").encode(),
    )
    yield Case(
        "html",
        "a.html",
        "attributes with > in single quotes",
        lambda size: ("<p " + " ".join(f"a{i}='>'" for i in range(size // 10)) + ">x").encode(),
    )
    yield Case(
        "html",
        "a.html",
        "classes that styles raise",
        lambda size: "".join(
            f"<style>.c{i} {{vertical-align:super}}</style>a<i class=c{i}>b</i>" for i in range(size // 60)
        ).encode(),
    )
    yield Case(
        "html",
        "a.html",
        "attributes in lines",
        lambda size: ("<p " + "\n".join(f"a{i}=1" for i in range(size // 10)) + ">x").encode(),
    )
    yield Case(
        "html",
        "a.html",
        "html attributes again",
        lambda size: "".join(f"<html a{i}=1>" for i in range(size // 14)).encode(),
    )
    yield Case(
        "html",
        "a.html",
        "body attributes again",
        lambda size: "".join(f"<body a{i}=1>" for i in range(size // 14)).encode(),
    )
    yield Case(
        "html", "a.html", "deep of many names", lambda size: "".join(f"<x{i}>" for i in range(size // 7)).encode()
    )
    yield Case("html", "a.html", "slashes", lambda size: ("<a " + "/" * size + ">x").encode())
    yield Case(
        "markdown",
        "a.md",
        "keys",
        lambda size: ("---\n" + "".join(f"k{i}: v\n" for i in range(size // 10)) + "---\nx\n").encode(),
    )
    yield Case(
        "markdown",
        "a.md",
        "toml keys",
        lambda size: ("+++\n" + "".join(f"k{i} = 1\n" for i in range(size // 10)) + "+++\nx\n").encode(),
    )
    yield Case(
        "markdown",
        "a.md",
        "toml dots",
        lambda size: ("+++\n" + ".".join("a" * (size // 2)) + " = 1\n+++\nx\n").encode(),
    )
    yield Case(
        "markdown",
        "a.md",
        "toml tables",
        lambda size: ("+++\n" + "".join(f"[a.b{i}]\n" for i in range(size // 10)) + "+++\nx\n").encode(),
    )
    yield Case("markdown", "a.md", "toml number", lambda size: ("+++\na = " + "9" * size + "\n+++\nx\n").encode())
    for value in (
        "[",
        "{a: ",
        "9",
        "0x" + "f" * 8,
        "1:59",
        ":59",
        '"\\x41',
        "'",
        "- ",
        "&a ",
        "!",
        "a ",
        "? ",
        "{",
        "[a, ",
        "<<: ",
        "1e",
        "1_",
        "0b1",
        "2001-",
        "#",
        " #",
        "| ",
        "%",
    ):
        yield Case("markdown", "a.md", f"yaml {value!r}", _pumped("---\nc: ", value, "\n---\nx\n"))
        yield Case("markdown", "a.md", f"yaml hex {value!r}", _pumped("---\nc: 0x", value, "\n---\nx\n"))
    for style in ("#", "##", "# a\n##"):
        yield Case(
            "markdown",
            "a.md",
            f"deep {style}",
            lambda size, style=style: "".join(f"{style} h{i}\n\nx\n" for i in range(size // 12)).encode(),
        )
    yield Case(
        "markdown",
        "a.md",
        "growing ticks",
        lambda size: "".join("`" * (i % 300) + "\n" for i in range(size // 150)).encode(),
    )
    yield Case(
        "markdown",
        "a.md",
        "quotes",
        lambda size: "".join(">" * (i % 300) + " x\n" for i in range(size // 150)).encode(),
    )
    yield Case(
        "captions",
        "a.srt",
        "cues",
        lambda size: "".join(f"{i}\n00:00:01,000 --> 00:00:02,000\nword {i}\n\n" for i in range(size // 45)).encode(),
    )
    yield Case(
        "csv", "a.csv", "columns", lambda size: (",".join(f"c{i}" for i in range(size // 6)) + "\n1,2\n").encode()
    )
    yield Case("csv", "a.csv", "quoted line feeds", lambda size: ("a,b\n" + '"x\ny",z\n' * (size // 9)).encode())
    yield Case(
        "json", "a.json", "keys", lambda size: ("{" + ",".join(f'"k{i}":{i}' for i in range(size // 12)) + "}").encode()
    )
    yield Case("json", "a.json", "deep lists", lambda size: ("[" * 200 + "1," * (size // 2) + "1" + "]" * 200).encode())
    yield Case(
        "code",
        "a.py",
        "deep blocks",
        lambda size: "".join(" " * (i % 90) + "if x:\n" for i in range(size // 50)).encode(),
    )
    yield Case(
        "code",
        "a.py",
        "functions in functions",
        lambda size: "".join(" " * (i % 90) + "def a():\n" for i in range(size // 50)).encode(),
    )


def _pdfs() -> Iterator[Case]:
    """One page that grows, and pages that grow in number, of what lines are compared with one another for."""
    for label, drawn in {
        "lines": lambda n: at(72, 700 - n % 600, f"word {n}"),
        "leaders": lambda n: at(72, 700 - n % 600, f"{n} title {'.' * 20} {n}"),
        "hyphens": lambda n: at(72, 700 - n % 600, f"w{chr(97 + n % 26)}-"),
        "gaps": lambda n: at(72, 700 - n % 600, f"left {n}") + at(320, 700 - n % 600, f"right {n}"),
        "rules": lambda n: rule(72, n % 700, 500, n % 700) + rule(n % 500, 72, n % 500, 700),
    }.items():
        yield Case("pdf", "a.pdf", f"{label} on a page", lambda size, drawn=drawn: _drawn(drawn, size, size))
        yield Case("pdf", "a.pdf", f"{label} on pages", lambda size, drawn=drawn: _drawn(drawn, size, 40))
    yield Case("pdf", "a.pdf", "fields", lambda size: book([[at(72, 700, "words")]], marks=list(_fields(size // 90))))


def _drawn(drawn: Callable[[int], str], size: int, on_a_page: int) -> bytes:
    pieces = [drawn(number) for number in range(size // 45)]
    return book([pieces[start : start + on_a_page] for start in range(0, len(pieces), on_a_page)])


def _fields(count: int) -> Iterator[str]:
    for n in range(count):
        yield field("Tx", f"f{n}", (80, n % 700, 200, n % 700 + 12), f"/V (value {n})")


def _nested_xml() -> Iterator[Case]:
    """XML that is well formed: elements in elements, one behind the other, of every kind that has a rule."""
    for piece in ("<a>|</a>", "<p>a|</p>", "<section><title>a</title>|</section>", "<row><cell>a</cell></row>|",
                  "<list><item>a|</item></list>", "<p>a<list>b</list>c|</p>", "<page><title>a</title></page>|",
                  "<title>a</title>|", "<table><row><cell>|</cell></row></table>", "<br/>|", "<p>a</p>|"):  # fmt: skip
        for root in ("a", "svg", "book", "mediawiki"):
            yield Case("xml", "a.xml", f"<{root}> {piece}",
                       lambda size, piece=piece, root=root: f"<{root}>{_nested(piece, size)}</{root}>".encode())  # fmt: skip
    page = "<page><title>a</title><revision><text>{}</text></revision></page>"
    yield Case(
        "xml", "a.xml", "pages", lambda size: f"<mediawiki>{page.format('b') * (size // 60)}</mediawiki>".encode()
    )
    yield Case(
        "xml", "a.xml", "one page", lambda size: f"<mediawiki>{page.format('[[a ' * (size // 4))}</mediawiki>".encode()
    )


def _heads(loader: str) -> tuple[str, ...]:
    return HEADS.get(loader, ("",))


def cases() -> Iterator[Case]:
    """Every case there is."""
    for key, (name, own) in (PIECES | pumps_of_formats.PIECES).items():
        loader = key.partition(" ")[0]
        heads, tails = pumps_of_formats.HEADS.get(key) or _heads(loader), pumps_of_formats.TAILS.get(key, ("", "x\n"))
        for head, piece, tail in itertools.product(heads, (*own, *COMMON), tails):
            yield Case(loader, name, f"{key}: {head!r} + {piece!r} ... {tail!r}", _pumped(head, piece, tail))
    yield from _office()
    yield from _notebooks()
    yield from _runs()
    yield from _others()
    yield from _pdfs()
    yield from _nested_xml()


def seconds(case: Case, size: int, *, most: float = 60.0) -> tuple[float, float]:
    """Processor time of loading and of chunking the case at so many bytes."""
    data = case.data(size)
    loader = registry.load("loaders", case.loader)()
    begin = time.process_time()
    try:
        document = loader.load(data, case.name)
    except DocumentError:
        return time.process_time() - begin, 0.0
    except (RecursionError, Exception) as error:
        print("  raised", case.label, type(error).__name__, str(error)[:80], flush=True)
        return time.process_time() - begin, 0.0
    loaded = time.process_time()
    registry.load("chunkers", chunker_for(document))().chunk(document, WordSizer())
    return loaded - begin, time.process_time() - loaded


def main() -> None:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    kib = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    tried = 0
    for case in cases():
        if only not in {"", "all"} and only != case.loader:
            continue
        tried += 1
        long = seconds(case, kib * 1024)
        if max(long) < 0.1:
            continue
        short = seconds(case, kib * 256)
        for what, before, after in zip(("load", "chunk"), short, long, strict=True):
            if after > 0.1 and after > 0.02 + 7 * before:
                print(f"{case.loader:12} {what:6} {before:8.3f} {after:8.3f}  {case.label}", flush=True)
    print(tried, "tried")


if __name__ == "__main__":
    main()

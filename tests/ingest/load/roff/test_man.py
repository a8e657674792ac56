"""Manual pages: the words that a terminal shows, in their order; sections, tags, listings, tables."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.roff.man import create

PAGE = r""".\" a remark
.ds Mi mill\-wheel
.ie n .ds Q "
.el .ds Q ``
.if t \{\
.  ds Mi nothing
.SH PRINTED
.\}
.de EXP
.B \\$1
(\\$2)
..
.TH MILL 1 "2024-05-10" "mill 1.0" "User Commands"
.SH NAME
mill \- turn the \*(Mi
.SH SYNOPSIS
.B mill
.RB [ \-v ]
.I file\fR...
.SH "THE OPTIONS"
.TP
\fB\-a\fR, \fB\-\-all\fR
Grind all of it,
.BR sort (1)
too.
.IP \(bu 2
an apple
.IP 2. 3
a pear
.SS Examples
.nf
mill \e
  # 1 grain
.fi
.EXP fast "at once"
.PP
It costs \(Eu5 \(em caf\('e, \[u00FC]ber\c
all \c
it.
# 1 in the market
.TS
tab(:);
lb l
l l.
Name:Use
_
wheel:T{
turns
water
T}
.TE
.UR https://example.org
the site
.UE .
"""  # fmt: skip
WORDS = """# NAME

mill - turn the mill-wheel

# SYNOPSIS

mill
[-v]
file...

# THE OPTIONS

-a, --all
Grind all of it,
sort(1)
too.

- an apple

2. a pear

## Examples

```
mill \\
  # 1 grain
```

fast
(at once)

It costs €5 — café, überall it.
\\# 1 in the market

| Name | Use |
| --- | --- |
| wheel | turns water |

the site
<https://example.org>.
"""


@pytest.mark.parametrize(("name", "pack"), [("mill.1", bytes), ("man/mill.1.gz", gzip.compress), ("mill.3pm", bytes)])
def test_a_page_is_its_words_and_structure(name, pack):
    document = load_inner(pack(PAGE.encode()), name, name)
    assert document.text == WORDS
    assert (document.title, document.metadata["section"], document.metadata["date"]) == ("MILL(1)", "1", "2024-05-10")
    assert document.notices == {}


MDOC = r""".\" remark
.Dd May 10, 2024
.Dt MILL 8
.Os
.Sh NAME
.Nm mill
.Nd turns a wheel
.Sh SYNOPSIS
.Nm
.Op Fl ab Ar grain
.Oo Fl c Oc
.In mill.h
.Ft int
.Fn mill_turn "int times" "char *name"
.Sh DESCRIPTION
The
.Nm
utility, see
.Xr sort 1 ,
is
.Dq Em quick .
It reads
.Pa /etc/mill Ns s .
.Bl -tag -width indent
.It Fl a
All of it
.Pq and more .
.It Cm go
.Bl -bullet
.It
one
.It
two
.El
.El
.Bl -column a b
.It Name Ta Use
.It wheel Ta turns
.El
.Bd -literal
mill -a |
  # x
.Ed
.Ex -std
.Rs
.%A A. Miller
.%T Mills
.Re
"""


def test_a_page_in_mdoc_is_its_words_and_structure():
    document = load_inner(MDOC.encode(), "mill.8", "mill.8")
    assert document.text == (
        "# NAME\n\nmill\n– turns a wheel\n\n# SYNOPSIS\n\nmill\n[-ab grain]\n[-c]\n#include <mill.h>\nint\n"
        "mill_turn(int times, char *name)\n\n# DESCRIPTION\n\nThe\nmill\nutility, see\nsort(1),\nis\n“quick”.\n"
        "It reads\n/etc/mills.\n\n-a\nAll of it\n(and more).\n\ngo\n\n  - one\n  - two\n\n| Name | Use |\n| --- | --- |\n"
        "| wheel | turns |\n\n```\nmill -a |\n  # x\n```\n\n"
        "The mill utility exits 0 on success, and >0 if an error occurs.\nA. Miller, Mills.\n"
    )
    assert (document.title, document.metadata) == ("MILL(8)", {"section": "8", "date": "May 10, 2024"})


def test_a_page_is_known_by_its_requests_not_by_its_number():
    assert choose("app.log.1", b"2024-05-10 started\n.hidden file\n") == "text"
    assert choose("syslog.1", b"May 10 mill: TH\n") == "text"
    assert choose("mill.1", b".so man1/wheel.1\n") == "man"
    assert choose("README", b".TH MILL 1\n") == "text"
    assert choose("mill", b"'\\\" t\n.TH MILL 1\n") == "man"
    document = load_inner(b".so man1/wheel.1\n", "mill.1", "mill.1")
    assert (document.text, document.notices) == ("", {"included_files": 1})


def test_what_nothing_ends_is_read_and_what_repeats_itself_is_bounded():
    open_ended = load_inner(b".TH A 1\n.de X\n.SH NAME\nwords one\n.de Y\nwords two\n", "a.1", "a.1")
    assert open_ended.text == "# NAME\n\nwords one\nwords two\n"
    bomb = ".TH A 1\n.de X\n.X\n.X\nword\n..\n.X\nlast words\n.TS\nl.\nx\ty\n.nf\n"
    assert "last words" in load_inner(bomb.encode(), "a.1", "a.1").text
    nested = ".TH A 1\n" + ".if n \\{\n" * 5000 + "deep\n" + "\\}\n" * 5000
    assert "deep" in load_inner(nested.encode(), "a.1", "a.1").text


def test_lines_are_those_of_the_file():
    document = load_inner(PAGE.encode(), "mill.1", "mill.1")
    rows = PAGE.split("\n")
    for words, row in (("Grind all", "Grind all of it,"), ("- an apple", "an apple"), ("mill \\", "mill \\e")):
        at = document.text.index(words)
        span = [span for span in document.spans if span.start <= at][-1]
        assert rows[span.value + document.text.count("\n", span.start, at) - 1] == row


@given(
    st.text(st.sampled_from(".'\\\"\n {}[]()*fBTHSPDdShItBlElnifedexs|_+-1T")),
    st.sampled_from([".TH A 1\n", ".Dd x\n", ""]),
)
def test_any_text_is_read(text, head):
    document = create().load((head + text).encode(), "a.1")
    assert all(0 <= span.start < span.end <= len(document.text) for span in document.spans)


def test_requests_of_groff_are_no_unknown_macros():
    page = ".TH A 1\n.ftr V B\n.kern 0\n.hym 2\n.de box\nIn a \\\\$1.\n..\nOne\n.brp\n.nop Two\n.box barn\n.soquiet a.1\n.odd x\n"
    document = create().load(page.encode(), "a.1")
    assert document.text == "One\nTwo\nIn a barn.\n"
    assert document.notices == {"included_files": 1, "unknown_macros": 1}

"""A number of any length, wherever a format has numbers, costs no document its words."""

import io
import json
import re
import tarfile
import zipfile

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.extract.bounds import bounded_document
from embedingest.ingest.load.inner import load_inner
from tests import samples

ENDLESS = ("9" * 5000, "1" + "0" * 400, "9" * 20, "-" + "9" * 5000)
NUMBER = re.compile(r"(?<![\w.:%-])(?<! r=\")(?<!:\d\d,)\d+(?![\w./:])")
SPACES = {
    name: f'xmlns:{name}="{samples.OASIS}:{uri}:1.0"'
    for name, uri in (("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"))
}
FLAT = f"""<?xml version="1.0"?><office:document {" ".join(SPACES.values())}><office:styles><text:outline-style>
<text:outline-level-style text:level="1" style:num-format="1" text:start-value="1" text:display-levels="1"/>
</text:outline-style><text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="i"
 text:start-value="1" text:display-levels="1"/></text:list-style></office:styles><office:body><office:text>
<text:h text:outline-level="1" text:start-value="3">words</text:h><text:h text:outline-level="2">more</text:h>
<text:list text:style-name="L"><text:list-item text:start-value="4"><text:p>it<text:s text:c="5"/>is</text:p></text:list-item>
</text:list><table:table><table:table-row table:number-rows-repeated="2"><table:table-cell
 table:number-columns-repeated="2" table:number-columns-spanned="2" table:number-rows-spanned="2"><text:p>a</text:p>
</table:table-cell><table:table-cell/></table:table-row></table:table></office:text></office:body></office:document>"""
BOOK = {
    "cells": [
        {"cell_type": "heading", "level": 1, "source": ["words"]},
        {
            "cell_type": "code",
            "execution_count": 7,
            "source": "p",
            "outputs": [{"data": {"text/plain": ["x"]}, "n": 7}],
        },
    ],
    "metadata": {"language_info": {"name": "python", "version": 3}},
    "nbformat": 4,
}
W = f'xmlns:w="{samples.W}"'
LIST = f"""<w:numbering {W}><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt
 w:val="decimal"/><w:lvlText w:val="%1."/><w:lvlRestart w:val="0"/></w:lvl></w:abstractNum><w:num w:numId="1">
<w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num></w:numbering>"""
BODY = """<w:p><w:pPr><w:outlineLvl w:val="1"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r>
<w:t>words</w:t></w:r></w:p><w:tbl><w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr><w:tc><w:tcPr><w:gridSpan w:val="2"/>
<w:vMerge w:val="1"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"""
STYLES = f"""<w:styles {W}><w:style w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr>
</w:style></w:styles>"""
SLIDE = f"""<p:sld xmlns:p="{samples.P}" xmlns:a="{samples.A}" show="1"><p:sp><p:nvSpPr><p:nvPr><p:ph type="title" idx="0"/>
</p:nvPr></p:nvSpPr><p:txBody><a:p><a:pPr lvl="1"><a:buAutoNum type="arabicPeriod" startAt="3"/></a:pPr><a:r><a:t>words</a:t>
</a:r></a:p><a:p><a:pPr lvl="2"/><a:r><a:t>b</a:t></a:r></a:p></p:txBody></p:sp><p:graphicFrame><a:tbl><a:tr h="1"><a:tc
 gridSpan="2" rowSpan="2" hMerge="0"><a:txBody><a:p><a:r><a:t>c</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl>
</p:graphicFrame></p:sld>"""
SHEET = f"""<worksheet xmlns="{samples.S}"><cols><col min="1" max="2" width="9"/></cols><sheetData><row r="1"><c r="A1" s="1">
<v>5</v></c><c r="B1" s="2"><v>45000</v></c></row><row r="2" spans="1:2"><c r="A2" t="inlineStr"><is><t>words</t></is></c>
</row></sheetData></worksheet>"""
FORMATS = f"""<styleSheet xmlns="{samples.S}"><numFmts count="1"><numFmt numFmtId="165" formatCode="0.00%"/></numFmts><cellXfs
 count="2"><xf numFmtId="0"/><xf numFmtId="165"/><xf numFmtId="14"/></cellXfs></styleSheet>"""
SHEETS = {
    "xl/worksheets/sheet1.xml": SHEET,
    "xl/styles.xml": FORMATS,
    "xl/_rels/workbook.xml.rels": samples.relations(
        a=("worksheet", "worksheets/sheet1.xml"), b=("worksheet", "worksheets/sheet2.xml"), c=("styles", "styles.xml")
    ),
}
LETTER = (
    "From: a@b\nSubject: words\nDate: Mon, 1 Apr 2024 10:00:00 +0000\nContent-Length: 5\nMIME-Version: 1.0\n"
    'Content-Type: text/plain; charset="utf-8"; x*0="1"; y*1*=2\nContent-Disposition: inline; size=5\n\nwords\n'
)


def _parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _tar_with(field, value):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.txt")
        member.size, member.pax_headers = 5, {field: value}
        archive.addfile(member, io.BytesIO(b"words"))
    return out.getvalue()


FILES = {
    "a.fodt": FLAT,
    "a.ipynb": json.dumps(BOOK),
    "a.docx": _parts(samples.docx(BODY, **{"word/numbering.xml": LIST, "word/styles.xml": STYLES})),
    "a.pptx": {**_parts(samples.pptx()), "ppt/slides/slide1.xml": SLIDE},
    "a.xlsx": {**_parts(samples.xlsx()), **SHEETS},
    "a.html": '<h1>words</h1><ol start="3"><li value=4>x</li></ol><table><tr><td colspan="2" rowspan="3">a</td><td>b</td></tr>'
    '<tr><td>c</td></tr></table><p _line_="3">x</p><td _line_="3">y</td> &#65;',
    "a.md": "---\na: 1\nd: [1, 2]\nf: 1.5\n---\n# words\n\n5. x\n",
    "toml.md": "+++\na = 1\nd = [1, 2]\n+++\n# words\n",
    "a.rtf": r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 T;}}{\stylesheet{\s1 heading 1;}}\s1 words\par\uc1\u8364 ?\bin0 x}",
    "a.srt": "1\n00:00:01,000 --> 00:00:02,000\nwords\n\n2\n00:00:01,000 --> 00:00:02,000\nx\n",
    "a.vtt": "WEBVTT\n\n1\n00:01.000 --> 00:02.000 position:5\nwords &#65; x\n",
    "a.emlx": "320\n" + LETTER,
    "a.eml": LETTER,
    "a.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:words\nPRIORITY:5\nEND:VEVENT\nEND:VCALENDAR\n",
    "a.xml": '<Workbook xmlns:ss="urn:x"><Worksheet><Table><Row ss:Index="3"><Cell ss:Index="2"><Data>words</Data></Cell></Row>'
    '</Table></Worksheet><h level="4">g</h></Workbook>',
    "a.tex": r"\begin{document}\section{words}\setcounter{section}{5} \symbol{65} \item[5] x\end{document}",
    "a.csv": "words,1,2\nx,3,4\n",
    "a.json": '{"words": 1, "b": [2]}',
    "a.jsonl": '{"words": 1}\n{"b": 2}\n',
    "a.mhtml": "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b; x*0=1\nContent-Length: 5\n\n--b\n"
    "Content-Type: text/html; y*1=2\n\n<h1>words</h1>\n--b--\n",
}  # fmt: skip


def _bent(name):
    """The file with one of its numbers, or all of them, made endless."""
    whole = FILES[name]
    for part, text in (whole if isinstance(whole, dict) else {"": whole}).items():
        for place in [*(match.span() for match in NUMBER.finditer(text)), None]:
            value = ENDLESS[0]
            bent = NUMBER.sub(value, text) if place is None else text[: place[0]] + value + text[place[1] :]
            yield samples.zipped({**whole, part: bent}) if part else bent.encode()
    for value in ENDLESS[1:]:
        if isinstance(whole, dict):
            yield samples.zipped({part: NUMBER.sub(value, text) for part, text in whole.items()})
        else:
            yield NUMBER.sub(value, whole).encode()


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_endless_number_costs_no_document_its_words(name):
    lost = []
    for data in _bent(name):
        try:
            document = bounded_document(load_inner(data, name, name))
        except DocumentError as error:
            lost.append(error.message)
        else:
            assert "words" in document.text or "words" in (document.title or "")
    minus_is_syntax = name in {"a.emlx", "a.docx", "a.pptx", "a.xlsx"}
    assert lost == [] or (minus_is_syntax and len(lost) == 1), lost


@pytest.mark.parametrize("field", ["size", "mtime", "uid"])
def test_an_endless_number_in_an_archive_is_damage_of_that_archive(field):
    try:
        load_inner(_tar_with(field, "9" * 5000), "a.tar", "a.tar")
    except DocumentError as error:
        assert error.code in {"archive", "corrupt"}

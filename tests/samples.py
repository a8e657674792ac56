"""Small files of every format, written from scratch: sound ones, and all the broken ones that people meet.

    python -m tests.samples FOLDER     writes them all, to look at or to ingest

No binary is kept in the repository; each is a few lines here.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
CORE = (
    '<cp:coreProperties xmlns:cp="x" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<dc:title>The mill</dc:title><dc:creator>Henrik</dc:creator></cp:coreProperties>"
)


def zipped(parts, *, stored=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def appended(data, name, content):
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def relations(**targets):
    each = "".join(
        f'<Relationship Id="{id_}" Type="{R}/{kind}" Target="{target}"/>' for id_, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{each}</Relationships>'


def docx(body=None, **parts):
    def paragraph(text, style="", numbered=False):
        properties = f'<w:pStyle w:val="{style}"/>' if style else ""
        properties += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if numbered else ""
        return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    def cell(text):
        return f"<w:tc>{paragraph(text)}</w:tc>"

    body = body or (
        paragraph("Opening the gate", "Heading1")
        + paragraph("Lift the gate by one hand&#8217;s breadth.")
        + paragraph("one", numbered=True)
        + paragraph("two", numbered=True)
        + paragraph("Tools", "Heading2")
        + f"<w:tbl><w:tr>{cell('tool')}{cell('count')}</w:tr><w:tr>{cell('rake')}{cell('1')}</w:tr></w:tbl>"
        + "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
    )
    styles = "".join(f'<w:style w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>' for n in range(1, 4))
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'<w:document xmlns:w="{W}" xmlns:a="{A}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
            "docProps/core.xml": CORE,
            **parts,
        }
    )


def pptx():
    def slide(title, *lines):
        def shape(texts, kind=""):
            placeholder = f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>' if kind else ""
            words = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
            return f"<p:sp><p:nvSpPr>{placeholder}</p:nvSpPr><p:txBody>{words}</p:txBody></p:sp>"

        return f'<p:sld xmlns:p="{P}" xmlns:a="{A}">{shape([title], "title")}{shape(lines, "body")}</p:sld>'

    notes = (
        f'<p:notes xmlns:p="{P}" xmlns:a="{A}"><p:sp><p:nvPr><p:ph type="body"/></p:nvPr>'
        "<a:p><a:r><a:t>Speak slowly.</a:t></a:r></a:p></p:sp></p:notes>"
    )
    show = f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldId r:id="b"/><p:sldId r:id="a"/></p:presentation>'
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "ppt/presentation.xml": show,
            "ppt/_rels/presentation.xml.rels": relations(
                a=("slide", "slides/slide1.xml"), b=("slide", "slides/slide2.xml")
            ),
            "ppt/slides/slide1.xml": slide("Second", "only line"),
            "ppt/slides/slide2.xml": slide("First", "water", "wheel"),
            "ppt/slides/_rels/slide2.xml.rels": relations(n=("notesSlide", "../notesSlides/notesSlide1.xml")),
            "ppt/notesSlides/notesSlide1.xml": notes,
            "docProps/core.xml": CORE,
        }
    )


def xlsx():
    def sheet(rows):
        lines = ""
        for number, row in enumerate(rows, start=1):
            cells = "".join(
                f'<c r="{chr(65 + i)}{number}" t="inlineStr"><is><t>{v}</t></is></c>'
                if isinstance(v, str)
                else f'<c r="{chr(65 + i)}{number}"><v>{v}</v></c>'
                for i, v in enumerate(row)
                if v is not None
            )
            lines += f'<row r="{number}">{cells}</row>'
        return f'<worksheet xmlns="{S}"><sheetData>{lines}</sheetData></worksheet>'

    book = (
        f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets><sheet name="Mills" sheetId="1" r:id="a"/>'
        '<sheet name="Empty" sheetId="2" r:id="b"/></sheets></workbook>'
    )
    types = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/></Types>'
    )
    return zipped(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": relations(a=("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": relations(
                a=("worksheet", "worksheets/sheet1.xml"), b=("worksheet", "worksheets/sheet2.xml")
            ),
            "xl/worksheets/sheet1.xml": sheet([[], ["miller", "sacks"], ["Ann", 3], [], ["Bo", 2.5]]),
            "xl/worksheets/sheet2.xml": sheet([]),
        }
    )


def odt(manifest=""):
    content = (
        f'<office:document-content xmlns:office="{OASIS}:office:1.0" xmlns:text="{OASIS}:text:1.0" '
        f'xmlns:table="{OASIS}:table:1.0"><office:body><office:text>'
        '<text:h text:outline-level="1">Gate</text:h><text:p>Lift<text:s text:c="2"/>it <text:span>slowly</text:span>.'
        "</text:p><text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell>"
        "<text:p>b</text:p></table:table-cell></table:table-row></table:table></office:text></office:body>"
        "</office:document-content>"
    )
    parts = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content}
    return zipped(parts | ({"META-INF/manifest.xml": manifest} if manifest else {}), stored=("mimetype",))


def epub(encryption=""):
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>The mill</dc:title><dc:creator>Henrik</dc:creator><dc:language>en</dc:language></metadata><manifest>"
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="two" href="two%20b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>'
    )
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfile full-path="OEBPS/content.opf"/></container>',
        "OEBPS/content.opf": package,
        "OEBPS/nav.xhtml": "<html><body><ol><li>Contents</li></ol></body></html>",
        "OEBPS/one.xhtml": "<html><body><h1>One</h1><p>Water.</p></body></html>",
        "OEBPS/two b.xhtml": "<html><body><h1>Two</h1><p>Wheel.</p></body></html>",
    }
    return zipped(parts | ({"META-INF/encryption.xml": encryption} if encryption else {}), stored=("mimetype",))


def notebook():
    cells = [
        {"cell_type": "markdown", "source": ["# Mill\n", "\n", "Words."]},
        {
            "cell_type": "code",
            "source": "print(1)",
            "outputs": [{"output_type": "stream", "text": ["1\n"]}, {"data": {"image/png": "AAAA"}}],
        },
    ]
    book = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book).encode()


def eml():
    return (
        b"From: Ann <ann@example.org>\r\nTo: Bo <bo@example.org>\r\nSubject: =?utf-8?q?The_m=C3=BChle?=\r\n"
        b"Date: Mon, 1 Apr 2024 10:00:00 +0000\r\nMessage-ID: <m1@example.org>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b'--b\r\nContent-Type: multipart/alternative; boundary="c"\r\n\r\n'
        b"--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWater is \xc3\xbcber all.\r\n"
        b"--c\r\nContent-Type: text/html\r\n\r\n<p><b>Water</b> is &uuml;ber all.</p>\r\n<p>HTML</p>\r\n--c--\r\n"
        b'--b\r\nContent-Type: text/markdown\r\nContent-Disposition: attachment; filename="notes.md"\r\n\r\n'
        b"# Attached\r\n\r\nwords\r\n"
        b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="p.png"\r\n\r\n'
        b"\x89PNG\r\n\x1a\n\0\r\n--b--\r\n"
    )


def mbox():
    def message(number):
        return (
            f"From ann@example.org Mon Apr  1 10:00:00 2024\nFrom: ann@example.org\nSubject: Letter {number}\n"
            f"Message-ID: <l{number}@example.org>\n\nBody {number}.\n>From here on it is quoted.\n\n"
        )

    return "".join(message(number) for number in (1, 2, 3)).encode()


def pdf(pages=(("The mill", "Water turns the wheel."),), *, outline=(), encrypt=False, images=False):
    """A PDF with Helvetica text, one list of lines a page; `outline` holds (title, page index).

    A page without lines, or every page with `images`, is a picture.
    """
    objects = {}

    def put(number, body, stream=None):
        objects[number] = (body, stream)

    count = len(pages)
    first_page, first_stream, first_entry = 10, 10 + count, 10 + 2 * count
    kids = " ".join(f"{first_page + i} 0 R" for i in range(count))
    outlines = " /Outlines 4 0 R" if outline else ""
    put(1, f"<< /Type /Catalog /Pages 2 0 R{outlines} >>")
    put(2, f"<< /Type /Pages /Kids [{kids}] /Count {count} >>")
    put(3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    put(5, "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", b"\x7f")
    for i, lines in enumerate(pages):
        resources = "<< /Font << /F1 3 0 R >> /XObject << /I 5 0 R >> >>"
        put(
            first_page + i,
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {first_stream + i} 0 R "
            f"/Resources {resources} >>",
        )
        text = " ".join(f"({line}) Tj 0 -16 Td" for line in lines)
        drawing = "q 200 0 0 200 72 300 cm /I Do Q" if images or not lines else f"BT /F1 12 Tf 72 720 Td {text} ET"
        put(first_stream + i, "<<", drawing.encode("latin-1"))
    if outline:
        last = first_entry + len(outline) - 1
        put(4, f"<< /First {first_entry} 0 R /Last {last} 0 R /Count {len(outline)} >>")
        for i, (title, page) in enumerate(outline):
            following = f"/Next {first_entry + i + 1} 0 R" if i + 1 < len(outline) else ""
            put(
                first_entry + i,
                f"<< /Title ({title}) /Parent 4 0 R /Dest [{first_page + page} 0 R /Fit] {following} >>",
            )
    return pdf_file(objects, encrypt=encrypt)


def pdf_file(objects, *, encrypt=False):
    """The bytes of a file of numbered objects, each its text and its stream or None."""
    identity = b"0123456789abcdef"
    key, trailer = None, ""
    if encrypt:
        key, entry = _encryption(identity)
        objects[6] = (entry, None)
        trailer = f" /Encrypt 6 0 R /ID [<{identity.hex()}> <{identity.hex()}>]"
    out = bytearray(b"%PDF-1.4\n")
    offsets = {}
    for number in sorted(objects):
        body, stream = objects[number]
        offsets[number] = len(out)
        out += f"{number} 0 obj\n".encode()
        if stream is None:
            out += body.encode("latin-1")
        else:
            if key is not None:
                salted = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
                stream = _rc4(salted, stream)
            out += f"{body} /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"
        out += b"\nendobj\n"
    start = len(out)
    size = max(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        out += f"{offsets[number]:010} 00000 n \n".encode() if number in offsets else b"0000000000 65535 f \n"
    out += f"trailer\n<< /Size {size} /Root 1 0 R{trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _encryption(identity):
    """The standard handler, revision 2: both passwords are `secret`."""
    password = (b"secret" + _PAD)[:32]
    owner = _rc4(hashlib.md5(password).digest()[:5], password)
    permissions = (-4 & 0xFFFFFFFF).to_bytes(4, "little")
    key = hashlib.md5(password + owner + permissions + identity).digest()[:5]
    user = _rc4(key, _PAD)
    return key, f"<< /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{user.hex()}> /P -4 >>"


def _rc4(key, data):
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


LATEX = rb"""\documentclass{article}
\title{The mill} \author{Henrik}
\begin{document}
\maketitle % not this
\section{Opening}
Lift \emph{the \textbf{gate}} by 50\% as \cite{x} says: caf\'e, M\"uller.\label{a}
\begin{itemize}
\item one
\item two
\end{itemize}
\subsection{Listing}
\begin{verbatim}
x = {1} % kept
\end{verbatim}
$e = mc^2$ stays.
\end{document}
"""
SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Water</i> turns\nthe wheel.\n\n2\n00:01:02,000 --> 00:01:03,000\nThe wheel.\n"
)
VTT = "WEBVTT\n\nNOTE not this\n\n00:01.000 --> 00:02.000 align:start\nWater turns.\n"


def tar(**members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def _zip_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(bytes(2**20))
    return buffer.getvalue()


def good():
    """Name to bytes: one sound file of every format."""
    return {
        "mill.docx": docx(),
        "mill.pptx": pptx(),
        "mill.xlsx": xlsx(),
        "mill.odt": odt(),
        "mill.epub": epub(),
        "mill.ipynb": notebook(),
        "mill.eml": eml(),
        "mill.mbox": mbox(),
        "mill.pdf": pdf(),
        "mill.tex": LATEX,
        "mill.srt": SRT.encode(),
        "mill.vtt": VTT.encode(),
        "mill.csv": b'miller,sacks\r\nAnn,3\r\n"Bo, the \nyounger",2\r\n',
        "mill.tsv": b"miller\tsacks\nAnn\t3\n",
        "mill.json": b'{"mill": {"wheels": 2}}\n',
        "mill.jsonl": b'{"a": 1}\n{"b": "\\u00fc"}\n',
        "mill.yaml": b"mill:\n  wheels: 2  # two\n",
        "mill.txt.gz": gzip.compress(b"Water turns the wheel.\n", mtime=0),
        "mill.zip": zipped({"a/notes.md": "# Notes\n\nwords\n", "b.txt": "words\n"}),
    }


def bad():
    """Name to (bytes, code): files that are refused or left out, each with the code of its reason.

    What takes long to make is a function that makes it.
    """
    sound = pdf(pages=[["page"]] * 3)
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
    )
    entities += f']><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>'
    encrypted_office = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    return {
        "truncated.pdf": (b"%PDF-1.4\n" + sound[9:140], "corrupt"),
        "encrypted.pdf": (pdf(encrypt=True), "encrypted"),
        "no-pages.pdf": (pdf(pages=()), "empty"),
        "image-only.pdf": (pdf(pages=[["x"]] * 2, images=True), "image_only"),
        "bomb.docx": (_zip_bomb, "bomb"),
        "bomb.txt.gz": (gzip.compress(b"\0" * 2**24, mtime=0) * 40, "bomb"),
        "entities.docx": (docx(**{"word/document.xml": entities}), "bomb"),
        "empty.docx": (b"PK\x05\x06" + b"\0" * 18, "corrupt"),
        "broken.docx": (docx()[:400], "corrupt"),
        "encrypted.docx": (encrypted_office, "encrypted"),
        "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unsupported"),
        "encrypted.odt": (
            odt(f'<m:manifest xmlns:m="{OASIS}:manifest:1.0"><m:encryption-data/></m:manifest>'),
            "encrypted",
        ),
        "protected.epub": (epub('<e><CipherReference URI="OEBPS/one.xhtml"/></e>'), "encrypted"),
        "no-package.epub": (zipped({"mimetype": "application/epub+zip"}, stored=("mimetype",)), "corrupt"),
        "not-json.ipynb": (b"{cells: [", "corrupt"),
        "no-cells.ipynb": (b'{"a": 1}', "corrupt"),
        "broken.xlsx": (zipped({"xl/workbook.xml": "<broken"}), "corrupt"),
        "cut.txt.gz": (gzip.compress(b"words " * 500, mtime=0)[:-12], "corrupt"),
        "damaged.txt.gz": (b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff", "corrupt"),
        "no-headers.eml": (b"\nwords without any header\n", "corrupt"),
        "no-cues.srt": (b"words without times\n", "corrupt"),
        "unasked.zip": (zipped({"a.txt": "words"}), "archive"),
        "unasked.tar": (tar(**{"a.txt": b"words"}), "archive"),
        "program.txt": (b"\x7fELF\2\1\1" + b"\0" * 90, "binary"),
        "noise.md": (zlib.compress(bytes(range(256)) * 999)[:400] + b"\0" * 9, "binary"),
        "picture.html": (b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
    }


def odd():
    """Name to (bytes, words): files that look broken, and must be read all the same."""
    return {
        "really-text.pdf": (b"Plain words under a wrong suffix.\n", "Plain words under a wrong suffix."),
        "really-a.txt": (pdf(), "Water turns the wheel."),
        "really-docx.bin": (docx(), "Opening the gate"),
        "traversal.docx": (docx(**{"../../../etc/evil": "x"}), "Opening the gate"),
        "utf16.txt": ("Water turns the wheel.\n".encode("utf-16-le") * 20, "Water turns the wheel."),
        "invalid.txt": ("Größe ".encode() * 40 + b"\xff\xfe words", "words"),
        "rtl.txt": ("הטחנה עומדת במקום שבו הנחל מתעקל. \u202eabc\u202c\n".encode(), "הטחנה"),
        "cjk.txt": (("水車は川の曲がり角に立っている。" * 40).encode(), "水車は"),
        "nul.txt": (b"words " * 2000 + b"\0", "words"),
        "deep.json": (b"[" * 100_000 + b"]" * 100_000, "[[["),
        "deep.html": (b"<div>" * 100_000 + b"innermost" + b"</div>" * 100_000, "innermost"),
        "many-pages.pdf": (pdf(pages=[[f"page number {n}", "words"] for n in range(300)]), "words"),
        "empty.txt": (b"", ""),
        "empty.csv": (b"", ""),
        "empty.ipynb": (b'{"cells": []}', ""),
        "blank.srt": (b"\n", ""),
    }


def write(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in good().items():
        (folder / name).write_bytes(content)
    for kind in (bad(), odd()):
        for name, (content, _) in kind.items():
            (folder / name).write_bytes(content() if callable(content) else content)


if __name__ == "__main__":
    write(sys.argv[1])

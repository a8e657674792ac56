"""Hostile documents, written from scratch: too large, too deep, too many, lying about their size, or meant for a slow reader.

`DOCUMENTS` maps a name to what writes its bytes. Sizes are those at which each did harm, or as far beyond as ten minutes
for all attacks allow: what is read in proportion to its size says no more at twice of it.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import warnings
import zipfile

__all__ = ["DOCUMENTS", "write"]

SCALE = 1
"""Every count is divided by this: tests take smaller documents of the same kinds."""


def some(count):
    return max(3, count // SCALE)


def words():
    return "".join(f"word{number} some text here. " for number in range(some(80_000)))


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ENTITIES = '<!DOCTYPE l [<!ENTITY e0 "aaaaaaaaaa">' + "".join(
    f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)
) + "]>"  # fmt: skip
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(members):
    """A zip of (name, content) pairs, names of any kind and twice the same too."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice is meant
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def docx(body, before="", encoding="utf-8"):
    named = {"utf-16-le": "utf-16le", "utf-16-be": "utf-16", "cp037": "cp037"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{named}"?>{before}<w:document {W}><w:body>{body}</w:body></w:document>'
    kinds = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return zipped([
        ("[Content_Types].xml", f'<Types xmlns="{kinds}/content-types"><Override PartName="/word/document.xml" ContentType="{main}"/></Types>'),
        ("_rels/.rels", f'<Relationships xmlns="{kinds}/relationships"><Relationship Id="r" Type="{relation}" Target="word/document.xml"/></Relationships>'),
        ("word/document.xml", text.encode(encoding)),
    ])  # fmt: skip


def paragraph(text):
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(inner):
    names = f'xmlns:office="{OFFICE}:office:1.0" xmlns:text="{OFFICE}:text:1.0" xmlns:table="{OFFICE}:table:1.0"'
    content = f"<office:document-content {names}><office:body><office:text>{inner}</office:text></office:body></office:document-content>"
    return zipped([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", content)])


SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def office(main, files):
    """A package of Office whose main part is `main`."""
    return zipped([
        ("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'),
        ("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{RELATIONS}/officeDocument" Target="{main}"/></Relationships>'),
        *files,
    ])  # fmt: skip


def xlsx(cells, shared="x"):
    """A workbook of one sheet, with these cells in its one row."""
    relation = f'<Relationship Id="s" Type="{RELATIONS}/worksheet" Target="s.xml"/><Relationship Id="t" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    return office("xl/workbook.xml", [
        ("xl/workbook.xml", f'<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}"><sheets><sheet name="a" sheetId="1" r:id="s"/></sheets></workbook>'),
        ("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{relation}</Relationships>'),
        ("xl/sharedStrings.xml", f'<sst xmlns="{SHEETS}"><si><t>{shared}</t></si></sst>'),
        ("xl/s.xml", f'<worksheet xmlns="{SHEETS}"><sheetData><row>{cells}</row></sheetData></worksheet>'),
    ])  # fmt: skip


def pptx(count):
    """A show that names one slide so many times."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/main"
    show = "http://schemas.openxmlformats.org/presentationml/2006/main"
    slides = '<p:sldId id="1" r:id="s"/>' * count
    return office("ppt/presentation.xml", [
        ("ppt/presentation.xml", f'<p:presentation xmlns:p="{show}" xmlns:r="{RELATIONS}"><p:sldIdLst>{slides}</p:sldIdLst></p:presentation>'),
        ("ppt/_rels/presentation.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s" Type="{RELATIONS}/slide" Target="s.xml"/></Relationships>'),
        ("ppt/s.xml", f'<p:sld xmlns:p="{show}" xmlns:a="{drawing}"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>words</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>'),
    ])  # fmt: skip


def epub(spine):
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>'
    items = '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/><item id="b" href="../../../etc/passwd" media-type="text/html"/>'
    book = f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine><itemref idref="b"/>{spine}</spine></package>'
    return zipped(
        [
            ("mimetype", "application/epub+zip"),
            ("META-INF/container.xml", container),
            ("a.opf", book),
            ("a.xhtml", "<h1>a</h1><p>words"),
        ]
    )


def overlapping(count, size):
    """A zip whose many names share the bytes of one member."""
    file = io.BytesIO()
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
    archive.writestr("k.txt", b"a" * size)
    first = archive.filelist[0]
    for number in range(count):
        again = zipfile.ZipInfo(f"k{number}.txt", first.date_time)
        for field in (
            "compress_type",
            "CRC",
            "compress_size",
            "file_size",
            "header_offset",
            "flag_bits",
            "external_attr",
        ):
            setattr(again, field, getattr(first, field))
        archive.filelist.append(again)
        archive.NameToInfo[again.filename] = again
    archive._didModify = True  # noqa: SLF001 -- there is no other way to write such a list of names
    archive.close()
    return file.getvalue()


def tarred(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def odd_tar():
    plain = [
        (name, b"x", tarfile.REGTYPE, "")
        for name in ("../../x.txt", "/etc/cron.d/x", "ok.txt", "a!/b.txt", "n" * 90 + ".txt")
    ]
    links = [("ln", b"", tarfile.SYMTYPE, "/etc/passwd"), ("hl", b"", tarfile.LNKTYPE, "/etc/passwd"), ("hl2", b"", tarfile.LNKTYPE, "ln"), ("self", b"", tarfile.LNKTYPE, "self"),
             ("dev", b"", tarfile.BLKTYPE, ""), ("fifo", b"", tarfile.FIFOTYPE, "")]  # fmt: skip
    return tarred([*plain, *links])


def lying_tar():
    """A member that says it has eight gigabytes."""
    data = bytearray(tarred([("big.txt", b"x", tarfile.REGTYPE, "")]))
    data[124:136] = b"77777777777\0"
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    return bytes(data)


def layers(pack, count, data=b"hello world\n"):
    for _ in range(count):
        data = pack(data)
    return data


def mail(parts, *, kind="message"):
    text = "Content-Type: text/plain\n\nhello\n"
    for number in range(parts):
        if kind == "message":
            text = f"Subject: l{number}\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n{text}"
        else:
            text = f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n{text}\n--b{number}--\n"
    return "MIME-Version: 1.0\nSubject: x\n" + text


def aliases(levels):
    first = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 8)}]\n" for n in range(1, levels))


def front(text, body="x\n"):
    return f"---\n{text}\n---\n{body}"


RUNS = {
    "brackets": ("[", 200_000), "ticks": ("`", 200_000), "stars": ("*", 250_000), "underscores": ("_", 250_000), "parentheses": ("(", 250_000),
    "quotes": (">", 100_000), "blanks": (" ", 2_000_000), "tabs": ("\t", 1_000_000), "newlines": ("\n", 1_000_000), "pipes": ("|", 250_000),
    "hashes": ("#", 250_000), "equals": ("=", 250_000), "dashes": ("-", 250_000), "pictures": ("![", 200_000), "tags": ("<", 300_000),
    "ampersands": ("&", 300_000), "backslashes": ("\\", 300_000), "tildes": ("~", 300_000), "dots": (".", 250_000), "inches": ('"', 250_000), "dollars": ("$", 300_000), "comments": ("<!--", 200_000),
}  # fmt: skip
DOCUMENTS = {
    # What is copied into every row, and what ends a run.
    "heading.md": lambda: f"# {'H' * some(1_000_000)}\n\n{words()}", "title.md": lambda: front("title: " + "v" * some(1_000_000), words()),
    "key.md": lambda: front("k: " + "v" * some(5_000_000), words()), "hex.md": lambda: front("c: 0x" + "f" * some(1_000_000)), "digits.md": lambda: front("c: 0xf" + "f" * some(5_000)),
    "sexagesimal.md": lambda: front("c: 1" + ":59" * some(100_000)), "keys.md": lambda: front("\n".join(f"k{n}: v" for n in range(some(50_000)))),
    "aliases.md": lambda: front(aliases(20)), "aliases.yaml": lambda: aliases(20), "deep front.md": lambda: front("a: " + "[" * some(20_000) + "]" * some(20_000)),
    "halves.md": lambda: front('a: "\\ud800"\nb: "\\0"\n? [1, 2]\n: x'), "deep toml.md": lambda: "+++\na = " + "[" * some(20_000) + "]" * some(20_000) + "\n+++\nx\n",
    "nested front.md": lambda: front("a: " + "[" * 300 + "]" * 300), "numbers.md": lambda: front(f"a: {'9' * some(5000)}\nb: 0x{'f' * some(100_000)}\nc: 1{':59' * some(20_000)}"),
    "dotted toml.md": lambda: "+++\n" + ".".join("a" * some(20_000)) + " = 1\n+++\nx\n", "object.md": lambda: front("d: !!python/object/apply:os.system [id]"),
    # Markdown.
    **{f"run of {name}.md": lambda letter=letter, count=count: f"x {letter * some(count)} y\n" for name, (letter, count) in RUNS.items()},
    **{f"words and {name}.md": lambda letter=letter, count=count: f"a{letter} " * some(count // 4) + "\n" for name, (letter, count) in RUNS.items()},
    "growing ticks.md": lambda: "".join(f"{'`' * n} a " for n in range(1, some(1500))), "nested quotes.md": lambda: "\n".join(">" * n + " x" for n in range(1, some(1000))),
    "nested lists.md": lambda: "\n".join("  " * n + "- x" for n in range(1, some(2000))), "fences.md": lambda: "```\n" * some(200_001),
    "references.md": lambda: "\n".join(f"[a{n}]: x" for n in range(some(100_000))) + "\n" + "[a1]" * some(100_000),
    "open fence.md": lambda: "````md\n" + "x `` y\n" * some(100_000), "rows.md": lambda: "|a|b|\n|-|-|\n" + "|x|y|\n" * some(150_000),
    "wide.md": lambda: "|" + "a|" * some(100_000) + "\n|" + "-|" * some(100_000) + "\n|" + "x|" * some(100_000), "headings.md": lambda: "".join(f"# h{n}\n" for n in range(some(150_000))),
    "deep headings.md": lambda: "".join(f"{'#' * (n % 6 + 1)} h{n}\nxx\n" for n in range(some(60_000))), "open comments.md": lambda: "x\n\n" + "<!--\n\n" * some(100_000),
    # Plain text.
    "line.txt": lambda: "ab cd " * some(250_000), "word.txt": lambda: "x" * some(3_000_000), "cjk.txt": lambda: "\u4e2d" * some(400_000), "joiners.txt": lambda: "\u200d" * some(400_000),
    "families.txt": lambda: "\U0001f468\u200d" * some(300_000), "marks.txt": lambda: "a" + "\u0301" * some(300_000), "bytes.txt": lambda: random.Random(1).randbytes(some(300_000)).translate(bytes(n | 128 for n in range(256))),
    "terminal.txt": lambda: "sky \x1b]0;TITLE\x07 \x1b[31mRED\x1b[0m \x1b[2J blue \x1b]52;c;ZWNobw==\x07 \x9b31m \x08\x08back\rover end\n",
    # HTML and XML.
    "deep.html": lambda: "<html><body>" + "<div>" * some(1_000_000) + "x", "bold.html": lambda: "<b>" * some(300_000) + "x" + "</b>" * some(300_000),
    "tables.html": lambda: "<table><tr><td>" * some(20_000) + "x", "attributes.html": lambda: f"<div {' '.join(f'a{n}=1' for n in range(some(300_000)))}>x</div>",
    "angles.html": lambda: "<" * some(1_000_000), "entities.html": lambda: "&amp" * some(600_000), "comments.html": lambda: "<!--" * some(1_000_000), "links.html": lambda: "<a href=x>" * some(300_000) + "x",
    "lists.html": lambda: "<ul><li>x" * some(50_000), "open tags.html": lambda: "<p" * some(1_000_000), "paragraph comments.html": lambda: "<p>" + "a <!-- \n -->" * some(50_000),
    "deep.svg": lambda: "<svg>" + "<g>" * some(300_000), "entities.fodt": lambda: f'<?xml version="1.0"?>{ENTITIES}<office:document xmlns:office="{OFFICE}:office:1.0" '
    'office:mimetype="application/vnd.oasis.opendocument.text"><office:body>&e9;</office:body></office:document>',
    # Office.
    **{f"entities {encoding}.docx": lambda encoding=encoding: docx(paragraph("&e9;"), ENTITIES, encoding) for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp037")},
    "deep.docx": lambda: docx("<w:p>" * some(200_000) + "</w:p>" * some(200_000)), "large.docx": lambda: docx(paragraph("a" * some(400_000_000))), "attributes.docx": lambda: docx("<w:p a=x/>"),
    "many attributes.docx": lambda: docx("<w:p " + " ".join(f'a{n}="1"' for n in range(some(300_000))) + "/>"), "paragraphs.docx": lambda: docx(paragraph("x") * some(1_000_000)),
    "blanks.odt": lambda: odt('<text:p>x<text:s text:c="2000000000"/>y</text:p>'), "deep.odt": lambda: odt("<text:list><text:list-item>" * some(5000) + "<text:p>x</text:p>" + "</text:list-item></text:list>" * some(5000)),
    "repeated.odt": lambda: odt('<table:table><table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000">'
                                "<text:p>z</text:p></table:table-cell></table:table-row></table:table>"),
    # What holds other files.
    "nested.zip": lambda: zipped([(f"b{n}.zip", zipped([("a.txt", b"a" * some(50_000_000))])) for n in range(10)]), "large.zip": lambda: zipped([(f"b{n}.txt", b"a b " * some(20_000_000)) for n in range(4)]),
    "same names.zip": lambda: zipped([("same.txt", b"x")] * some(5_000)), "overlapping.zip": lambda: overlapping(some(1000), some(50_000_000)),
    "names.zip": lambda: zipped([(n, "x") for n in ("../../../etc/passwd", "/etc/passwd", "C:\\x.txt", "a\x1b[31mred.txt", "a\nb.txt", "a!/b.txt", "x\0y.txt", "n" * some(60_000) + ".txt", "ok.txt")]),
    "odd.tar": odd_tar, "lying.tar": lying_tar, "many.tar.gz": lambda: gzip.compress(tarred([(f"f{n}", b"", tarfile.REGTYPE, "") for n in range(some(70_000))]), 1),
    "zeros.txt.gz": lambda: gzip.compress(bytes(some(600_000_000)), 1), "letters.txt.gz": lambda: gzip.compress(b"a" * some(100_000_000), 1), "lines.md.gz": lambda: gzip.compress(b"# a\n" * some(20_000_000), 1),
    "layers.gz": lambda: layers(lambda data: gzip.compress(data, 1), some(1200)), "letters.txt.bz2": lambda: bz2.compress(b"a" * some(100_000_000), 1),
    "letters.txt.xz": lambda: lzma.compress(b"a" * some(400_000_000), preset=0), "tars in gzip in zip.zip": lambda: zipped([(f"{n}.tar.gz", gzip.compress(tarred([("a.txt", b"a" * some(20_000_000), tarfile.REGTYPE, "")]), 1)) for n in range(20)]),
    "one in the other.zip": lambda: layers(lambda data: zipped([("a.zip", data), ("b.txt", b"words")]), 60),
    # Office of other kinds, and books.
    "far corner.xlsx": lambda: xlsx('<c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c>'), "cells.xlsx": lambda: xlsx('<c t="s"><v>0</v></c>' * some(1_000_000), "x" * some(10_000)),
    "strings.xlsx": lambda: xlsx('<c t="s"><v>99999999999999999999</v></c><c t="s"><v>-1</v></c><c r="ZZZZZZ9999999999"><v>1e99999</v></c>'),
    "slides.pptx": lambda: pptx(some(50_000)), "spine.epub": lambda: epub('<itemref idref="a"/>' * some(100_000)), "deep.rtf": lambda: "{\\rtf1 " + "{" * some(1_000_000) + "x" + "}" * some(1_000_000),
    "binary.rtf": lambda: "{\\rtf1 a\\bin2147483647 b\\uc99999\\u-99999 c\\'zz " + "\\par" * some(500_000) + "}", "entities.xml": lambda: f'<?xml version="1.0"?>{ENTITIES}<a>&e9;</a>',
    "outside.xml": lambda: '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "entities.fb2": lambda: (f'<?xml version="1.0" encoding="utf-16"?>{ENTITIES}<FictionBook><body>&e9;</body></FictionBook>').encode("utf-16"),
    "deep.xml": lambda: "<a>" * some(1_000_000) + "x" + "</a>" * some(1_000_000), "names.xml": lambda: "<a " + " ".join(f'xmlns:a{n}="b"' for n in range(some(100_000))) + "/>",
    "parts.mht": lambda: "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n" + "--b\nContent-Type: text/html\nContent-Location: a\n\n<p>x\n" * some(20_000),
    "folded.ics": lambda: "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nSUMMARY:x\n y\n" * some(200_000), "folded.vcf": lambda: "BEGIN:VCARD\nFN:" + "a\n " * some(500_000) + "\nEND:VCARD\n",
    # Tables and data.
    "columns.csv": lambda: ",".join(f"c{n}" for n in range(some(50_000))) + ("\n" + ",".join(["1"] * some(50_000))) * 10, "quote.csv": lambda: 'a,b\n"' + "x,\n" * some(1_000_000),
    "long head.csv": lambda: "h" * some(1_000_000) + ",b\n" + "".join(f"r{n},x\n" for n in range(some(100_000))), "deep.json": lambda: "[" * some(100_000) + "]" * some(100_000),
    "deep objects.json": lambda: '{"a":' * some(100_000) + "1" + "}" * some(100_000), "digits.json": lambda: '{"a":' + "9" * some(10_000_000) + "}", "line.json": lambda: '{"a":"' + "x" * some(8_000_000) + '"}',
    "wide.json": lambda: "[" + "1," * some(1_000_000) + "1]", "odd.ipynb": lambda: '{"nbformat":4,"cells":[{"cell_type":"code","source":[["a"]],"outputs":{}},{"cell_type":[],"source":5},5,null]}',
    "output.ipynb": lambda: json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": "o" * some(20_000_000)}]}]}),
    "deep.ipynb": lambda: '{"nbformat":4,"cells":' + "[" * some(100_000) + "]" * some(100_000) + "}",
    # Mail.
    "messages.eml": lambda: mail(some(1000)), "parts.eml": lambda: mail(some(1000), kind="parts"), "dates.eml": lambda: f"Date: {'9' * some(100_000)}\nSubject: x\nContent-Type: text/plain; charset={'a' * some(100_000)}; x*0=a\n\nhi",
    "attachments.eml": lambda: "MIME-Version: 1.0\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + "--b\nContent-Type: text/plain; name=x.txt\nContent-Disposition: attachment; filename=x.txt\n\nhi\n" * some(10_000),
    "headers.eml": lambda: "Subject: " + "=?utf-8?q?a?= " * some(50_000) + "\nTo: " + "a@b, " * some(50_000) + "\n\nhi", "addresses.eml": lambda: f"From: {'(' * some(5000)}\nTo: {chr(34) * some(20_000)}\nCc: {'<' * some(20_000)}\n\nhi",
    "many.mbox": lambda: "".join(f"From a@b Thu Jan  1 00:00:00 1970\nSubject: s{n}\nMessage-ID: <{n}>\n\nhello {n}\n\n" for n in range(some(5_000))),
    # LaTeX, subtitles, code, other markup.
    "braces.tex": lambda: "{" * some(200_000) + "x" + "}" * some(200_000), "sections.tex": lambda: "\\section{" * some(50_000), "slashes.tex": lambda: "\\" * some(500_001), "begins.tex": lambda: "\\begin{a}" * some(100_000),
    "dollars.tex": lambda: "$" * some(300_001), "percents.tex": lambda: "%\\" * some(300_000), "times.srt": lambda: "1\n00:00:01,000 --> 00:00:02,000\n" * some(200_000), "angles.vtt": lambda: "WEBVTT\n\n" + "<" * some(500_000) + "\n" + "00:00.000 --> " * some(100_000),
    "parentheses.py": lambda: "(" * some(100_000), "ifs.py": lambda: "".join(" " * n + "if x:\n" for n in range(some(3000))), "sum.py": lambda: "x = " + "1+" * some(1_000_000) + "1\n", "quotes.py": lambda: '"' * some(999_999),
    "brackets.js": lambda: "[{" * some(200_000), "braces.c": lambda: "{" * some(300_000), "braces.zig": lambda: "fn a() {}\n" + "{" * some(300_000), "lines.rst": lambda: "=" * some(300_000) + "\n" + "a\n=\n" * some(30_000),
    "heads.adoc": lambda: "=" * some(300_000) + "\n" + "== a\n" * some(30_000),
}  # fmt: skip


LIMIT, LIMIT_TOKENS = 50_000, 80
"""Chunks that one file may have, and tokens of one where each section of `at_the_limit` is to be one."""


def at_the_limit():
    """As many chunks as a file may have, each of 300 letters below a heading of its own, with a title and facts.

    That is nearly as much as so many may weigh. Each says a few words again and again: that hashes quickly, and is
    stored as any other text. No two sections fit `LIMIT_TOKENS` together.
    """
    dice = random.Random(3)
    known = [f"word{dice.randrange(10**6)}" for _ in range(20_000)]
    facts = "".join(f"k{number}: {' '.join(dice.choices(known, k=4))}\n" for number in range(4))
    sections = (
        f"## Head {n} {known[n % 20_000]}\n\n{' '.join(dice.choices(known, k=5) * 5)}\n\n" for n in range(LIMIT)
    )
    return f"---\ntitle: The limit\n{facts}---\n{''.join(sections)}"


def write(folder, name):
    """Write one of them; returns its size."""
    content = (DOCUMENTS | {"limit.md": at_the_limit})[name]()
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return len(data)

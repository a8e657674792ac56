"""Text in pictures: pages made here with real fonts and read back."""

from __future__ import annotations

import functools
import io

import pytest
from embedingest_ocr import create
from PIL import Image, ImageDraw, ImageFont

from embedingest import Config, DocumentError, DocumentSkipped, PluginError, Session
from embedingest.plugin import open_loader
from embedingest.testing import contract


@functools.cache
def picture(*lines: str) -> Image.Image:
    image = Image.new("RGB", (1000, 120 + 90 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((60, 60 + 90 * number), line, fill="black", font=ImageFont.load_default(44))
    return image


def saved(kind: str, *images: Image.Image) -> bytes:
    out = io.BytesIO()
    images = tuple(image.copy() for image in images)  # saving leaves marks of one format on an image
    more = {"save_all": True, "append_images": list(images[1:])} if len(images) > 1 else {}
    images[0].save(out, kind, **more)
    return out.getvalue()


WALRUS = picture("The walrus sleeps on the ice", "and dreams of oysters")
LLAMA = picture("The llama spits at strangers")

test_contract = contract(
    "loaders", create, examples={"scan.png": saved("PNG", WALRUS), "scan.pdf": saved("PDF", LLAMA)}
)


def words(text: str) -> list[str]:
    return text.lower().replace(" ", "").split()


def test_an_image_is_read_in_the_order_of_its_lines() -> None:
    document = create().load(saved("PNG", WALRUS), "scan.png")
    assert words(document.text) == ["thewalrussleepsontheice", "anddreamsofoysters"]


@pytest.mark.parametrize(("kind", "name"), [("PDF", "scan.pdf"), ("TIFF", "scan.tiff")])
def test_every_page_is_read_and_has_its_span(kind: str, name: str) -> None:
    document = create().load(saved(kind, WALRUS, LLAMA), name)
    assert [(span.kind, span.value) for span in document.spans] == [("page", 1), ("page", 2)]
    second = document.spans[1]
    assert words(document.text[second.start : second.end]) == ["thellamaspitsatstrangers"]


def pdf(*pages: str | Image.Image, outline: tuple[tuple[str, int], ...] = ()) -> bytes:
    """A PDF of lines of Helvetica and of pictures, a page each; `outline` has titles with the index of their page."""
    count = len(pages)
    kids = " ".join(f"{10 + 3 * index} 0 R" for index in range(count))
    objects: dict[int, tuple[str, bytes | None]] = {
        1: ("<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>", None),
        2: (f"<< /Type /Pages /Kids [{kids}] /Count {count} >>", None),
        3: ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", None),
        4: (f"<< /First 90 0 R /Last {89 + len(outline)} 0 R /Count {len(outline)} >>", None),
    }
    for index, page in enumerate(pages):
        number = 10 + 3 * index
        if isinstance(page, Image.Image):
            drawing = f"q 500 0 0 {500 * page.height // page.width} 50 500 cm /I Do Q"
            size = f"/Width {page.width} /Height {page.height}"
            image = f"<< /Subtype /Image {size} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
            objects[number + 2] = (image, saved("JPEG", page))
        else:
            lines = " ".join(f"({line}) Tj 0 -16 Td" for line in page.split("\n"))
            drawing = f"BT /F 12 Tf 72 720 Td {lines} ET"
        resources = f"<< /Font << /F 3 0 R >> /XObject << /I {number + 2} 0 R >> >>"
        box = "/MediaBox [0 0 612 792]"
        contents = f"/Contents {number + 1} 0 R /Resources {resources}"
        objects[number] = (f"<< /Type /Page /Parent 2 0 R {box} {contents} >>", None)
        objects[number + 1] = ("<<", drawing.encode())
    for index, (title, page_index) in enumerate(outline):
        following = f" /Next {91 + index} 0 R" if index + 1 < len(outline) else ""
        target = f"/Dest [{10 + 3 * page_index} 0 R /Fit]"
        objects[90 + index] = (f"<< /Title ({title}) /Parent 4 0 R {target}{following} >>", None)
    out = bytearray(b"%PDF-1.4\n")
    for number, (body, stream) in objects.items():
        inner = b"" if stream is None else f" /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"
        out += f"{number} 0 obj\n{body}".encode() + inner + b"\nendobj\n"
    return bytes(out + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n")


def test_a_pdf_with_text_is_read_as_without_the_plugin() -> None:
    data = pdf("Opening\nAll about mills.", "Closing\nNo more.", outline=(("Opening", 0), ("Closing", 1)))
    document = create().load(data, "mill.pdf")
    assert document == open_loader("pdf").load(data, "mill.pdf")
    assert [span.value for span in document.spans if span.kind == "heading"] == ["Opening", "Closing"]


def test_pages_without_text_are_read_between_the_others_and_headings_stay() -> None:
    data = pdf(
        "Opening\nAll about mills.", WALRUS, "Closing\nNo more.", LLAMA, outline=(("Opening", 0), ("Closing", 2))
    )
    document = create().load(data, "mill.pdf")
    said = {(span.kind, span.value): "".join(document.text[span.start : span.end].split()) for span in document.spans}
    assert said["page", 1] == "OpeningAllaboutmills."
    assert said["page", 2].lower() == "thewalrussleepsontheiceanddreamsofoysters"
    assert said["page", 3] == "ClosingNomore."
    assert said["page", 4].lower() == "thellamaspitsatstrangers"
    assert said["heading", "Opening"] == said["page", 1] + said["page", 2]
    assert said["heading", "Closing"] == said["page", 3] + said["page", 4]
    assert not document.notices
    assert document.metadata == {"pages": 4}


def test_a_page_that_stays_without_text_is_counted() -> None:
    data = pdf("All about mills.", Image.new("RGB", (300, 90), "skyblue"), WALRUS)
    assert create(max_pages=1).load(data, "mill.pdf").notices == {"pages_without_text": 1, "skipped_pages": 1}


def test_a_picture_without_text_is_left_out_with_its_reason() -> None:
    with pytest.raises(DocumentSkipped, match=r"no text was found in sky\.png") as caught:
        create().load(saved("PNG", Image.new("RGB", (300, 200), "skyblue")), "sky.png")
    assert caught.value.code == "no_text"


def test_a_broken_picture_is_told() -> None:
    with pytest.raises(DocumentError, match="no picture"):
        create().load(saved("PNG", WALRUS)[:300], "cut.png")


def test_pages_beyond_the_limit_are_counted() -> None:
    document = create(max_pages=1).load(saved("TIFF", LLAMA, WALRUS), "scan.tiff")
    assert document.notices["skipped_pages"] == 1


def test_named_it_reads_the_pictures_of_a_folder(tmp_path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "walrus.png").write_bytes(saved("PNG", WALRUS))
    pipeline = {"sources": [{"path": tmp_path / "scans"}], "model": "hashing", "db": str(tmp_path / "db")}
    for plugins, new in (((), 0), (("ocr",), 1)):
        scans = {"scans": {**pipeline, "table": f"t{new}"}}
        shop = Session(Config(state=tmp_path / f"state{new}", plugins=plugins, pipelines=scans))
        with shop.pipeline("scans") as opened:
            report = opened.converge()
        assert (report.chunks.new > 0) is bool(new), report.to_json()
        shop.close()


def test_settings_are_bounded(tmp_path) -> None:
    pipeline = {"sources": [{"path": tmp_path}], "load": {"options": {"ocr": {"dpi": 9}}}}
    with pytest.raises(PluginError, match="`dpi`: Input should be greater than or equal to 50"):
        Session(Config(plugins=("ocr",), pipelines={"scans": pipeline})).pipeline("scans")

"""Text in pictures: pages made here with real fonts and read back."""

from __future__ import annotations

import functools
import io

import pytest
from embedingest_ocr import create
from PIL import Image, ImageDraw, ImageFont

from embedingest import DocumentError, DocumentSkipped, PluginError, Workshop, open_pipeline
from embedingest.config import Config
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
        shop = Workshop(Config(state=tmp_path / f"state{new}", plugins=plugins, pipelines=scans))
        with open_pipeline(shop, "scans") as opened:
            report = opened.converge()
        assert (report.chunks["new"] > 0) is bool(new), report.to_json()
        shop.close()


def test_settings_are_bounded(tmp_path) -> None:
    pipeline = {"sources": [{"path": tmp_path}], "load": {"options": {"ocr": {"dpi": 9}}}}
    with pytest.raises(PluginError, match="`dpi`: Input should be greater than or equal to 50"):
        open_pipeline(Workshop(Config(plugins=("ocr",), pipelines={"scans": pipeline})), "scans")

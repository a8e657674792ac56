"""Files of pictures as documents: what their EXIF says, and a reason for each that cannot be read."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from embedingest_images.loader import create
from made import encoded, exif, scene
from PIL import Image

from embedingest.plugin import DocumentError
from embedingest.testing import contract

KINDS = ["JPEG", "PNG", "WEBP", "GIF"]
EXAMPLES = {f"a.{kind.lower()}": encoded(scene(1), kind) for kind in KINDS}

test_contract = contract("loaders", create, examples=EXAMPLES)


def load(data: bytes, name: str = "photos/a.jpg", **options):
    return create(**options).load(data, name)


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_gives_its_pixels(kind):
    image = scene(2, 48, 36)
    document = load(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert document.metadata == {"width": 48, "height": 36}
    assert document.mime == f"image/{kind.lower()}"
    seen = np.frombuffer(document.picture.pixels, np.uint8).reshape(36, 48, 3).astype(int)
    assert np.abs(seen - np.asarray(image)).mean() < (0.01 if kind in {"PNG", "WEBP"} else 12)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_camera_says_is_metadata_and_words(kind):
    document = load(encoded(scene(3, 60, 40), kind, exif=exif()), "photos/Italy_2024/IMG_0007.jpg")
    assert document.metadata == {
        "width": 40,
        "height": 60,
        "taken_at": "2024-07-14T18:32:05+02:00",
        "camera": "Canon EOS R5",
        "lens": "RF 50mm",
        "description": "The old town at night",
        "latitude": 48.208333,
        "longitude": 16.37,
    }
    assert document.title == "The old town at night"
    assert document.text == (
        "IMG 0007, in Italy 2024\nThe old town at night\ntaken 2024-07-14 18:32, 14 July 2024, with Canon EOS R5"
    )


def test_a_picture_is_turned_as_its_camera_was():
    image = Image.new("RGB", (4, 2), "black")
    image.putpixel((0, 0), (255, 255, 255))
    for orientation, place in ((1, (0, 0)), (2, (3, 0)), (3, (3, 1)), (6, (1, 0)), (8, (0, 3))):
        picture = load(encoded(image, "PNG", exif=exif(orientation=orientation))).picture
        seen = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)[:, :, 0]
        assert (int(seen.argmax() % picture.width), int(seen.argmax() // picture.width)) == place, orientation


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"taken": "0000:00:00 00:00:00"}, {"taken_at"}),
        ({"taken": "yesterday"}, {"taken_at"}),
        ({"make": None, "model": None}, {"camera"}),
        ({"place": {1: "N", 2: (480.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 12.0)}}, {"latitude", "longitude"}),
        ({"place": {2: (48.0, 12.0, 30.0), 4: (16.0, 22.0, 12.0)}}, {"latitude", "longitude"}),
        ({"place": {1: "N", 2: (48.0, 12.0, 30.0)}}, {"latitude", "longitude"}),
    ],
)
def test_what_cannot_be_so_is_left_out(said, missing):
    usual = load(encoded(scene(3), exif=exif())).metadata
    assert usual.keys() - load(encoded(scene(3), exif=exif(**said))).metadata.keys() == missing


def test_south_and_west_are_below_zero():
    place = {1: "S", 2: (33.0, 51.0, 0.0), 3: "W", 4: (70.0, 30.0, 0.0)}
    metadata = load(
        encoded(scene(3), exif=exif(place=place, offset=None, make="NIKON CORPORATION", model="Z 6"))
    ).metadata
    assert (metadata["latitude"], metadata["longitude"]) == (-33.85, -70.5)
    assert metadata["camera"] == "NIKON CORPORATION Z 6"
    assert dt.datetime.fromisoformat(metadata["taken_at"]).tzinfo is None


def test_transparent_pictures_stand_on_white_and_deep_ones_are_not_burnt_out():
    clear = load(encoded(Image.new("RGBA", (4, 4), (10, 20, 30, 0)), "PNG"))
    assert set(clear.picture.pixels) == {255}
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30])
    assert set(load(encoded(palette, "PNG", transparency=0)).picture.pixels) == {255}
    deep = Image.fromarray(np.array([[0, 32768], [65535, 257]], np.uint16))
    grey = np.frombuffer(load(encoded(deep, "PNG")).picture.pixels, np.uint8).reshape(2, 2, 3)[:, :, 0]
    assert grey.tolist() == [[0, 127], [255, 1]]
    assert len(load(encoded(scene(1).convert("CMYK"))).picture.pixels) == 60 * 40 * 3


def test_of_a_moving_picture_the_first_frame_is_looked_at():
    document = load(encoded(scene(1), "GIF", save_all=True, append_images=[scene(2), scene(3)]), "a.gif")
    first = load(encoded(scene(1), "GIF"), "a.gif")
    assert document.picture == first.picture
    assert (document.notices, first.notices) == ({"later_frames": 2}, {})


def test_exif_that_is_damaged_costs_only_itself():
    data = bytearray(encoded(scene(1), exif=exif()))
    start = data.index(b"Exif\0\0") + 6
    data[start + 4 : start + 60] = b"\xff" * 56
    document = load(bytes(data))
    assert document.picture == load(encoded(scene(1))).picture
    assert document.metadata.keys() >= {"width", "height"}


@pytest.mark.parametrize("facts", [{}, {"exif": exif()}], ids=["bare", "exif"])
@pytest.mark.parametrize(("place", "length"), [(0.3, 1), (0.5, 1), (0.8, 1), (0.4, 500)])
def test_damaged_pixels_of_a_png_are_a_reason_and_not_a_fault_of_its_exif(place, length, facts):
    noise = np.random.default_rng(5).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), "PNG", **facts)
    assert load(data, "a.png").notices == {}
    at = int(len(data) * place)
    damaged = bytearray(data)
    damaged[at : at + length] = bytes(length) if length > 1 else bytes([damaged[at] ^ 0xFF])
    with pytest.raises(DocumentError, match=r"a\.png cannot be read as a picture: .*data stream") as refused:
        load(bytes(damaged), "a.png")
    assert refused.value.code == "corrupt"


def test_control_characters_of_exif_are_blanks():
    said = exif(description="The \x1b[31mold\x07town\x7f", make=None, model="R5\x1b]0;x\x07", lens="RF\x1f50mm")
    document = load(encoded(scene(3), exif=said))
    facts = [document.metadata[name] for name in ("description", "camera", "lens")]
    assert facts == ["The [31mold town", "R5 ]0;x", "RF 50mm"]
    assert document.title == "The [31mold town"
    assert all(letter.isprintable() or letter == "\n" for letter in document.text)


def png_of(width: int, height: int) -> bytes:
    """A few bytes that say that they unpack to a picture of any size."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(10_000))) + part(b"IEND", b"")


def webp_of(width: int, height: int, kind: bytes) -> bytes:
    """As `png_of`, in each of the three forms of WebP."""
    if kind == b"VP8X":
        body = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        body = b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(5)
    else:
        body = bytes(3) + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    "data",
    [png_of(30_000, 20_000), *(webp_of(16_000, 15_000, kind) for kind in (b"VP8X", b"VP8L", b"VP8 "))],
    ids=["png", "extended", "lossless", "lossy"],
)
def test_a_bomb_is_refused_by_its_pixels_before_it_is_unpacked(data):
    with pytest.raises(DocumentError, match=r"0,000 pixels, more than the 64,000,000 that are read") as refused:
        load(data)
    assert refused.value.code == "too_large"
    assert "max_pixels" in refused.value.remedy


def test_the_bound_is_a_setting_and_pillows_own_comes_back():
    before = Image.MAX_IMAGE_PIXELS
    assert load(encoded(scene(1, 100, 100)), max_pixels=10_000).metadata["width"] == 100
    with pytest.raises(DocumentError, match="100 x 101 = 10,100 pixels, more than the 10,000"):
        load(encoded(scene(1, 100, 101)), max_pixels=10_000)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_cut_short_gives_a_reason_at_each_tenth(kind):
    data = encoded(scene(4, 200, 160), kind)
    for tenth in range(10):
        with pytest.raises(DocumentError) as refused:
            load(data[: len(data) * tenth // 10], f"a.{kind.lower()}")
        assert refused.value.code == "corrupt"
        assert f"a.{kind.lower()}" in refused.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_give_a_picture_or_a_reason(kind):
    data, chance = encoded(scene(5, 200, 160), kind, **({} if kind == "GIF" else {"exif": exif()})), random.Random(3)
    for _ in range(40):
        flipped = bytearray(data)
        for place in chance.sample(range(len(data)), max(1, len(data) // 100)):
            flipped[place] ^= 1 << chance.randrange(8)
        with contextlib.suppress(DocumentError):
            document = load(bytes(flipped))
            assert len(document.picture.pixels) == 3 * document.metadata["width"] * document.metadata["height"]


def test_a_text_under_the_name_of_a_picture_is_none():
    with pytest.raises(DocumentError, match="no picture in a format that is read") as refused:
        load(b"just a text, whatever its name says\n" * 20)
    assert refused.value.code == "corrupt"


def test_a_drawing_of_words_is_left_to_others():
    assert not {".svg", ".svgz"} & create().suffixes


def test_heic_is_read_with_the_extra_and_turned_once():
    data = (Path(__file__).parent / "turned.heic").read_bytes()
    document = load(data, "photos/turned.heic")
    assert document.mime == "image/heic"
    assert {"width": 120, "height": 200, "camera": "Canon EOS R5"}.items() <= document.metadata.items()
    upright = np.frombuffer(document.picture.pixels, np.uint8).reshape(200, 120, 3).astype(int)
    assert np.abs(upright - np.rot90(np.asarray(scene(1, 200, 120)), -1)).mean() < 12
    for tenth in range(10):
        with pytest.raises(DocumentError) as refused:
            load(data[: len(data) * tenth // 10])
        assert refused.value.code == "corrupt"


def test_heic_without_the_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(DocumentError, match="HEIC, which nothing here reads") as refused:
        load(b"\0\0\0\x18ftypheic" + bytes(200), "a.heic")
    assert refused.value.code == "missing_extra"
    assert "embedingest-images[heic]" in refused.value.remedy

import time
import zlib

import pytest

from embedingest.ingest.load.pages.linked import has_only_links

LINK = b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>"
NOTE = b"<</Type/Annot/Subtype/FreeText/Contents(seen)/Rect[0 0 9 9]>>"


def packed(objects: bytes, head: bytes = b"/Filter /FlateDecode") -> bytes:
    return (
        b"7 0 obj\n<< /Type /ObjStm /N 1 /First 4 " + head + b" >>\nstream\n" + zlib.compress(objects) + b"\nendstream"
    )


def test_links_are_told_where_they_are_written_and_where_they_are_packed():
    font = b"<< /Type /Font /Subtype/Type1 >> << /Subtype /Type1C >>"
    assert has_only_links(b"%PDF-1.7\n" + LINK + font + packed(b"1 0 " + LINK) + packed(b"2 0 " + LINK + font))


@pytest.mark.parametrize(
    "note",
    [
        NOTE,
        b"<</Subtype /Widget /FT /Tx>>",
        b"<</Subtype%and then\n/Text>>",
        b"<</Subtype/Linked>>",
        b"<</Sub#74ype/Text>>",
        b"<</Subtype 9 0 R>>",
        b"<</Subtype/Link/Subtype/Text>>",
        b"<</Rect[0 0 9 9]/Contents <FEFF0041>>>",
    ],
)
def test_what_is_no_link_is_seen_where_it_is_written_and_where_it_is_packed(note):
    assert not has_only_links(LINK + note)
    assert not has_only_links(LINK + packed(LINK) + packed(LINK + note))


@pytest.mark.parametrize(
    "stream",
    [
        packed(LINK, head=b"/Filter /LZWDecode"),
        packed(LINK, head=b"/Filter [/ASCII85Decode /FlateDecode]"),
        packed(LINK, head=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"),
        packed(LINK).replace(b"/ObjStm", b"/Obj#53tm"),
        packed(LINK)[:-20],
        packed(LINK).replace(b"stream\n", b"stream\nX", 1),
        packed(LINK).replace(b"endstream", b"more endstream"),
        packed(LINK + bytes(2**25)),
    ],
    ids=["another filter", "two filters", "predicted", "escaped", "cut off", "damaged", "more", "too large"],
)
def test_nothing_is_said_of_what_cannot_be_unpacked(stream):
    assert not has_only_links(LINK + stream)


def test_a_file_of_packed_objects_is_looked_at_once():
    def took(count: int) -> float:
        data = packed(LINK, head=b"/Filter /FlateDecode" + b" " * 300) * count
        began = time.process_time()
        assert has_only_links(data)
        return time.process_time() - began

    took(10)
    few, many = (min(took(count) for _ in range(3)) for count in (500, 4000))
    assert many < 8 * few * 3

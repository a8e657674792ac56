"""Characters that only their font knows are told, and signs of symbol fonts are what a person sees."""

import pytest

from embedingest.ingest.load.pdf import create
from tests.samples import pdf, pdf_file


def load(letters, font, mapped):
    """A page with these letters of a font in the middle of a word; `mapped` is what the font says of each byte, in hexadecimal."""
    lines = "\n".join(f"<{ord(letter):02x}> <{there}>" for letter, there in mapped.items())
    table = f"1 begincodespacerange <00> <FF> endcodespacerange {len(mapped)} beginbfchar\n{lines}\nendbfchar"
    drawing = f"BT /F 12 Tf 72 720 Td (di) Tj /G 12 Tf ({letters}) Tj /F 12 Tf (culties here) Tj ET"
    page = "/MediaBox [0 0 612 792] /Contents 7 0 R /Resources << /Font << /F 3 0 R /G 5 0 R >> >>"
    return create().load(
        pdf_file(
            {
                1: ("<< /Type /Catalog /Pages 2 0 R >>", None),
                2: ("<< /Type /Pages /Kids [4 0 R] /Count 1 >>", None),
                3: ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", None),
                4: (f"<< /Type /Page /Parent 2 0 R {page} >>", None),
                5: (f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /ToUnicode 6 0 R >>", None),
                6: ("<<", f"begincmap {table} endcmap".encode()),
                7: ("<<", drawing.encode()),
            }
        ),
        "a.pdf",
    )


@pytest.mark.parametrize(
    ("font", "mapped", "said", "unknown"),
    [
        ("ABCDEF+CMR10", {"!": "0000"}, "\ufffd", 1),
        ("ABCDEF+CMR10", {"!": "000E"}, "\ufffd", 1),
        ("ABCDEF+CMR10", {"!": "E123"}, "\ufffd", 1),
        ("ABCDEF+CMEX10", {"!": "F8F4"}, "⎪", 0),
        ("SymbolMT", {"!": "F0B7"}, "•", 0),
        ("ABCDEF+Wingdings-Regular", {"!": "F0A7"}, "▪", 0),
        ("Wingdings2", {"!": "F0A7"}, "\ufffd", 1),
        ("ABCDEF+CMR10", {"!": "006600660069"}, "ffi", 0),
    ],
)
def test_a_character_without_letters(font, mapped, said, unknown):
    document = load("!", font, mapped)
    assert document.text == f"di{said}culties here\n\n"
    assert document.notices == ({"unknown_symbols": unknown} if unknown else {})


def test_a_hyphen_at_the_end_of_a_line_is_no_such_character():
    document = create().load(pdf((("The water tur-", "ns the wheel."),)), "a.pdf")
    assert "The water turns" in document.text
    assert document.notices == {}

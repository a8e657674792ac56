"""Messages of Outlook: saved ones (MSG), and what it packs into a mail for itself (winmail.dat)."""

import datetime as dt
import email.message
import struct
import time

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.letters.packed_rtf import unpacked_rtf
from tests import samples
from tests.ingest.load.old_files import compound, msg, packed
from tests.ingest.load.test_bad_input import damaged

SUBJECT, FROM, ADDRESS, SENT, PLAIN, HTML, RTF, PAGE = 0x37, 0xC1A, 0xC1F, 0x39, 0x1000, 0x1013, 0x1009, 0x3FDE
TEXT, WIDE, BINARY, LONG, TIME = 0x1E, 0x1F, 0x102, 3, 0x40
NAME, SMTP, KIND, DATA, FILE = 0x3001, 0x39FE, 0xC15, 0x3701, 0x3707
MAY = (
    int((dt.datetime(2024, 5, 10, 8, 30, tzinfo=dt.UTC) - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)).total_seconds())
    * 10**7
)
MOTTO = {
    (SUBJECT, WIDE): "Re: the mill",
    (FROM, WIDE): "Jürgen Müller",
    (ADDRESS, WIDE): "jm@example.org",
    (SENT, TIME): MAY,
}


def read(data, name):
    document = load_inner(data, name, name)
    return document, {child.source.partition("!/")[2]: child.text.strip() for child in document.children}


def test_a_saved_message_has_its_headers_its_text_and_what_is_attached():
    docx = samples.good()["mill.docx"]
    people = [
        {(NAME, WIDE): "Ann", (SMTP, WIDE): "ann@example.org", (KIND, LONG): 1},
        {(NAME, WIDE): "Bo Weber", (KIND, LONG): 2},
    ]
    data = msg(
        MOTTO | {(PLAIN, WIDE): "The wheel turns.\r\nŁódź"}, [{(FILE, WIDE): "plan.docx", (DATA, BINARY): docx}], people
    )
    document, attached = read(data, "a.msg")
    assert document.text == (
        "Re: the mill\nFrom: Jürgen Müller <jm@example.org>\nTo: Ann <ann@example.org>\nCc: Bo Weber\n"
        "Date: Fri, 10 May 2024 08:30:00 +0000\n\nThe wheel turns.\nŁódź\n"
    )
    assert (document.title, document.mime, list(attached)) == (
        "Re: the mill",
        "application/vnd.ms-outlook",
        ["plan.docx"],
    )
    assert attached["plan.docx"].startswith("# Opening the gate")


def test_a_saved_message_in_html_alone_or_in_rich_text_alone_is_read():
    html = "<html><body><h1>Mühle</h1><p>Water turns it.</p></body></html>".encode("cp1252")
    assert read(msg(MOTTO | {(HTML, BINARY): html, (PAGE, LONG): 1252}), "a.msg")[0].text.endswith(
        "\n\n# Mühle\n\nWater turns it.\n"
    )
    rich = rb"{\rtf1\ansi\ansicpg1252 Water turns the M\'fchle.\par Every day.}"
    body = struct.pack("<4I", len(rich) + 12, len(rich), 0x414C454D, 0) + rich
    assert read(msg({(RTF, BINARY): body}), "a.msg")[0].text == "(no subject)\n\nWater turns the Mühle.\n\nEvery day.\n"


@pytest.mark.parametrize(
    "tells", [{(0x3FFD, LONG): 1251}, {(0x3FF1, LONG): 0x419, (PAGE, LONG): 65001}, {(PAGE, LONG): 1251}]
)
def test_words_of_one_byte_a_character_are_in_the_encoding_that_the_message_or_its_language_tells(tells):
    said = {(SUBJECT, TEXT): "Мельница".encode("cp1251"), (PLAIN, TEXT): "Колесо крутится.".encode("cp1251")}
    assert read(msg(said | tells), "a.msg")[0].text == "Мельница\n\nКолесо крутится.\n"
    wrong = msg(
        {(SUBJECT, TEXT): b"M\xfchle", (0x3FFD, LONG): 65001, (HTML, TEXT): "Räder".encode(), (PAGE, LONG): 65001}
    )
    assert read(wrong, "a.msg")[0].text == "Mühle\n\nRäder\n"


def test_a_message_within_a_message_is_a_document_of_its_own_with_what_it_holds():
    inner = (
        {(SUBJECT, WIDE): "Inner", (PLAIN, WIDE): "Deep words."},
        [{(FILE, WIDE): "a.txt", (DATA, BINARY): b"leaf"}],
    )
    document = load_inner(msg(MOTTO, [inner]), "a.msg", "a.msg")
    (child,) = document.children
    assert (child.source, child.text) == ("a.msg!/Inner.eml", "Inner\n\nDeep words.\n")
    assert [(leaf.source, leaf.text) for leaf in child.children] == [("a.msg!/Inner.eml!/a.txt", "leaf")]


def test_people_with_any_name_and_any_address_are_named():
    people = [("Allison, T. B.", "ta@example.org"), ("張 (FT)", "z@example.org"), ("Ann", "ann@exämple\u2066.org")]
    said = [{(NAME, WIDE): name, (SMTP, WIDE): address, (KIND, LONG): 1} for name, address in people]
    assert read(msg({(SUBJECT, WIDE): "a"}, recipients=said), "a.msg")[0].text.splitlines()[1] == (
        'To: "Allison, T. B." <ta@example.org>, "張 (FT)" <z@example.org>, Ann <ann@exämple\u2066.org>'
    )


def test_headers_of_a_saved_message_are_read_whole_or_counted_as_those_of_a_mail_are():
    everybody = "; ".join(f"Ann {number}" for number in range(9000))
    document, _ = read(msg({(SUBJECT, WIDE): "a", (0xE04, WIDE): everybody}), "a.msg")
    assert document.text.splitlines()[1] == f"To: {everybody}"
    assert "headers_cut" not in document.notices
    document, _ = read(msg({(SUBJECT, WIDE): "a", (0xE04, WIDE): everybody * 12}), "a.msg")
    assert document.notices["headers_cut"] == 1


def test_an_appointment_tells_when_and_where():
    names = struct.pack("<IHHIHHIHH", 0x820D, 6, 0, 0x820E, 6, 1, 0x8208, 6, 2)
    said = {
        (SUBJECT, WIDE): "Mill meeting",
        (0x8000, TIME): MAY,
        (0x8001, TIME): MAY + 36 * 10**9,
        (0x8002, WIDE): "Room 5",
    }
    assert read(msg(said, names=names), "a.msg")[0].text == (
        "Mill meeting\n\nStart: 2024-05-10 08:30 UTC\nEnd: 2024-05-10 09:30 UTC\nLocation: Room 5\n"
    )


def mail(body, data, kind="application/ms-tnef"):
    message = email.message.EmailMessage()
    message["Subject"] = "Hello"
    if body is not None:
        message.set_content(body)
    message.add_attachment(data, maintype="application", subtype=kind.partition("/")[2], filename="winmail.dat")
    return message.as_bytes()


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream"])
def test_what_outlook_packs_into_a_mail_is_attached_to_it_and_its_words_stand_once(kind):
    inside = packed({(PLAIN, WIDE): "The wheel turns."}, [("list.csv", b"a,b\n1,2\n"), ("näher.txt", b"closer")])
    document, attached = read(mail("The wheel turns.\n", inside, kind), "a.eml")
    assert document.text == "Hello\n\nThe wheel turns.\n"
    assert attached == {"list.csv": "a | b\n1 | 2", "näher.txt": "closer"}


def test_a_mail_that_has_no_words_but_packed_ones_says_those():
    inside = packed(
        {(HTML, BINARY): b"<p>Only here.</p>"},
        [("inner.msg", packed({(SUBJECT, WIDE): "Within", (PLAIN, WIDE): "Deep."}))],
    )
    document, attached = read(mail(None, inside), "a.eml")
    assert document.text == "Hello\n\nOnly here.\n"
    assert attached == {"Within.eml": "Within\n\nDeep."}


def test_what_outlook_packs_is_read_as_a_file_too():
    said = {(SUBJECT, WIDE): "Plan", (PLAIN, TEXT): "Mühle".encode("cp1252"), (0x8208_0000, WIDE): "Room 5"}
    document, attached = read(packed(said, [("a.txt", b"leaf")]), "winmail.dat")
    assert (document.text, document.mime) == ("Plan\n\nLocation: Room 5\n\nMühle\n", "application/ms-tnef")
    assert attached == {"a.txt": "leaf"}


def test_what_is_called_msg_and_is_a_text_is_a_text():
    assert choose("Point.msg", b"float64 x\nfloat64 y\n") == "text"
    assert choose("b.msg", msg({(SUBJECT, WIDE): "a"})) == choose("no-suffix", msg({(SUBJECT, WIDE): "a"})) == "mail"
    with pytest.raises(DocumentError) as refused:
        load_inner(compound({"WordDocument": b"x"}), "a.msg", "a.msg")
    assert refused.value.code == "corrupt"


def test_packed_rich_text_refers_back_to_what_stood_before():
    raw = b"\x03\0\x0a\x00rcpg125\x42\x32\x0a\xf3\x20hel\x09\x00\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0"
    assert (
        unpacked_rtf(struct.pack("<4I", len(raw) + 12, 43, 0x75465A4C, 0xA7C7C5F1) + raw)
        == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    )
    again = b"\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0"
    head = struct.pack("<4I", len(again) + 12, 28, 0x75465A4C, 0x514BD4E2)
    assert unpacked_rtf(head + again) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert unpacked_rtf(b"LZFu") == b""


PARTS = MOTTO | {(PLAIN, WIDE): "The wheel turns. " * 20, (HTML, BINARY): b"<p>" + b"The wheel turns. " * 20}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "a.msg",
            msg(
                PARTS,
                [(PARTS, [{(FILE, WIDE): "a.txt", (DATA, BINARY): b"leaf"}])],
                [{(NAME, WIDE): "Ann", (KIND, LONG): 1}],
            ),
        ),
        ("winmail.dat", packed(PARTS, [("a.txt", b"leaf"), ("b", packed(PARTS))])),
        ("a.eml", mail("words", packed(PARTS, [("a.txt", b"leaf")]))),
    ],
)
def test_a_damaged_message_is_read_in_part_or_refused_with_a_reason(name, data):
    for bent in damaged(data, name):
        try:
            load_inner(bent, name, name)
        except DocumentError as refused:
            assert refused.message


@pytest.mark.parametrize("form", ["msg", "dat", "rich"])
def test_four_times_as_much_takes_about_four_times_as_long(form):
    def seconds(count):
        people = [{(NAME, WIDE): f"Ann {number}", (KIND, LONG): 1} for number in range(count if form == "msg" else 0)]
        files = [(f"{number}.txt", b"leaf") for number in range(count)]
        packed_words = struct.pack("<4I", 0, 2**31, 0x75465A4C, 0) + b"\0abcdefgh\xff" * 1 + b"\0abcdefgh" * 30 * count
        data = {
            "msg": lambda: msg(PARTS, [{(FILE, WIDE): name, (DATA, BINARY): leaf} for name, leaf in files], people),
            "dat": lambda: packed(PARTS, files),
            "rich": lambda: msg({(RTF, BINARY): packed_words}),
        }[form]()
        begin = time.process_time()
        load_inner(data, "a.msg" if form != "dat" else "winmail.dat", "a.msg" if form != "dat" else "winmail.dat")
        return time.process_time() - begin

    seconds(10)
    assert min(seconds(400) for _ in range(2)) < 0.1 + 9 * min(seconds(100) for _ in range(2))

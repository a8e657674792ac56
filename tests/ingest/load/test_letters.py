"""Mail, mailboxes, saved pages, calendars and cards: every word once, in its place; attachments in every nesting."""

import base64
from email.message import EmailMessage

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.letters.saved_page import SavedPageLoader
from embedingest.ingest.load.mail import MailLoader
from tests.depth import only_deep


def load(data, name="a.eml"):
    return load_inner(data if isinstance(data, bytes) else data.encode(), name, name)


def multipart(kind, *parts, head=""):
    """A multipart of this kind; each part is (headers, body) or a multipart itself."""
    mark = f"b{abs(hash((kind, parts)))}"
    text = f'{head}Content-Type: multipart/{kind}; boundary="{mark}"\n\n'
    for part in parts:
        text += f"--{mark}\n{part if isinstance(part, str) else chr(10).join([part[0], '', part[1]])}\n"
    return f"{text}--{mark}--\n"


def body(document):
    """The text below the headers."""
    return document.text.partition("\n\n")[2]


HEAD = "From: ann@example.org\nSubject: Mill\nMIME-Version: 1.0\n"
PLAIN = ("Content-Type: text/plain", "Plain words.")
HTML = ("Content-Type: text/html", "<p>HTML words.</p>")
NOTES = (
    'Content-Type: text/markdown; name="notes.md"\nContent-Disposition: attachment; filename="notes.md"',
    "# Notes",
)
INLINE = ('Content-Type: text/csv; name="t.csv"\nContent-Disposition: inline; filename="t.csv"', "a,b\n1,2\n")
BLANK = ("Content-Type: text/plain", " \n")
CALENDAR = (
    "Content-Type: text/calendar",
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Mill meeting\nDTSTART:20240401T100000Z\nLOCATION:Room 5\nEND:VEVENT\nEND:VCALENDAR",
)


@pytest.mark.parametrize(
    ("message", "text", "children"),
    [
        (multipart("alternative", PLAIN, multipart("mixed", HTML, INLINE, HTML), head=HEAD), "Plain words.\n", ["t.csv"]),
        (multipart("alternative", PLAIN, multipart("mixed", (HTML[0], "Plain words."), INLINE, (HTML[0], "Bye")), head=HEAD),
         "Plain words.\n\nBye\n", ["t.csv"]),
        (multipart("alternative", BLANK, multipart("mixed", HTML, NOTES), head=HEAD), "HTML words.\n", ["notes.md"]),
        (multipart("mixed", multipart("mixed", PLAIN, NOTES), ("Content-Type: text/plain", "__\nlist"), head=HEAD),
         "Plain words.\n\n__\nlist\n", ["notes.md"]),
        (multipart("signed", multipart("mixed", PLAIN, multipart("related", NOTES, INLINE)), head=HEAD),
         "Plain words.\n", ["notes.md", "t.csv"]),
        (multipart("alternative", multipart("mixed", PLAIN, NOTES), multipart("mixed", HTML, NOTES), head=HEAD),
         "Plain words.\n", ["notes.md"]),
        (multipart("alternative", BLANK, HTML, head=HEAD), "HTML words.\n", []),
        (multipart("mixed", multipart("alternative", PLAIN, CALENDAR), head=HEAD),
         "Plain words.\n\nMill meeting\nStart: 2024-04-01 10:00 UTC\nLocation: Room 5\n", []),
        (HEAD + NOTES[0] + "\n\n# Notes", "", ["notes.md"]),
        (HEAD + 'Content-Type: multipart/mixed; boundary="none"\n\nLost parts.', "Lost parts.\n", []),
    ],
)  # fmt: skip
def test_one_alternative_is_the_text_and_everything_attached_is_kept(message, text, children):
    document = load(message)
    assert (body(document), [child.source.partition("!/")[2] for child in document.children]) == (text, children)


def test_a_report_is_words_and_a_signature_is_counted():
    report = ("Content-Type: message/delivery-status", "Reporting-MTA: dns; a\n\nFinal-Recipient: bo\nStatus: 5.1.1\n")
    signature = ("Content-Type: application/pgp-signature", "-----BEGIN PGP SIGNATURE-----\nabc\n")
    document = load(multipart("report", PLAIN, report, signature, head=HEAD))
    assert body(document) == "Plain words.\n\nReporting-MTA: dns; a\n\nFinal-Recipient: bo\nStatus: 5.1.1\n"
    assert document.notices == {"signatures_left_out": 1}


def test_a_forwarded_message_is_a_document_with_its_own_attachments():
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("inner words")
    inner.add_attachment("a,b\n", subtype="csv", filename="t.csv")
    outer = EmailMessage()
    outer["Subject"] = "Outer"
    outer.set_content("outer words")
    outer.add_attachment(inner)
    (child,) = load(outer.as_bytes()).children
    assert (child.title, [each.source for each in child.children]) == ("Inner", ["a.eml!/message-1.eml!/t.csv"])


FIRST = "From a@b Mon Apr  1 10:00:00 2024\nFrom: a@b\nSubject: One\n\n"
SECOND = "From c@d Mon Apr  1 11:00:00 2024\nFrom: c@d\nSubject: Two\n\n>From a friend.\n>>From deeper.\n"


@pytest.mark.parametrize(
    "inside",
    [
        "From our website\nhttps://example.org: see there.\n",
        "From here to there\nNote: nothing.\n",
        "From Monday\n\nFrom 10:00 to 11:00\nSubject: to change\n",
    ],
)
@pytest.mark.parametrize("before", ["", "\n\n", "\ufeff\r\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_a_line_with_a_date_parts_messages(inside, before, end):
    data = before + f"{FIRST}Hello.\n\n{inside}\nEnd of one.\n\n{SECOND}".replace("\n", end)
    document = load(data.encode(), "Inbox")
    assert document.metadata == {"messages": 2}
    assert f"Hello.\n\n{inside}\nEnd of one." in document.text
    assert document.text.endswith("From a friend.\n>From deeper.\n")


@pytest.mark.parametrize(
    "line",
    [
        "From ann at example.org  Mon Apr  1 10:00:00 2024", "From - Mon Apr 01 10:00:00 2024",
        "From 17@xxx Mon Apr 01 10:00:00 +0000 2024", "From a@b Mon Apr  1 10:00 CEST 2024",
        "From a@b Mon, 01 Apr 2024 10:00:00 +0000", "From a@b 2024-04-01T10:00:00",
    ],
)  # fmt: skip
def test_dates_as_programs_write_them_part_messages(line):
    data = f"{line}\nSubject: One\n\nHello.\n\n{line}\nSubject: Two\n\nBye.\n".encode()
    assert choose("Sent", data) == "mail"
    assert [span.value for span in load(data, "Sent").spans if span.kind == "heading"] == ["One", "Two"]


def test_a_mailbox_without_dates_is_parted_at_headers_that_begin_messages():
    data = b"From a\nFrom: a@b\nSubject: One\n\nFrom our website\nhttps://example.org\n\nFrom c\nDate: x\nSubject: Two\n\nBye.\n"
    assert load(data, "a.mbox").metadata == {"messages": 2}


def test_text_that_begins_with_from_is_text():
    assert choose("letter", b"From Monday on\nNote: all is well.\n") == "text"


def test_a_message_of_apple_mail_is_read_without_what_stands_around_it():
    message = b"Subject: Mill\n\nWords.\n"
    data = b"%d      \n" % len(message) + message + b'<?xml version="1.0"?><plist><dict><key>flags</key></dict></plist>'
    document = load(data, "1.emlx")
    assert (document.title, body(document)) == ("Mill", "Words.\n")


def test_hidden_words_of_a_message_and_of_a_saved_page_are_read_and_told():
    html = "<div style='display:none;max-height:0'>Offer ends soon</div><p>Dear Bo</p>"
    head = "Content-Type: text/html\n\n"
    letter = load(f"Subject: x\n{head}{html}".encode())
    assert (body(letter), letter.notices) == ("Offer ends soon\n\nDear Bo\n", {"hidden_words": 3})
    saved = load(multipart("related", head + html), "a.mht")
    assert (saved.text, saved.notices) == ("Offer ends soon\n\nDear Bo\n", {"hidden_words": 3})


def test_a_saved_page_is_its_page_and_its_frames():
    page = ("Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\nContent-Location: https://example.org/",
            "<html><title>Mills</title><body><h1>M=C3=BChle</h1><p>Water turns the =\nwheel.</p></body></html>")  # fmt: skip
    frame = ("Content-Type: text/html; charset=windows-1252\nContent-Transfer-Encoding: base64", "PHA+R3L832UuPC9wPg==")
    style = ("Content-Type: text/css", "body { color: red }")
    picture = ("Content-Type: image/png\nContent-Transfer-Encoding: base64", "iVBORw0KGgo=")
    data = multipart("related", style, page, frame, picture, head="From: <Saved by Blink>\nMIME-Version: 1.0\n")
    document = load(data, "saved.mhtml")
    assert document.text == "# Mühle\n\nWater turns the wheel.\n\nGrüße.\n"
    assert (document.title, document.metadata["canonical"]) == ("Mills", "https://example.org/")
    assert document.notices == {"skipped_images": 1}


def test_the_start_of_a_saved_page_is_named_by_its_id():
    frame = ("Content-Type: text/html", "<p>Frame.</p>")
    page = ("Content-Type: text/html\nContent-ID: <root>", "<p>Page.</p>")
    data = multipart("related", frame, page, head="MIME-Version: 1.0\n").replace("related;", 'related; start="<root>";')
    assert load(data, "a.mht").text == "Page.\n\nFrame.\n"


def test_a_calendar_is_its_events_in_words():
    data = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE\r\n"
        "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Mill\\, old\r\nDTSTART;TZID=Europe/Berlin:20240401T100000\r\nDTEND;VALUE=DATE:20240402\r\n"
        'ATTENDEE;CN="Ann: Miller";ROLE=REQ:mailto:ann@example.org\r\nDESCRIPTION:A long line that\r\n  goes on\\nand on.\r\n'
        "BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nATTACH;ENCODING=BASE64:AAAA\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    document = load(data, "a.ics")
    assert document.text == (
        "Mill, old\nStart: 2024-04-01 10:00 (Europe/Berlin)\nEnd: 2024-04-02\nAttendee: Ann: Miller <ann@example.org>\n"
        "A long line that goes on\nand on.\n"
    )
    assert document.notices == {"skipped_images": 1}


def test_cards_are_names_with_what_is_known_of_them():
    data = (
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Ann\n"
        "NOTE;ENCODING=QUOTED-PRINTABLE:one =\ntwo\nPHOTO;ENCODING=BASE64;JPEG:\n /9j/4AAQ\n\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:Bo Weber\nitem1.EMAIL;TYPE=work:bo@example.org\nADR:;;12 Mill Road;Leeds;;;UK\nEND:VCARD\n"
    )
    assert load(data, "a.vcf").text == (
        "Ann Müller\none two\n\nBo Weber\nE-mail: bo@example.org\nAddress: 12 Mill Road, Leeds, UK\n"
    )


@pytest.mark.parametrize(
    ("name", "data"), [("a.ics", b"no calendar"), ("a.mht", b"no page"), ("a.eml", b"\nno header")]
)
def test_what_is_none_of_these_is_refused(name, data):
    with pytest.raises(DocumentError) as caught:
        load(data, name)
    assert caught.value.code == "corrupt"


@only_deep
def test_parts_beyond_the_bound_are_counted():
    message = multipart("mixed", *[("Content-Type: text/plain", f"{n}") for n in range(2003)], head=HEAD)
    assert MailLoader().load(message.encode(), "a.eml").notices == {"attachments_left_out": 3}


def test_a_calendar_says_its_name_how_long_events_last_and_in_which_zone():
    source = (
        "BEGIN:VCALENDAR\nX-WR-CALNAME:Mill calendar\nBEGIN:VEVENT\nSUMMARY:Grind\nDTSTART;VALUE=DATE:20240501\n"
        "DTEND;VALUE=DATE:20240503\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Bake\nDTSTART;VALUE=DATE:20240601\n"
        "DTEND;VALUE=DATE:20240601\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20240505T090000\n"
        "DURATION:PT1H30M\nSUMMARY:Mow\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    calendar = load(source, "a.ics")
    assert calendar.title == "Mill calendar"
    assert calendar.text == (
        "Mill calendar\n\nGrind\nStart: 2024-05-01\nEnd: 2024-05-02\n\nBake\nStart: 2024-06-01\nEnd: 2024-06-01\n\n"
        "Mow\nStart: 2024-05-05 09:00 (Europe/Berlin)\nDuration: 1 hour 30 minutes\n"
    )
    assert calendar.text.strip() in body(load(f"Subject: A\nContent-Type: text/calendar\n\n{source}"))


@pytest.mark.parametrize(
    ("delsp", "sent", "text"),
    [
        (
            "no",
            "A long \nline.\n\n> asked \n> twice\n>> older\nNo. \n\n-- \nsig",
            "A long line.\n\n> asked twice\n>> older\nNo. \n\n-- \nsig",
        ),
        ("yes", "A long para \ngraph that  \nflows.\n From here", "A long paragraph that flows.\nFrom here"),
    ],
)
def test_paragraphs_that_flow_are_whole(delsp, sent, text):
    head = f"Subject: A\nContent-Type: text/plain; format=flowed; delsp={delsp}"
    assert body(load(f"{head}\n\n{sent}\n")).rstrip("\n") == text


def alternative(plain, html):
    parts = (("plain", plain), ("html", html))
    body = "".join(f"--b\r\nContent-Type: text/{kind}\r\n\r\n{said}\r\n" for kind, said in parts)
    return f"From: a@b\r\nSubject: s\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n{body}--b--\r\n".encode()


@pytest.mark.parametrize(
    ("plain", "html", "words"),
    [
        ("Please view this in a reader of HTML.", "<p>The mill opens on Monday, and flour is five euro.</p>",
         "The mill opens on Monday, and flour is five euro."),
        ("The mill opens on Monday.", "<h1>News</h1><p>The mill opens on Monday. <a>Unsubscribe</a></p>",
         "The mill opens on Monday."),
        ("To read this letter in your browser, press here: https://a.example/rent/now", "<h1>Fee: 950</h1>", "# Fee: 950"),
        ("As below.\n\n[image: prices]", "<p>As below.</p><ul><li>Rye 77</li><li>Oats 12</li></ul>",
         "As below.\n\n- Rye 77\n- Oats 12"),
        ("Dear Ann, the mill opens on Monday at nine and closes at five.",
         "<p>Dear Ann, the mill opens on Monday at nine and closes at five.</p><p>Rye: 77 kr</p>",
         "Dear Ann, the mill opens on Monday at nine and closes at five.\n\nRye: 77 kr"),
        ("A long plain text with all of the words that matter.", "<p>See the plain text</p>",
         "A long plain text with all of the words that matter."),
    ],
)  # fmt: skip
def test_a_plain_text_that_only_points_to_the_html_is_not_the_text(plain, html, words):
    assert load(alternative(plain, html)).text.strip().endswith(f"\n\n{words}")


@pytest.mark.parametrize(
    ("plain", "html", "text", "notices"),
    [
        ("Hello Ann,\n\nyour ticket for Leeds is 4711.\n\nAll the news of the week.",
         "<p>Hello Ann,</p><p>All the news of the week: the mill, the wheel, the river and the town.</p>",
         "Hello Ann,\n\nAll the news of the week: the mill, the wheel, the river and the town.\n\nyour ticket for Leeds is 4711.\n", {}),
        ("The door code is 4711.", "<h1>Sale</h1><p>All boots are cheaper this week, and so are coats.</p>",
         "# Sale\n\nAll boots are cheaper this week, and so are coats.\n\nThe door code is 4711.\n", {}),
        ("Sale of red, green and blue boots. [1]\n\n[1] https://x.org/a\n____\n[image: Logo]",
         "<h1>Sale</h1><p>Sale of boots this week, and so many coats too!</p>",
         "# Sale\n\nSale of boots this week, and so many coats too!\n", {"words_left_out": 5}),
        ("Your mail program shows no HTML, please take another one.", "<p>The mill opens on Monday.</p>",
         "The mill opens on Monday.\n", {}),
    ],
)  # fmt: skip
def test_what_a_plain_text_says_beside_its_html_is_kept_or_counted(plain, html, text, notices):
    document = load(alternative(plain, html))
    assert (body(document), document.notices) == (text, notices)


def test_headers_of_old_programs_are_read_in_their_encoding():
    name, subject = "朱镕基".encode("gbk"), "朱镕基总理的信".encode("gbk")

    def word(data):
        return b"=?gb2312?B?" + base64.b64encode(data) + b"?="

    message = (
        b"From: " + word(name) + b" <z@x>\r\nSubject: " + word(subject[:5]) + b"\r\n " + word(subject[5:]) + b" end\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; "
        b'filename="' + word(name + b".txt") + b'"\r\n\r\nWords.\r\n--b--\r\n'
    )
    document = load(message)
    assert (document.title, document.metadata["from"]) == ("朱镕基总理的信 end", "朱镕基 <z@x>")
    assert [child.source for child in document.children] == ["a.eml!/朱镕基.txt"]
    assert load("Subject: Die Mühle\r\n\r\nWords.".encode("latin-1")).title == "Die Mühle"
    assert load("Subject: Die Mühle\r\n\r\nWords.".encode()).title == "Die Mühle"


def test_words_left_out_of_html_are_counted_for_the_text_that_is_taken():
    html = "<body><nav>Menu</nav><main><p>The mill opens on Monday, flour is five euro.</p></main></body>"
    assert load(alternative("The mill opens on Monday, flour is five euro.", html)).notices == {}
    assert load(alternative(" ", html)).notices == {"words_left_out": 1}


def test_words_of_html_that_a_long_plain_text_lacks_are_counted():
    plain = " ".join(f"word{number}" for number in range(200))
    document = load(alternative(plain, "<p>Read on: the mill opens on Monday.</p>"))
    assert document.text.strip().endswith("word199")
    assert document.notices == {"words_left_out": 6}


def test_line_ends_within_a_quoted_printable_note_are_line_feeds():
    card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Ann\r\nNOTE;ENCODING=QUOTED-PRINTABLE:likes=0D=0Atea\r\nEND:VCARD\r\n"
    assert "\r" not in load_inner(card, "a.vcf", "a.vcf").text


def test_a_header_is_whole_however_long_it_is():
    """The standard parser takes time that grows with the square of some: 14 seconds for 45 KB of addresses."""
    people = [f"Jürgen Müller {number} <j{number}@example.org>" for number in range(1500)]
    written = ",\r\n ".join(person.replace("Jürgen Müller", "=?utf-8?q?J=C3=BCrgen_M=C3=BCller?=") for person in people)
    document = load(f"Subject: a\r\nTo: {written}\r\n\r\nHello\r\n")
    assert document.metadata["to"] == ", ".join(people)
    assert document.text == f"a\nTo: {', '.join(people)}\n\nHello\n"
    assert document.notices == {}


@pytest.mark.parametrize(
    "junk", ['; x="' + "(;" * 30_000 + '"', ";" * 65_000, "; a=b" * 9_000, "; x*9=" + "\\a" * 30_000]
)
def test_what_a_part_is_stands_in_a_header_of_any_length(junk):
    inner = f"Content-Type: text/html{junk}; charset=windows-1252\nContent-Transfer-Encoding: 8bit\n\n<p>M\xfchle</p>\n"
    message = f"Subject: a\nContent-Type: multipart/mixed{junk}; boundary=b\n\n--b\n{inner}--b--\n"
    assert load(message.encode("latin-1")).text == "a\n\nMühle\n"
    page = f"MIME-Version: 1.0\nContent-Type: multipart/related{junk}; boundary=b\n\n--b\n{inner}--b--\n"
    assert SavedPageLoader().load(page.encode("latin-1"), "a.mht").text == "Mühle\n"


def test_a_header_beyond_all_measure_is_cut_and_told():
    document = load(f"Subject: a\nTo: {'b ' * 600_000}\n\nHello\n")
    assert document.notices == {"headers_cut": 1}
    assert document.text.endswith(" b b\n\nHello\n")


def test_data_that_ends_in_an_equals_sign_goes_on_in_no_line():
    cards = (
        b"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nPHOTO;ENCODING=b:/9j/4AAQ\n SkZJRg==\nEND:VCARD\n"
        b"BEGIN:VCARD\nVERSION:2.1\nFN;ENCODING=QUOTED-PRINTABLE:B=C3=\n=B6\nEND:VCARD\n"
    )
    document = load_inner(cards, "a.vcf", "a.vcf")
    assert (document.text, document.notices) == ("Ann\n\nBö\n", {"skipped_images": 1})


@pytest.mark.parametrize(
    "sender",
    [
        "ann@example.org (Ann Miller)",
        "ann at example.org (Ann Miller)",
        '"Miller, Ann" <ann@example.org>',
        "Ann Miller <ann@example.org>",
    ],
)
def test_a_name_stands_where_its_author_put_it(sender):
    assert load(f"From: {sender}\nSubject: Mill\n\nWords.\n", "a.eml").text.split("\n")[1] == f"From: {sender}"


def test_a_message_in_unicode_of_two_bytes_is_read():
    message = "From: ann@example.org\r\nSubject: Mühle\r\n\r\nWords.\r\n"
    assert load(message.encode("utf-16"), "a.eml").text == "Mühle\nFrom: ann@example.org\n\nWords.\n"
    body = base64.b64encode("Größe".encode("utf-16")).decode()
    head = "Subject: a\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n"
    assert load(head + body, "a.eml").text == "a\n\nGröße\n"


def test_brackets_of_enriched_text_are_no_tags():
    message = "Subject: a\nContent-Type: text/enriched\n\n<bold>Bold</bold> and <<angle> more.\n"
    assert load(message, "a.eml").text == "a\n\nBold and <angle> more.\n"


def test_pieces_of_a_message_that_was_cut_up_are_read():
    head = 'From: ann@example.org\nSubject: Piece\nContent-Type: message/partial; number={}; total=2; id="x"\n\n'
    first = load(head.format(1) + "From: ann@example.org\nSubject: Whole\n\nThe first half.\n").children[0]
    assert (first.title, body(first)) == ("Whole", "The first half.\n")
    second = load(head.format(2) + "The second half: it goes on\nand ends.\n").children[0]
    assert second.text.strip() == "The second half: it goes on\nand ends."


def test_signs_of_richtext_are_printed_and_those_of_enriched_text_too():
    rich = load(HEAD + "Content-Type: text/richtext\n\n<bold>Five</bold> <lt> six<nl>and on.\n")
    assert body(rich) == "Five < six\nand on.\n"
    enriched = load(HEAD + "Content-Type: text/enriched\n\n<bold>Five</bold> << six.\n")
    assert body(enriched) == "Five < six.\n"


def test_profiles_own_labels_and_descriptions_in_html_are_read():
    card = load(
        "BEGIN:VCARD\nVERSION:3.0\nFN:Bo Weber\nitem1.URL:https://example.org\nitem1.X-ABLabel:The mill's page\n"
        "item2.EMAIL:bo@example.org\nitem2.X-ABLabel:_$!<Work>!$_\nX-SOCIALPROFILE;type=x:https://x.com/bo\n"
        "item3.X-ABDATE:20240510\nitem3.X-ABLabel:Opening\nEND:VCARD\n",
        "bo.vcf",
    )
    assert card.text == (
        "Bo Weber\nThe mill's page: https://example.org\nE-mail: bo@example.org\nProfile: https://x.com/bo\n"
        "Opening: 2024-05-10\n"
    )
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Meeting\n{}X-ALT-DESC;FMTTYPE=text/html:<p>In <b>room</b> 5.</p>\n"
    end = "END:VEVENT\nEND:VCALENDAR\n"
    assert load(event.format("") + end, "a.ics").text == "Meeting\nIn room 5.\n"
    assert load(event.format("DESCRIPTION:In room 5\n") + end, "a.ics").text == "Meeting\nIn room 5\n"

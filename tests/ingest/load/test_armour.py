"""Data in letters, in texts and in mail: no words, but told; what stands around it keeps its lines."""

import base64
import binascii
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError
from embedingest.ingest.load.encoded.armour import without_armour
from embedingest.ingest.load.inner import load_inner

NOISE = random.Random(7).randbytes(3000)
LINES = base64.encodebytes(NOISE).decode()
SIGNATURE = f"-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v2\n\n{LINES}=abcd\n-----END PGP SIGNATURE-----\n"
MESSAGE = f"-----BEGIN PGP MESSAGE-----\n\n{LINES}-----END PGP MESSAGE-----\n"
SIGNED = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- - an item\nWords.\n{SIGNATURE}"
UUENCODED = "begin 644 mill.bin\n" + "".join(
    binascii.b2a_uu(NOISE[at : at + 45]).decode() for at in range(0, len(NOISE), 45)
) + "`\nend\n"  # fmt: skip


def load(text, name="a.txt"):
    return load_inner(text.encode(), name, name)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (f"-----BEGIN CERTIFICATE-----\n{LINES}-----END CERTIFICATE-----\n", "encoded_data"),
        (f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{LINES}-----END RSA PRIVATE KEY-----\n", "encoded_data"),
        (f"---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\n{LINES}---- END SSH2 PUBLIC KEY ----\n", "encoded_data"),
        (f"> -----BEGIN PGP PUBLIC KEY BLOCK-----\n> \n> {LINES.strip().replace(chr(10), chr(10) + '> ')}\n> -----END PGP PUBLIC KEY BLOCK-----\n",
         "encoded_data"),
        (MESSAGE, "encrypted_data"),
        (SIGNATURE, "signatures_left_out"),
        (UUENCODED, "encoded_data"),
        (f"begin-base64 644 a.bin\n{LINES}====\n", "encoded_data"),
        ("=ybegin line=128 size=3 name=a\nabc*J+x\n=yend size=3\n", "encoded_data"),
        (LINES, "encoded_data"),
        (f"-----BEGIN CERTIFICATE-----\n{LINES}", "encoded_data"),
    ],
)  # fmt: skip
def test_data_in_letters_is_counted_and_what_is_around_it_keeps_its_lines(data, kind):
    source = f"Dear Ann,\n\n{data}Kind regards\n"
    document = load(source)
    blanked = data.count("\n")
    assert document.text == "Dear Ann,\n\n" + "\n" * blanked + "Kind regards\n"
    assert document.notices == {kind: 1}
    assert load(source, "a.md").text == document.text
    mail = load(f"Subject: Mill\n\n{source}", "a.eml")
    assert mail.text.endswith("\n\nDear Ann,\n\nKind regards\n")
    assert mail.notices == {kind: 1}


def test_what_is_signed_in_the_open_keeps_its_words():
    assert load(SIGNED).text.strip() == "- an item\nWords."
    assert load(f"Subject: Mill\n\n{SIGNED}", "a.eml").text == "Mill\n\n- an item\nWords.\n"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\nis how a certificate begins.\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\n- an item\n",
        "begin 644 words\nand so on\nend\n",
        ">seq1\n" + "ACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGTTGCAACGT\n" * 20,
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" * 20,
        "aGVsbG8K\n" * 30,
        "Donaudampfschifffahrtsgesellschaftskapitaensmuetze\n" * 20,
    ],
)
def test_words_that_look_like_it_are_words(text):
    document = load(text)
    assert (document.text, document.notices) == (text, {})


def test_a_file_that_is_encrypted_says_so():
    with pytest.raises(DocumentError) as caught:
        load(MESSAGE, "a.asc")
    assert caught.value.code == "encrypted"


def test_encrypted_mail_is_told_once():
    head = 'Subject: Mill\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
    pgp = load(
        f"{head}--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; "
        f'name="encrypted.asc"\n\n{MESSAGE}--b--\n', "a.eml"
    )  # fmt: skip
    assert (pgp.text, pgp.children, pgp.notices) == ("Mill\n", (), {"inner_encrypted": 1})
    sealed = "Subject: Mill\nContent-Type: application/pkcs7-mime; smime-type={}-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
    assert load(sealed.format("enveloped") + LINES, "a.eml").notices == {"inner_encrypted": 1}
    assert load(sealed.format("signed") + LINES, "a.eml").notices == {"inner_unsupported": 1}


@given(
    st.lists(
        st.sampled_from(
            [*SIGNED.split("\n")[:9], *UUENCODED.split("\n")[:3], "end", "", "words of a line", "-----END PGP X-----"]
        )
    )
)
def test_of_any_lines_those_that_are_kept_stand_in_their_order(lines):
    text, _ = without_armour("\n".join(lines))
    kept = text.split("\n")
    assert len(kept) == max(len(lines), 1)
    assert all(line.endswith(words) for line, words in zip(lines, kept, strict=False))

"""The trace of a library that panics does not stand between a user's lines; nothing else is lost."""

import os

import pytest

from embedingest.ingest.load.common.quiet import without_panics
from embedingest.ingest.load.sheets import create
from tests.ingest.load.old_files import label, xls


def test_what_others_write_meanwhile_is_passed_on(capfd):
    def panic():
        os.write(2, b"a warning\n")
        os.write(2, b"\nthread '<unnamed>' (7) panicked at src/cfb.rs:305:41:\nslice\nstack backtrace:\n   0: begin\n")
        raise ValueError("of the library")

    with pytest.raises(ValueError, match="of the library"), without_panics():
        panic()
    os.write(2, b"and afterwards\n")
    assert capfd.readouterr().err == "a warning\nand afterwards\n"


def test_without_an_error_stream_a_workbook_is_read_all_the_same():
    kept = os.dup(2)
    os.close(2)
    try:
        assert create().load(xls({"S": label(0, 0, "word")}, ["General"]), "a.xls").text == "word\n"
    finally:
        os.dup2(kept, 2)
        os.close(kept)

"""`embedingest bench`: a table for people, one document for programs."""

from __future__ import annotations


def test_it_measures_texts_of_the_users_own(shell):
    shell.write("notes/a.txt", "the sky is blue because air scatters short waves " * 50)
    shell.write("notes/b.bin", b"\0\1\2")
    ran = shell.run("bench", "notes", "--model", "hashing", "-n", "20", "--repeats", "1", "--queries", "10", "--json")
    assert ran.code == 0
    assert ran.json["texts"] == 20
    assert ran.json["tokens_per_second"] > 0
    assert ran.json["query"]["p50_ms"] > 0


def test_without_paths_it_takes_a_text_that_is_always_there(shell):
    ran = shell.run("bench", "--model", "hashing", "-n", "10", "--repeats", "1", "--queries", "10")
    assert ran.code == 0
    assert "tokens/s" in ran.out


def test_a_folder_without_text_is_said(shell):
    shell.write("empty/x.bin", b"\0")
    ran = shell.run("bench", "empty", "--model", "hashing")
    assert ran.code == 2
    assert "no text in empty" in ran.err

"""What is left out by default is surely no document, has a reason in the table, and is counted by its rule."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.scan.excluded import EXCLUSIONS, exclusion_of, meaning_of, rule_text
from embedingest.ingest.scan.ignore import BY_IGNORE_FILE, BY_SETTINGS, Rules
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.scanner import Scanner

SECRETS = [".env", ".env.local", "server.pem", "id_rsa", "id_ed25519", ".ssh", ".netrc", "vault.kdbx", "TLS.KEY"]
LEFTOVERS = [
    *(".notes.md.swp", "notes.md~", ".#notes.md", "#notes.md#", "~$report.docx", "._x", "notes.md___jb_tmp___"),
    *("a.crdownload", "a.pdf.part", "a.filepart", "a.opdownload", "a.zip.!ut", "a.zip.!qB", "a.iso.aria2"),
    *(
        "~syncthing~a.md.tmp",
        ".syncthing.a.md.tmp",
        ".a.pdf.icloud",
        "a.pdf.nextcloud",
        ".sync_1a2b.db",
        "~WRL0001.tmp",
    ),
    *("notes.md.sb-1a2b3c4d-Xy12Zq", ".~lock.report.odt#", "Thumbs.db", "desktop.ini", ".DS_Store", ".dropbox.cache"),
]
GENERATED = [
    "package-lock.json",
    "yarn.lock",
    "Cargo.lock",
    "uv.lock",
    "go.sum",
    "app.js.map",
    "app.min.js",
    "A.MIN.CSS",
]
ORDINARY = [
    *("package.json", "lock.md", "map.md", "min.js", "app.js", "Cargo.toml", "door.lock", "map", "min.css"),
    *(
        "notes.md",
        "keys.md",
        "environment.txt",
        "a~b.txt",
        "~",
        "swap.py",
        "id_rsa.md",
        "4913.txt",
        "monkey.html",
        "4913",
    ),
    *("CVS", "node_modules", "_darcs", "~$ rates.md", "notes.tmp", "header.partial", "mail.download", "build", "dist"),
    *("core", "report.part1.md", "song.md.swpx", "my.lance.md", "animals.lance", "bower_components", "target", "#1.md"),
]


@pytest.mark.parametrize("name", [*SECRETS, *LEFTOVERS, *GENERATED, ".git", "__pycache__"])
def test_secrets_and_leftovers_are_excluded_by_default(name):
    assert exclusion_of(name) is not None


@pytest.mark.parametrize("name", ORDINARY)
def test_what_may_be_a_document_is_not(name, tmp_path):
    (tmp_path / name).write_text("words")
    assert exclusion_of(name, folder=False, parent=str(tmp_path)) is None
    assert [found.relative for found in Scanner(tmp_path, Rules.of()).scan()] == [name]


def made(tmp_path, paths):
    """The files that a scan finds of these, and what it counts as excluded. A path may say what its file holds."""
    for path in paths:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("words")
    excluded = {}
    found = [one.relative for one in Scanner(tmp_path, Rules.of(exclude=["*.log"])).scan(excluded=excluded)]
    return found, excluded


@pytest.mark.parametrize(
    ("folder", "proof"),
    [
        ("CVS", "CVS/Entries"),
        ("zoo.egg-info", "zoo.egg-info/PKG-INFO"),
        ("page.download", "page.download/Info.plist"),
    ],
)
def test_a_folder_is_a_programs_own_only_with_what_shows_it(tmp_path, folder, proof):
    inner = f"{folder}/notes.md"
    assert made(tmp_path, [inner]) == ([inner], {})
    found, excluded = made(tmp_path, [proof])
    assert inner not in found
    assert sum(excluded.values()) == 1
    # As a watch asks, of what has changed.
    scanner = Scanner(tmp_path, Rules.of())
    assert dict(scanner.scan_paths([inner])) == {inner: None}
    assert not scanner.may_matter(inner)


def test_the_probe_of_an_editor_is_an_empty_file_of_its_name(tmp_path):
    (tmp_path / "4913").touch()
    assert made(tmp_path, []) == ([], {"4913": 1})
    (tmp_path / "4913").write_text("a document of that name")
    assert made(tmp_path, []) == (["4913"], {})


def test_each_exclusion_is_counted_by_its_rule_a_folder_once(tmp_path):
    (tmp_path / ".gitignore").write_text("drafts/\n")
    paths = ["a.md", "a.md~", "b.md~", "x.log", ".git/config", ".git/HEAD", ".hidden.md", "drafts/a.md", "drafts/b.md"]
    found, excluded = made(tmp_path, [*paths, "env/pyvenv.cfg", "env/a.md", "k/.embedingest-output", "k/a.md"])
    assert found == ["a.md"]
    assert excluded == {
        "?*~": 2,
        ".git .hg .svn …": 1,
        ".*": 2,
        BY_SETTINGS: 1,
        BY_IGNORE_FILE: 1,
        "pyvenv.cfg": 1,
        "our own output": 1,
    }


def test_a_link_brings_in_nothing_that_is_excluded(tmp_path):
    made(tmp_path, ["node_modules/zoo/readme.md"])
    (tmp_path / "zoo").symlink_to("node_modules/zoo")
    (skipped,) = [one for one in Scanner(tmp_path, Rules.of()).scan() if not isinstance(one, FoundFile)]
    assert skipped.reason == "link_excluded"


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(rule=st.sampled_from(EXCLUSIONS), data=st.data())
def test_every_name_that_a_rule_shows_is_found_by_it(rule, data):
    pattern = data.draw(st.sampled_from(rule.names))
    name = re.sub(r"[*?]", lambda wild: data.draw(NAMES if wild[0] == "*" else NAMES.map(lambda n: n[0])), pattern)
    if name in {".", ".."}:
        return
    if name.isascii():
        name = data.draw(st.sampled_from([name, name.upper(), name.lower()]))
    if not rule.conditional:
        assert exclusion_of(name, folder=None) is not None


def test_rules_are_told_apart_and_explained():
    texts = [rule_text(rule) for rule in EXCLUSIONS]
    assert len(set(texts)) == len(texts)
    assert all(map(meaning_of, texts))

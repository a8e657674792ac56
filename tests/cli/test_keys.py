"""`embedingest keys`, and a server that reads what it wrote, as `serve` and `watch --serve` are started."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedingest.config.keys import hash_of, read_keys
from tests.cli.test_serve import free_port
from tests.depth import only_deep
from tests.server.client import get, post
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent


def test_a_key_is_printed_once_and_its_hash_is_kept(shell):
    made = shell.run("keys", "new", "team-a", "--filter", "source startswith 'docs/a/'", "--file", "keys.yaml")
    assert made.code == 0
    key = made.out.removesuffix("\n")
    assert key.startswith("emb_")
    assert "\n" not in key
    assert len(key) >= 43
    assert key not in made.err
    file = shell.folder / "keys.yaml"
    assert key not in file.read_text()
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
    held = read_keys(file)["team-a"]
    assert (held.hash, held.can, held.filter) == (hash_of(key), ("embed", "search"), "source startswith 'docs/a/'")
    listed = shell.run("keys", "list", "--file", "keys.yaml")
    assert listed.out == "team-a  embed,search  where source startswith 'docs/a/'\n"


def test_keys_as_json(shell):
    made = shell.run("keys", "new", "op", "--can", "control", "--file", "k.yaml", "--json").json
    assert hash_of(made["key"]) == made["hash"]
    listed = shell.run("keys", "list", "--file", "k.yaml", "--json").json
    assert listed == {"keys": [{"name": "op", "can": ["control"], "filter": None, "hash": made["hash"]}]}
    assert shell.run("keys", "remove", "op", "--file", "k.yaml", "--json").json == {"removed": "op"}
    assert shell.run("keys", "list", "--file", "k.yaml", "--json").json == {"keys": []}


def test_without_a_file_the_lines_for_a_configuration_are_told_and_are_good(shell):
    made = shell.run("keys", "new", "1", "--filter", "title = 'It''s: #1'")
    lines = made.err.split("\n", 1)[1]
    shell.write("c.yaml", f"pipelines: {{a: {{sources: [{{path: docs}}], model: hashing}}}}\n{lines}")
    checked = shell.run("config", "check", "c.yaml")
    assert checked.code == 0, checked.err
    shown = shell.run("config", "show", "c.yaml", "--json").json["server"]["keys"]["1"]
    assert shown == {"hash": hash_of(made.out.strip()), "can": ["embed", "search"], "filter": "title = 'It''s: #1'"}


REFUSED = [
    (("new", "a b"), "no name of a key"),
    (("new", "a\x1b[31m"), r"a\x1b[31m"),
    (("new", "x" * 65), "no name of a key"),
    (("new", "a", "--can", "embed,fly"), "no right is named `fly`"),
    (("new", "a", "--can", ""), "no right is named"),
    (("new", "a", "--filter", "folder = 1"), "expected one of id, source"),
    (("new", "a", "--filter", "page = 1", "--can", "search,control"), "make two keys"),
    (("new", "a", "--filter", ""), "expected a column"),
    (("new", "there", "--file", "k.yaml"), "has a key `there` already"),
    (("remove", "gone", "--file", "k.yaml"), "has no key `gone`"),
    (("list", "--file", "none.yaml"), "cannot be read from none.yaml"),
    (("list", "--file", "docs"), "is a folder"),
    (("new", "a", "--file", "docs"), "docs"),
    (("list",), "--file"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_is_said_and_changes_nothing(shell, arguments, message):
    assert shell.run("keys", "new", "there", "--file", "k.yaml").code == 0
    before = (shell.folder / "k.yaml").read_bytes()
    refused = shell.run("keys", *arguments)
    assert refused.code == 2
    assert message in refused.err
    assert refused.out == ""
    assert (shell.folder / "k.yaml").read_bytes() == before


BROKEN = {
    "a: 1\n": "k.yaml:1",
    "\na: {hash: sesame, can: [embed]}\n": "k.yaml:2: a.hash: not the hash of a key",
    f"a: {{hash: 'sha256:{'0' * 64}', can: []}}\n": "k.yaml:1: a.can",
    f"a: {{hash: 'sha256:{'0' * 64}', can: [fly]}}\n": "k.yaml:1: a.can",
    f"a: {{hash: 'sha256:{'0' * 64}', can: [embed], filer: x}}\n": "did you mean `filter`?",
    f"'a b': {{hash: 'sha256:{'0' * 64}', can: [embed]}}\n": "no name of a key",
    f"a: {{hash: 'sha256:{'0' * 64}', can: [search, control], filter: page = 1}}\n": "k.yaml:1: a: a key with a `filter`",
    "a: {\n": "not readable as YAML",
    "- a\n": "is a mapping of keys to values",
    "\udc80": "not UTF-8",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_refused_by_line_without_its_values(shell, text):
    shell.write("k.yaml", text.encode(errors="surrogateescape"))
    for command in (("keys", "list", "--file", "k.yaml"), ("serve", "-p", "0", "--keys-file", "k.yaml"),
                    ("watch", "docs", "--serve", "-p", "0", "--keys-file", "k.yaml")):  # fmt: skip
        refused = shell.run(*command)
        assert refused.code == 2
        assert BROKEN[text] in refused.err
        assert "sesame" not in refused.err


@only_deep
def test_keys_that_are_made_at_once_are_all_kept(shell):
    command = [sys.executable, "-m", "embedingest", "keys", "new", "--file", "k.yaml"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def make(name):
        subprocess.run([*command, name], cwd=shell.folder, env=env, check=True, capture_output=True, timeout=120)

    with ThreadPoolExecutor() as threads:
        list(threads.map(make, ["a", "b", "c", "d"]))
    assert {*read_keys(shell.folder / "k.yaml")} == {"a", "b", "c", "d"}


OPTIONS = [
    (("--root-path", "//evil"), "--root-path: no path to serve under"),
    (("--root-path", "/api/x"), "begins as this server's own paths do"),
    (("--trusted-proxy", "proxy"), "--trusted-proxy: not the address of a proxy"),
]


@pytest.mark.parametrize(("arguments", "message"), OPTIONS)
def test_what_no_proxy_can_be_is_said_at_the_start(shell, arguments, message):
    for command in (("serve", "-p", "0"), ("watch", "docs", "--serve", "-p", "0")):
        refused = shell.run(*command, *arguments)
        assert refused.code == 2
        assert message in refused.err


@only_deep
@pytest.mark.slow
@pytest.mark.parametrize("command", [pytest.param(("serve",), marks=only_deep), ("watch", "docs", "--serve")])
def test_a_server_takes_keys_origins_hosts_and_proxies(shell, command):
    shell.write("docs/a/plan.md", "The harbour opens in spring.")
    shell.write("docs/b/secret.md", "The harbour will be sold.")
    shell.ingest()
    shell.write("one.key", "one key\n")
    where = "source startswith 'docs/a/'"
    key = shell.run("keys", "new", "team-a", "--filter", where, "--file", "k.yaml").out.strip()
    port = free_port()
    options = ["--api-key-file", "one.key", "--keys-file", "k.yaml", "--allowed-host", "docs.example.com",
               "--origin", "https://notes.example.com", "--root-path", "/x", "--trusted-proxy", "127.0.0.1"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "embedingest", *command, "-m", "hashing", "-p", str(port), *options],
        cwd=shell.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    one, team = {"Authorization": "Bearer one key"}, {"Authorization": f"Bearer {key}"}
    try:
        until(lambda: _status(port, "/readyz", **one) == 200)
        said = {"X-Forwarded-Host": "docs.example.com", "X-Forwarded-Prefix": "/x"}
        assert get(port, "/metrics", **one, **said).status == 200
        assert get(port, "/x/metrics", **team).status == 403
        allowed = get(port, "/api/tags", **team, Origin="https://notes.example.com")
        assert allowed.headers["access-control-allow-origin"] == "https://notes.example.com"
        found = post(port, "/api/search", {"query": "harbour"}, **team).json()
        assert found["filtered"] is True
        assert [hit["source"] for hit in found["results"]] == ["docs/a/plan.md"]
        assert len(post(port, "/api/search", {"query": "harbour"}, **one).json()["results"]) == 2
        shell.run("keys", "remove", "team-a", "--file", "k.yaml")
        until(lambda: _status(port, "/api/tags", **team) == 401)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _status(port, path, **headers):
    try:
        return get(port, path, **headers).status
    except OSError:
        return 0

"""`plugins`, `plugins check` and `plugins new`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.depth import only_deep

pytestmark = pytest.mark.slow


def test_the_list_tells_origin_and_group(shell):
    listed = shell.run("plugins", "--json").json["plugins"]
    assert {"group": "encoders", "name": "hashing", "origin": "embedingest itself", "error": None} in [
        {key: plugin[key] for key in ("group", "name", "origin", "error")} for plugin in listed
    ]


def test_a_plugin_that_fails_to_load_says_why_and_the_list_goes_on(shell, monkeypatch):
    site = shell.folder / "site"
    shell.write("site/broken-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    entries = "[embedingest.loaders]\nbroken = broken:create\ntext = broken:create\n"
    shell.write("site/broken-1.0.dist-info/entry_points.txt", entries)
    shell.write("site/broken.py", "import no_such_library\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{':'.join(sys.path)}")
    plugins = {
        plugin["name"]: plugin
        for plugin in shell.run("plugins", "--json").json["plugins"]
        if plugin["origin"] == "broken 1.0"
    }
    assert "No module named 'no_such_library'" in plugins["broken"]["error"]
    assert plugins["text"]["error"] == "the name `text` is built in"
    ran = shell.run("plugins", "check", "broken")
    assert ran.code == 2


def test_a_built_in_keeps_the_contract(shell):
    assert shell.run("plugins", "check", "structured").code == 0
    assert shell.run("plugins", "check", "hashing").code == 0


def test_check_wants_to_know_which(shell):
    ran = shell.run("plugins", "check", "nosuch")
    assert ran.code == 2
    assert "unknown plug-in `nosuch`" in ran.err
    assert "--group chunkers" in shell.run("plugins", "check", "code").err


@pytest.mark.parametrize(
    "group", ["loaders", *(pytest.param(group, marks=only_deep) for group in ("encoders", "chunkers"))]
)
def test_a_new_plugin_works_at_once(shell, group):
    assert shell.run("plugins", "new", "my-toy", "--group", group).code == 0
    project = shell.folder / "embedingest-my-toy"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=src"],
        cwd=project,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert shell.run("plugins", "new", "my-toy").code == 2
    assert "small letters" in shell.run("plugins", "new", "My Toy").err


def test_a_plugin_that_blocks_for_ever_is_ended(shell, monkeypatch):
    site = shell.folder / "site"
    shell.write("site/slow-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    shell.write("site/slow-1.0.dist-info/entry_points.txt", "[embedingest.loaders]\nslow = slow:create\n")
    shell.write("site/slow.py", "import time\n\ndef create():\n    time.sleep(600)\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{':'.join(sys.path)}")
    ran = shell.run("plugins", "check", "slow", "--seconds", "3")
    assert ran.code == 2
    assert "did not end within 3 seconds" in ran.err

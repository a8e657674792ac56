"""What operators start embedingest by: units of systemd, the image and its compose file, the property list of launchd."""

from __future__ import annotations

import configparser
import plistlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import click
import pytest
import yaml

from embedingest import config
from embedingest.cli._commands import cli
from embedingest.errors import ConfigError
from tests.depth import only_deep
from tests.waiting import until

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
UNITS = sorted((PACKAGING / "systemd").glob("*.service"))
DOCKERFILE = PACKAGING / "docker" / "Dockerfile"
COMPOSE = yaml.safe_load((PACKAGING / "docker" / "compose.yaml").read_text("utf-8"))
PLIST = PACKAGING / "launchd" / "org.embedingest.watch.plist"
PROGRAM = "/opt/embedingest/bin/embedingest"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here; `make packages` brings or asks for it"
)


def accepts(arguments: list[str]) -> bool:
    """Whether the program knows this command with these options. Raises click.UsageError that says what it does not."""
    with cli.make_context("embedingest", list(arguments)) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        with command.make_context(name, rest, parent=context):
            return True


def started(unit: Path) -> list[str]:
    (line,) = [line for line in unit.read_text("utf-8").splitlines() if line.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


@pytest.fixture
def installed(tmp_path):
    """The units beside a program that is there, since that is looked up."""
    copies = []
    for unit in UNITS:
        copy = tmp_path / unit.name
        copy.write_text(unit.read_text("utf-8").replace(PROGRAM, sys.executable))
        copies.append(copy)
    return copies


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(installed):
    for unit in installed:
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), unit.name


@needs_systemd
def test_the_units_are_exposed_less_than_three_of_ten(installed):
    for unit in installed:
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=29", str(unit)]  # in tenths
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_an_exposed_unit_would_be_noticed(installed):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    bare = installed[0].with_name("bare.service")
    bare.write_text(f"[Service]\nExecStart={sys.executable}\n")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=29", str(bare)]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode != 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is(unit):
    program, *arguments = started(unit)
    assert program == PROGRAM
    assert accepts(arguments)
    with pytest.raises(click.UsageError):
        accepts([*arguments, "--no-such-option"])


def test_the_state_of_a_watch_unit_is_what_its_configuration_names(tmp_path):
    file = tmp_path / "notes.yaml"
    file.write_text("state: ${STATE_DIRECTORY}\npipelines: {notes: {sources: [{path: /srv/notes}]}}\n")
    read = config.read(file, {"STATE_DIRECTORY": "/var/lib/embedingest/notes"})
    assert read.pipelines["notes"].db == "/var/lib/embedingest/notes/lancedb"
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(PACKAGING / "systemd" / "embedingest-watch@.service", "utf-8")
    assert unit["Service"]["StateDirectory"] == "embedingest/%i"


LAUNCHD = {  # of launchd.plist(5): the keys that are used, and what each holds
    "Label": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "LowPriorityIO": bool,
    "Umask": int,
    "StandardErrorPath": str,
}


def test_the_property_list_holds_what_launchd_knows():
    agent = plistlib.loads(PLIST.read_bytes())
    assert {name: type(value) for name, value in agent.items()} == LAUNCHD
    assert PLIST.stem == agent["Label"]
    assert agent["Umask"] == 0o077
    assert agent["ProcessType"] in {"Background", "Standard", "Adaptive", "Interactive"}
    assert agent["ProgramArguments"][0] == "PROGRAM"
    assert accepts(agent["ProgramArguments"][1:])


# -- the image


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [
        (word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)
    ]


def given(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


def let_through() -> list[str]:
    lines = (PACKAGING / "docker" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def test_what_the_image_copies_is_there_and_let_through():
    copied = [word for rest in given("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert sorted(copied) == sorted(let_through())
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_holds_what_the_project_file_needs_to_be_built():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {project["readme"], *project["license-files"], "pyproject.toml", "embedingest"} <= set(let_through())
    assert "bundled" in project["optional-dependencies"]
    (torch,) = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch==")]
    assert torch.count("==") == 1


def test_the_image_runs_as_nobody_and_starts_a_command_that_there_is():
    assert given("USER") == ["10001:10001"]
    assert given("ENTRYPOINT") == ['["embedingest"]']
    (command,) = given("CMD")
    assert accepts(yaml.safe_load(command))


def image_config(**variables: str) -> config.Config:
    return config.read(PACKAGING / "docker" / "embedingest.yaml", variables)


def test_the_image_asks_for_a_key_by_name():
    with pytest.raises(ConfigError, match="`EMBEDINGEST_API_KEY` is not set"):
        image_config()


def test_the_image_and_its_compose_file_mean_the_same_places():
    read = image_config(EMBEDINGEST_API_KEY="sesame")
    (service,) = COMPOSE["services"].values()
    mounts = [m["target"] if isinstance(m, dict) else m.partition(":")[2] for m in service["volumes"]]
    (volumes,) = given("VOLUME")
    assert mounts == ["/documents", *yaml.safe_load(volumes)]
    assert str(read.state) == "/var/lib/embedingest"
    assert str(read.pipelines["documents"].sources[0].path) == "/documents"
    assert f"EMBEDINGEST_CACHE={mounts[2]}" in " ".join(given("ENV"))
    assert given("EXPOSE") == [str(read.server.port)]
    assert service["ports"][0].endswith(f":{read.server.port}")
    assert read.server.hosts == tuple(COMPOSE["services"])
    build = service["build"]
    assert (PACKAGING / "docker" / build["context"] / build["dockerfile"]).samefile(DOCKERFILE)
    assert set(build["args"]) <= {rest.partition("=")[0] for rest in given("ARG")}
    assert set(COMPOSE["volumes"]) == {"state", "cache"}


def test_the_container_may_write_nothing_but_its_volumes():
    (service,) = COMPOSE["services"].values()
    assert service["read_only"] is True
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert service["volumes"][0]["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]


@only_deep
@pytest.mark.slow
def test_the_container_follows_its_folder_asks_for_its_key_and_is_found_healthy(tmp_path):
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "a.md").write_text("The walrus sleeps on the ice.\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "EMBEDINGEST_API_KEY": "sesame",
        "EMBEDINGEST_CACHE": str(tmp_path / "cache"),
        "STATE": str(tmp_path / "state"),
        "DOCUMENTS": str(documents),
        "MODEL": "hashing",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "embedingest", "run", str(PACKAGING / "docker" / "embedingest.yaml")]
    (health,) = [rest.partition(" CMD ")[2] for rest in given("HEALTHCHECK")]
    _, *check = [word.replace("11434", str(port)) for word in yaml.safe_load(health)]

    def healthy() -> bool:
        return subprocess.run([sys.executable, *check], capture_output=True, timeout=60).returncode == 0

    def hits(key: str) -> bool:
        headers = {"Authorization": f"Bearer {key}", "Host": "embedingest"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/search", b'{"query": "walrus"}', headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return b"documents/a.md" in answer.read()
        except urllib.error.HTTPError as error:
            if error.code in {401, 403}:
                raise
            return False

    assert not healthy()
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as running:
        try:
            until(healthy, "a healthy container")
            until(lambda: hits("sesame"), "the document in the table")
            with pytest.raises(urllib.error.HTTPError):
                hits("wrong")
        finally:
            running.terminate()
        assert running.wait(60) == 0

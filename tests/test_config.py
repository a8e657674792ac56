"""Configuration files: what is read, what is refused, and where the error points."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from embedingest import config
from embedingest.config import PipelineConfig, SourceConfig
from embedingest.config.read import expanded
from embedingest.errors import ConfigError
from tests.depth import few

SMALL = """\
pipelines:
  docs:
    sources:
      - path: docs
"""


def write(folder: Path, text: str, name: str = "c.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refused(file: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        config.read(file, environment or {})
    return str(caught.value)


def test_paths_mean_the_file_and_not_the_place_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "etc", SMALL)
    monkeypatch.chdir(tmp_path)
    read = config.read(Path("etc/c.yaml"))
    assert file.is_absolute()
    pipeline = read.pipelines["docs"]
    assert pipeline.sources[0].path == tmp_path / "etc" / "docs"
    assert read.state == tmp_path / "etc" / ".embedingest"
    assert pipeline.db == str(tmp_path / "etc" / ".embedingest" / "lancedb")


def test_the_table_lies_in_the_state_folder_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    assert config.read(write(tmp_path, "state: s\n" + SMALL)).pipelines["docs"].db == str(tmp_path / "s" / "lancedb")
    remote = config.read(write(tmp_path, SMALL + "    db: s3://bucket/tables\n"))
    assert remote.pipelines["docs"].db == "s3://bucket/tables"


def test_a_path_given_in_code_stays_as_it_is() -> None:
    assert config.SourceConfig.model_validate({"path": "docs"}).path == Path("docs")


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + "    chunk:\n      max_toknes: 100\n")
    assert refused(file) == f"{file}:6: pipelines.docs.chunk.max_toknes: unknown key; did you mean `max_tokens`?"


def test_an_unknown_key_like_nothing_lists_what_is_known(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "zzzzz: 1\n"))
    assert "c.yaml:1: zzzzz: unknown key; known here: engine, engines, extends, models, pipelines" in message


def test_a_key_that_belongs_further_in_is_told_where(tmp_path: Path) -> None:
    assert "table: unknown key here; it belongs below `pipelines.NAME`" in refused(write(tmp_path, "table: x\n"))
    message = refused(write(tmp_path, SMALL + "    workers: 2\n"))
    assert "pipelines.docs.workers: unknown key here; it belongs below `load`" in message


def test_a_number_from_the_environment_is_not_shown(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + "    run: {nodes: '${SECRET}'}\n")
    with pytest.raises(ConfigError, match=r"nodes: Input should be a valid integer or 'auto'$"):
        config.read(file, {"SECRET": "hush"})


def test_every_problem_is_listed_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + "        pth: x\n      - 5\nserver:\n  port: 80000\n")
    lines = refused(file).splitlines()
    assert lines == [
        f"{file}: 3 problems",
        f"{file}:5: pipelines.docs.sources[0].pth: unknown key; did you mean `path`?",
        f"{file}:6: pipelines.docs.sources[1]: expected keys and values here",
        f"{file}:8: server.port: Input should be less than or equal to 65535, not `80000`",
    ]


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert "c.yaml:2: pipelines.docs.sources: this key is required" in refused(
        write(tmp_path, "pipelines:\n  docs: {table: x}\n")
    )
    assert "c.yaml:3: pipelines.docs.sources[0]: give a `path`" in refused(
        write(tmp_path, "pipelines:\n  docs:\n    sources: [{as: x}]\n")
    )


def test_two_pipelines_that_write_one_table_are_refused(tmp_path: Path) -> None:
    message = refused(write(tmp_path, SMALL + "  more:\n    sources: [{path: more}]\n"))
    assert "pipelines `docs` and `more` both write table `chunks`" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1\n", ":2: not readable as YAML"),
        ("- 1\n", ":1: a configuration is a mapping of keys to values"),
        ("state: a\nstate: b\n", ":2: state: this key is given twice"),
        ("state: !!python/name:os.system x\n", "plain YAML only"),
        ("models: &m\n  a: *m\n", "aliases go round in a circle"),
        ("models:\n  <<: {a: {}}\n", "merge keys"),
        ("? [a, b]\n: 1\n", "a key must be a plain word"),
    ],
)
def test_yaml_that_is_not_plain_is_refused_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refused(write(tmp_path, text))


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    assert "`embedingest config init`" in refused(tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"state: \xff\xfe")
    assert "not UTF-8 text (byte 7)" in refused(file)


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    assert config.read(write(tmp_path, "# nothing yet\n")).pipelines == {}


def test_words_that_yaml_takes_for_truth_stay_words_as_keys(tmp_path: Path) -> None:
    assert list(config.read(write(tmp_path, "models:\n  on: {}\n  2024: {}\n")).models) == ["on", "2024"]


def test_variables_are_expanded_after_parsing(tmp_path: Path) -> None:
    file = write(tmp_path, SMALL + "    table: ${TABLE}\n    db: ${DB:-s3://b}/x\nserver:\n  port: ${PORT:-81}\n")
    read = config.read(file, {"TABLE": "a: [not, yaml"})
    assert read.pipelines["docs"].table == "a: [not, yaml"
    assert read.pipelines["docs"].db == "s3://b/x"
    assert read.server is not None
    assert read.server.port == 81


def test_two_dollars_are_one(tmp_path: Path) -> None:
    assert config.read(write(tmp_path, SMALL + "    table: a$${B}\n"), {}).pipelines["docs"].table == "a${B}"


def test_braces_that_nothing_closes_stay_as_they_are(tmp_path: Path) -> None:
    """Also very many of them, in time linear in the text: each was read to the end of it once."""
    for written, meant in (("a${T:-b$$c", "a${T:-b$c"), ("${T}${T", "x${T"), ("${T:-" * 50_000, "${T:-" * 50_000)):
        assert expanded(written, {"T": "x"}) == meant


def test_a_variable_that_is_not_set_is_named_with_its_key(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "server:\n  api_key: ${SECRET_KEY}\n"))
    assert "c.yaml:2: server.api_key: the environment variable `SECRET_KEY` is not set" in message


def test_a_wrong_value_from_the_environment_is_not_printed(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "server:\n  port: ${PORT}\n"), {"PORT": "hunter2"})
    assert "server.port" in message
    assert "hunter2" not in message


def test_a_file_lies_over_the_one_it_extends(tmp_path: Path) -> None:
    write(tmp_path / "base", "state: state\nmodels: {a: {encoder: hashing}}\n" + SMALL, "base.yaml")
    above = write(tmp_path, "extends: base/base.yaml\npipelines: {docs: {table: mine}}\nmodels: {b: {}}\n")
    reading = config.read_file(above, {})
    read = reading.config
    assert read.state == tmp_path / "base" / "state", "a path means the file that it is written in"
    assert read.pipelines["docs"].table == "mine"
    assert read.pipelines["docs"].sources[0].path == tmp_path / "base" / "docs"
    assert sorted(read.models) == ["a", "b"]
    assert [file.name for file in reading.files] == ["c.yaml", "base.yaml"]


def test_an_error_in_the_extended_file_points_there(tmp_path: Path) -> None:
    write(tmp_path, "\nserver: {prot: 1}\n", "base.yaml")
    message = refused(write(tmp_path, "extends: base.yaml\nserver: {port: 0}\n"))
    assert f"{tmp_path / 'base.yaml'}:2: server.prot: unknown key; did you mean `port`?" in message


def test_extends_that_goes_round_in_a_circle_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "extends: c.yaml\n", "b.yaml")
    message = refused(write(tmp_path, "extends: b.yaml\n"))
    assert "goes round in a circle" in message
    assert message.count("c.yaml") == 2


def test_extends_to_nowhere_names_both_files(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "extends: gone.yaml\n"))
    assert "gone.yaml (named by `extends` in" in message


# -- what `extends` may name

SECRETS = {
    "a key file": "hunter2: {a: &x 1\n",
    "accounts": "root:hunter2:0:0:root:/root:/bin/sh\ndaemon:hunter2:1:1\n",
    "settings": "[hunter2]\npassword = hunter2\n",
    "keys with values": "hunter2: 1\npassword: hunter2\n",
    "a list": "- hunter2\n- hunter2\n",
    "an unknown alias": "a: *hunter2\n",
    "an unknown tag": "a: !hunter2 b\n",
    "a key twice": "hunter2: 1\nhunter2: 2\n",
    "a tab": "\thunter2: x\n",
    "no UTF-8": "hunter2 \udcff\n",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_nothing_of_a_file_that_is_no_configuration_is_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        config.read(write(tmp_path, "extends: secret\n"), {})
    assert str(tmp_path / "secret") in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_extends_names_a_file_below_or_by_its_whole_path(tmp_path: Path) -> None:
    write(tmp_path, "models: {a: {encoder: hashing}}\n", "base.yaml")
    below = write(tmp_path / "etc", "extends: ../base.yaml\n")
    message = refused(below)
    assert f"{below}:1: extends: " in message
    assert f"outside {tmp_path / 'etc'}" in message
    assert "whole path" in message
    assert sorted(config.read(write(tmp_path / "etc", f"extends: {tmp_path}/base.yaml\n")).models) == ["a"]
    write(tmp_path, "extends: sub/middle.yaml\n", "top.yaml")
    write(tmp_path / "sub", "extends: ../base.yaml\n", "middle.yaml")
    assert sorted(config.read(tmp_path / "top.yaml").models) == ["a"], "below the folder of the first file"


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices of Unix")
def test_extends_reads_no_link_to_outside_no_pipe_no_device_and_no_large_file(tmp_path: Path) -> None:
    write(tmp_path, "models: {}\n", "base.yaml")
    folder = tmp_path / "etc"
    file = write(folder, "extends: other.yaml\n")
    other = folder / "other.yaml"
    other.symlink_to(tmp_path / "base.yaml")
    assert "outside" in refused(file)
    other.unlink()
    other.symlink_to(other)
    assert "other.yaml" in refused(file)
    other.unlink()
    os.mkfifo(other)  # nobody writes: whoever opened it would wait for ever
    assert "not a regular file" in refused(file)
    other.unlink()
    other.mkdir()
    assert "it is a folder" in refused(file)
    other.rmdir()
    other.write_text("#" * 2**20 + "\n")
    assert "more than 1048576 bytes" in refused(file)
    assert "not a regular file" in refused(write(folder, "extends: /dev/zero\n"))
    assert "more than 1048576 bytes" in refused(Path("/dev/zero"))


@few(2)
@pytest.mark.parametrize("text", ["a: " + "9" * 5000, "[" * 5000, "a: " * 3000, "extends: [a]", 'extends: "a\\0b"'])
def test_a_text_that_cannot_be_built_is_refused(tmp_path: Path, text: str) -> None:
    assert str(tmp_path / "c.yaml") in refused(write(tmp_path, text))


@pytest.mark.parametrize("value", ["9" * 5000, "0x" + "f" * 5000, "0x" + "f" * 257, "-" + "9" * 400])
@pytest.mark.parametrize("key", ["metadata: {{a: {}}}", "metadata: {{a: [{{b: {}}}]}}", "chunk: {{max_tokens: {}}}"])
def test_a_number_that_is_too_long_is_refused_by_its_key(tmp_path: Path, key: str, value: str) -> None:
    said = refused(write(tmp_path, SMALL + "    " + key.format(value) + "\n"))
    assert f"pipelines.docs.{key.partition(':')[0]}" in said
    assert len(said) < 400


def test_metadata_that_no_row_can_hold_is_refused_by_its_key_whoever_gives_it() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    for value, reason in ((10**5000, "300 digits"), ([{"x": -(10**400)}], "300 digits"), (deep, "nested")):
        with pytest.raises(ValidationError, match=f"`a` is .*{reason}"):
            PipelineConfig(sources=(SourceConfig(path=Path("docs")),), metadata={"a": value, "b": 2**200})
    assert (
        PipelineConfig(
            sources=(SourceConfig(path=Path("docs")),), metadata={"a": 2**200, "b": [1, {"c": "2024-02-31"}]}
        ).metadata["a"]
        == 2**200
    )


def test_show_hides_secrets_and_what_came_from_the_environment(tmp_path: Path) -> None:
    text = SMALL + "    table: ${T}\nserver: {api_key: sesame}\nengine: {options: {token: t, batch_tokens: 9}}\n"
    shown = config.show(config.read_file(write(tmp_path, text), {"T": "mine"}))
    assert shown["pipelines"]["docs"]["table"] == "***"
    assert shown["server"]["api_key"] == "***"
    assert shown["engine"]["options"] == {"token": "***", "batch_tokens": 9}
    assert "sesame" not in json.dumps(shown)


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    read = config.read_file(write(tmp_path, SMALL + "    chunk: {max_tokens: 64}\nserver: {}\n"), {})
    again = write(tmp_path / "elsewhere", yaml.safe_dump(config.show(read)))
    assert config.read(again, {}) == read.config


def test_the_schema_describes_every_key(tmp_path: Path) -> None:
    schema = config.schema()
    assert schema["properties"]["extends"]["type"] == "string"
    assert schema["additionalProperties"] is False
    missing = [
        f"{name}.{key}"
        for name, section in {**schema["$defs"], "Config": schema}.items()
        for key, value in section.get("properties", {}).items()
        if not value.get("description")
    ]
    assert missing == []


def test_a_section_with_its_place(tmp_path: Path) -> None:
    reading = config.read_file(write(tmp_path, SMALL), {})
    assert reading.place("pipelines", "docs", "sources", 0, "path").line == 4
    assert reading.place("pipelines", "docs", "watch", "sweep_seconds").line == 2


SCALARS = st.one_of(st.text(max_size=20), st.integers(-5, 100_000), st.booleans(), st.none(), st.floats(-1, 9))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["state", "pipelines", "models", "server", "port", "sources", "path", "a", "extends"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(tree=TREES)
def test_whatever_is_written_is_read_or_refused_by_name(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    file = tmp_path_factory.mktemp("c") / "c.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    try:
        config.read(file, {})
    except ConfigError as error:
        said = str(error)
    else:
        said = str(file.parent)
    assert str(file.parent) in said

"""A bucket on a real S3-speaking server on loopback, followed into a table."""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from embedingest_objectstore import create
from moto.server import ThreadedMotoServer

from embedingest import ConfigError, DocumentError, DocumentSkipped, LockedError, PluginError, Session
from embedingest.build.outside import hosts
from embedingest.testing import contract

os.environ |= {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_DEFAULT_REGION": "us-east-1"}


class Bucket:
    """One bucket of a server that runs as long as the tests do."""

    def __init__(self) -> None:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        self._client = boto3.client("s3", endpoint_url=self.endpoint)
        self._client.create_bucket(Bucket="docs")

    def put(self, key: str, text: str) -> None:
        self._client.put_object(Bucket="docs", Key=key, Body=text.encode())

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket="docs", Key=key)

    def source(self, prefix: str, **options: Any) -> Any:
        return create(url=f"s3://docs/{prefix}", endpoint=self.endpoint, allow_http=True, **options)


@functools.cache
def bucket() -> Bucket:
    made = Bucket()
    made.put("contract/a.md", "# A\n")
    made.put("contract/deep/b ü.txt", "b\n")
    made.put("contract/folder/", "")
    return made


test_contract = contract("sources", lambda: bucket().source("contract"))


def test_a_folder_marker_is_no_item() -> None:
    assert sorted(item.key for item in bucket().source("contract").list()) == ["a.md", "deep/b ü.txt"]


def test_a_new_etag_is_a_new_mark() -> None:
    bucket().put("marks/a.md", "one")
    source = bucket().source("marks")
    before = {item.key: item.mark for item in source.list()}
    bucket().put("marks/a.md", "two")
    assert {item.key: item.mark for item in source.list()} != before


def test_an_object_that_is_too_large_is_left_out() -> None:
    source = bucket().source("contract", max_bytes=1)
    sizes = {item.key: item.size for item in source.list()}
    assert sizes["a.md"] == 4
    with pytest.raises(DocumentSkipped, match="more than `max_bytes`"):
        source.read("a.md")


def test_a_server_that_is_not_there_is_a_failed_listing() -> None:
    source = create(url="s3://docs/x", endpoint="http://127.0.0.1:9", allow_http=True, retries=0)
    with pytest.raises(DocumentError, match="cannot be listed") as caught:
        list(source.list())
    assert caught.value.kind == "transient"


def test_wrong_settings_are_refused() -> None:
    with pytest.raises((ConfigError, ValueError)):
        create(url="ftp://docs")


def configured(folder: Path, prefix: str, endpoint: str, poll: int = 60) -> Session:
    file = folder / "pipelines.yaml"
    file.write_text(
        f"""\
pipelines:
  handbook:
    model: hashing
    sources:
      - source: objectstore
        as: handbook
        include: ['*.md', '*.txt']
        options: {{url: 's3://docs/{prefix}', endpoint: '{endpoint}', allow_http: true, retries: 0}}
    watch: {{poll_seconds: {poll}}}
"""
    )
    return Session(file)


def converged(session: Session) -> dict[str, Any]:
    with session.pipeline("handbook") as pipeline:
        return pipeline.converge(allow_deletes=True).to_json()


def test_a_bucket_is_followed_into_a_table(tmp_path: Path) -> None:
    for name in "abc":
        bucket().put(f"walk/{name}.md", f"# {name}\n\nText of {name}.\n")
    bucket().put("walk/skip.bin", "no")
    session = configured(tmp_path, "walk", bucket().endpoint)
    assert converged(session)["files"]["new"] == 3
    assert converged(session)["embedded"]["texts"] == 0
    bucket().put("walk/b.md", "# b\n\nOther text.\n")
    bucket().delete("walk/c.md")
    report = converged(session)
    assert (report["files"]["changed"], report["files"]["deleted"]) == (1, 1)
    session.close()


def test_a_listing_that_fails_deletes_nothing(tmp_path: Path) -> None:
    bucket().put("safe/a.md", "# a\n\nText.\n")
    assert converged(configured(tmp_path, "safe", bucket().endpoint))["files"]["new"] == 1
    report = converged(configured(tmp_path, "safe", "http://127.0.0.1:9"))
    assert report["files"]["deleted"] == 0
    assert "cannot be listed" in report["failures"][0]["error"]


def test_changes_are_polled_while_following(tmp_path: Path) -> None:
    bucket().put("live/a.md", "# a\n\nText.\n")
    stop = threading.Event()
    session = configured(tmp_path, "live", bucket().endpoint, poll=1)
    began = time.monotonic()
    with session.pipeline("handbook", stop=stop) as pipeline:
        seen = 0
        for report in pipeline.follow():
            seen += report.files.new
            if seen == 1:
                bucket().put("live/b.md", "# b\n\nMore.\n")
            if seen == 2 or time.monotonic() - began > 30:
                stop.set()
    assert seen == 2
    session.close()


def test_unknown_settings_name_the_source(tmp_path: Path) -> None:
    session = configured(tmp_path, "x", bucket().endpoint)
    source = session.config.pipelines["handbook"].sources[0]
    assert source.options["retries"] == 0
    text = (tmp_path / "pipelines.yaml").read_text().replace("retries", "retires")
    (tmp_path / "pipelines.yaml").write_text(text)
    with pytest.raises(PluginError, match=r"source `objectstore`: unknown setting `retires`; did you mean `retries`\?"):
        Session(tmp_path / "pipelines.yaml").pipeline("handbook")


def test_the_shipped_configuration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket().put("shipped/a.md", "# a\n\nText.\n")
    for name, value in {
        "DOCS_URL": "s3://docs/shipped",
        "S3_ENDPOINT": bucket().endpoint,
        "ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    shipped = Path(__file__).parents[3] / "configs" / "object-store.yaml"
    file = tmp_path / "light.yaml"
    file.write_text(f"extends: {shipped}\nstate: state\npipelines: {{handbook: {{model: hashing, db: state/db}}}}\n")
    session = Session(file)
    assert list(hosts(session)) == [bucket().endpoint.removeprefix("http://")]
    assert converged(session)["files"]["new"] == 1
    session.close()


# -- the table in a bucket


def in_bucket(folder: Path, name: str, state: str) -> Session:
    """A folder's documents into a table of the bucket, by a writer with a state folder of its own."""
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "a.md").write_text("# a\n\nPenguins.\n")
    file = folder / f"{state}.yaml"
    file.write_text(
        f"""\
state: {state}
pipelines:
  default: {{model: hashing, db: 's3://docs/{name}', sources: [{{path: docs}}]}}
"""
    )
    return Session(file)


def test_of_two_writers_of_a_table_in_a_bucket_the_second_is_told_who_writes_and_until_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket().endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    first, second = in_bucket(tmp_path, "tables", "one"), in_bucket(tmp_path, "tables", "two")
    with first.pipeline() as writer:
        assert writer.converge().files.new == 1
        with pytest.raises(LockedError, match=f"process {os.getpid()} on .*, until 20"), second.pipeline():
            pass
        (tmp_path / "docs" / "b.md").write_text("# b\n\nOwls.\n")
        assert writer.converge().files.new == 1
    with second.pipeline() as writer:
        report = writer.converge()
    assert report.embedded.texts == 0  # what the first one wrote is there
    first.close()
    second.close()

"""A bucket on a real S3-speaking server on loopback, followed into a table."""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from buckets import bucket, configured
from embedingest_objectstore import create

from embedingest import ConfigError, DocumentError, DocumentSkipped, LockedError, PluginError, Session
from embedingest.build.outside import hosts
from embedingest.testing import contract


@functools.cache
def listed() -> None:
    """What the tests of the source itself find in the bucket."""
    bucket().put("contract/a.md", "# A\n")
    bucket().put("contract/deep/b ü.txt", "b\n")
    bucket().put("contract/folder/", "")
    bucket().put("contract/50% off? #1 + [x].md", "odd\n")


def source(**options: Any) -> Any:
    listed()
    return bucket().source("contract", **options)


test_contract = contract("sources", source)


def test_a_folder_marker_is_no_item() -> None:
    keys = sorted(item.key for item in source().list())
    assert keys == ["50% off? #1 + [x].md", "a.md", "deep/b ü.txt"]
    assert source().find("folder") is None


def test_an_empty_object_is_an_item_and_markers_of_folders_are_none() -> None:
    for key in ("void", "void.md", "above/", "above/a.md", "alone/"):
        bucket().put(f"empties/{key}", "here" if key == "above/a.md" else "")
    source = bucket().source("empties")
    for _ in range(2):
        assert {item.key: item.size for item in source.list()} == {"void": 0, "void.md": 0, "above/a.md": 4}


def test_hidden_says_whether_keys_that_begin_with_a_dot_are_taken(tmp_path: Path) -> None:
    for key in ("a.md", ".b.md", ".d/c.md"):
        bucket().put(f"dots/{key}", f"Penguins of {key}.")
    configured(tmp_path, "dots", bucket().endpoint).close()
    settings = tmp_path / "pipelines.yaml"
    shown = settings.read_text()
    for hidden, counts in (("true", (3, 3, 0)), ("false", (1, 0, 2))):
        settings.write_text(shown.replace("as: handbook", f"as: handbook\n        hidden: {hidden}"))
        with Session(settings) as session:
            files = converged(session)["files"]
            assert (files["seen"], files["new"], files["deleted"]) == counts


def test_an_object_that_becomes_empty_is_counted_as_an_empty_file_is(tmp_path: Path) -> None:
    bucket().put("emptied/a.md", "# a\n\nPenguins.\n")
    bucket().put("emptied/b.md", "# b\n\nOwls.\n")
    with configured(tmp_path, "emptied", bucket().endpoint) as session:
        converged(session)
        bucket().put("emptied/b.md", "")
        report = converged(session)
        assert (report["files"]["seen"], report["files"]["empty"], report["files"]["deleted"]) == (2, 1, 0)
        assert report["notice_counts"]["empty"] == {"count": 1, "files": 1}
        with session.pipeline("handbook") as pipeline:
            assert pipeline.verify().problems == []


def test_an_object_whose_key_ends_in_a_slash_is_left_out_with_a_notice(tmp_path: Path) -> None:
    from embedingest.build.inspect import FoldersBehind
    from embedingest.build.remembered import remember

    for key in ("a.md", "b.md/", "b.md-1.md", "a.md/", "a.md/c.md"):
        bucket().put(f"slash/{key}", f"Penguins of {key}.")
    with configured(tmp_path, "slash", bucket().endpoint) as session:
        report = converged(session)
        assert (report["files"]["seen"], report["files"]["new"], report["files"]["skipped"]) == (4, 3, 1)
        (notice,) = report["notices"]
        assert notice["source"] == "handbook/b.md"
        assert "`b.md/` ends in a slash" in str(notice)
        with session.pipeline("handbook") as pipeline:
            assert pipeline.verify().problems == []
            remember(pipeline, session.config)
            config = pipeline.config
        status = FoldersBehind(session.config.state, config.db, config.table).status()
        assert status["behind"]["to_read"] == 0


def test_a_new_etag_is_a_new_mark() -> None:
    bucket().put("marks/a.md", "one")
    source = bucket().source("marks")
    before = {item.key: item.mark for item in source.list()}
    bucket().put("marks/a.md", "two")
    assert {item.key: item.mark for item in source.list()} != before


def test_an_object_that_is_too_large_is_left_out() -> None:
    small = source(max_bytes=1)
    sizes = {item.key: item.size for item in small.list()}
    assert sizes["a.md"] == 4
    with pytest.raises(DocumentSkipped, match="more than `max_bytes`"):
        small.read("a.md")


def test_a_server_that_is_not_there_is_a_failed_listing() -> None:
    source = create(url="s3://docs/x", endpoint="http://127.0.0.1:9", allow_http=True, retries=0)
    with pytest.raises(DocumentError, match="cannot be listed") as caught:
        list(source.list())
    assert caught.value.kind == "transient"


def test_plain_http_that_was_not_allowed_is_told_with_the_option_that_allows_it() -> None:
    source = create(url="s3://docs/x", endpoint=bucket().endpoint, anonymous=True, retries=0)
    with pytest.raises(DocumentError, match="cannot be listed") as caught:
        list(source.list())
    assert "`allow_http: true`" in str(caught.value.remedy)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises((ConfigError, ValueError)):
        create(url="ftp://docs")


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
    assert not (tmp_path / "state" / "mirrors").exists()
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
    assert session.config.pipelines["handbook"].sources[0].options["retries"] == 0
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


def test_an_object_and_one_below_its_name_are_both_documents(tmp_path: Path) -> None:
    bucket().put("both/a.md", "# a\n\nPenguins.\n")
    bucket().put("both/a.md/b.md", "# b\n\nOwls.\n")
    with configured(tmp_path, "both", bucket().endpoint) as session:
        assert converged(session)["files"]["new"] == 2
        bucket().delete("both/a.md")
        report = converged(session)
        assert (report["files"]["deleted"], report["files"]["unchanged"]) == (1, 1)


def test_what_is_found_is_told_with_its_address_and_status_looks_into_the_bucket(tmp_path: Path) -> None:
    from embedingest.build.inspect import FoldersBehind
    from embedingest.build.remembered import remember

    bucket().put("told/a b.md", "# a\n\nPenguins.\n")
    with configured(tmp_path, "told", bucket().endpoint) as session:
        with session.pipeline("handbook") as pipeline:
            pipeline.converge()
            remember(pipeline, session.config)
            state, config = session.config.state, pipeline.config
        folders = FoldersBehind(state, config.db, config.table)
        assert folders.place("handbook/a b.md") == {"uri": "s3://docs/told/a%20b.md"}
        status = folders.status()
        assert (status["in_sync"], status["roots"][0]["path"]) == (True, "s3://docs/told")
        bucket().put("told/new.md", "# new\n")
        assert folders.status()["behind"] == {"to_read": 1, "gone": 0, "seen": 2}
        with session.pipeline("handbook") as pipeline:
            pipeline.forget("handbook")
        assert folders.status()["roots"] == []


@pytest.mark.parametrize("key", ["a//b.md", "a/../b.md"])
def test_a_key_that_the_client_cannot_list_is_named_and_nothing_is_deleted(tmp_path: Path, key: str) -> None:
    prefix = f"bad-{len(key)}"
    bucket().put(f"{prefix}/good.md", "# good\n\nPenguins.\n")
    with configured(tmp_path, prefix, bucket().endpoint) as session:
        assert converged(session)["files"]["new"] == 1
        bucket().put(f"{prefix}/{key}", "# bad\n")
        report = converged(session)
        assert report["files"]["deleted"] == 0
        (failure,) = report["failures"]
        assert f"{prefix}/{key}" in failure["error"]
        assert failure["error"].endswith("; rename or remove that key, or narrow `url` to where there is none like it")


def test_a_bucket_that_is_not_there_is_told_in_the_words_of_the_store_and_once(tmp_path: Path) -> None:
    for name in "abc":
        bucket().put(f"gone/{name}.md", f"Penguins of {name}.")
    with configured(tmp_path, "gone", bucket().endpoint) as session:
        assert converged(session)["files"]["new"] == 3
    settings = tmp_path / "pipelines.yaml"
    settings.write_text(settings.read_text().replace("s3://docs/", "s3://docks/"))
    with Session(settings) as session, session.pipeline("handbook") as pipeline:
        (problem,) = pipeline.verify().problems
        (unseen,) = pipeline.plan()["unreadable"]
        (failure,) = pipeline.converge().to_json()["failures"]
    for told in (problem.message, unseen["error"], failure["error"]):
        assert "s3://docks/gone cannot be listed: NoSuchBucket: The specified bucket does not exist; " in told
        assert "address, credentials" in told
        assert "chmod" not in told


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

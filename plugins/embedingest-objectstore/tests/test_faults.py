"""A bucket behind requests that fail, are late or are cut off: retried within bounds, said, and nothing deleted."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import pytest
from buckets import bucket, configured
from faulty import Asked, FaultyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest import Session

OBJECTS = 60


@functools.cache
def filled() -> None:
    for number in range(OBJECTS):
        bucket().put(f"many/{number:03}.md", f"# Penguin {number}\n\nIt lives on floe {number}.\n")


@pytest.fixture
def proxy() -> Iterator[FaultyProxy]:
    filled()
    proxy = FaultyProxy(bucket().endpoint)
    yield proxy
    proxy.close()


@pytest.fixture
def session(tmp_path: Path, proxy: FaultyProxy) -> Iterator[Session]:
    with configured(tmp_path, "many", proxy.endpoint, retries=2) as session:
        yield session


def converged(session: Session, **options: Any) -> Any:
    with session.pipeline("handbook") as pipeline:
        return pipeline.converge(**options)


@pytest.mark.parametrize("fault", ["503", "507", "429", "cut"])
def test_one_request_in_twenty_that_fails_fails_no_document(session: Session, proxy: FaultyProxy, fault: str) -> None:
    proxy.fault = lambda asked: fault if asked.number % 20 == 0 else ""
    report = converged(session)
    assert (report.files.new, report.exit_code) == (OBJECTS, 0)
    assert sum(asked.number % 20 == 0 for asked in proxy.asked) >= 3
    proxy.fault = lambda _: ""
    with session.pipeline("handbook") as pipeline:
        assert pipeline.verify().problems == []


@pytest.mark.parametrize("fault", ["507", "cut"])
def test_an_object_that_never_comes_is_named_and_the_others_are_in_the_table(
    session: Session, proxy: FaultyProxy, fault: str
) -> None:
    proxy.fault = lambda asked: fault if asked.is_for("007.md") else ""
    report = converged(session)
    assert [(failure.source, failure.kind) for failure in report.failures] == [("handbook/007.md", "transient")]
    assert (report.files.new, report.files.deleted) == (OBJECTS - 1, 0)
    assert len([asked for asked in proxy.asked if asked.is_for("007.md")]) <= 3 * 3  # of the reader times of the client
    proxy.fault = lambda _: ""
    with session.pipeline("handbook") as pipeline:
        (report,) = [pipeline.perform("retry", {"sources": []})]
    assert report.exit_code == 0


def test_late_answers_are_waited_for_together(session: Session, proxy: FaultyProxy) -> None:
    proxy.fault = lambda asked: "2s" if asked.number % 10 == 0 else ""
    report = converged(session)
    assert (report.files.new, report.exit_code) == (OBJECTS, 0)
    assert proxy.most > 8


@pytest.mark.parametrize("fault", ["503", "403", "cut"])
def test_a_listing_that_fails_deletes_nothing_and_says_so(session: Session, proxy: FaultyProxy, fault: str) -> None:
    assert converged(session).files.new == OBJECTS
    proxy.fault = lambda asked: fault if asked.is_listing else ""
    report = converged(session, allow_deletes=True)
    assert (report.files.deleted, report.exit_code) == (0, 1)
    assert [failure.source for failure in report.failures] == ["handbook"]
    assert "cannot be listed" in report.failures[0].error
    with session.pipeline("handbook") as pipeline:
        assert [item["source"] for item in pipeline.plan()["unreadable"]] == ["handbook"]
    proxy.fault = lambda _: ""
    assert converged(session).files.unchanged == OBJECTS


def test_half_a_listing_deletes_nothing_and_what_it_named_is_read(tmp_path: Path) -> None:
    for number in range(1020):
        bucket().put(f"pages/{number:04}.md", f"Floe {number}.")
    proxy = FaultyProxy(bucket().endpoint)
    with configured(tmp_path, "pages", proxy.endpoint, retries=1) as session:
        assert converged(session).files.new == 1020
        assert sum(asked.is_listing for asked in proxy.asked) == 2
        proxy.fault = lambda asked: "cut" if "continuation-token" in asked.query else ""
        report = converged(session, allow_deletes=True)  # gone on with from the last object of the first page
        assert (report.files.unchanged, report.files.deleted, report.exit_code) == (1020, 0, 0)
        assert any("start-after=pages/0999.md" in unquote(asked.query) for asked in proxy.asked)
        proxy.fault = lambda asked: "cut" if {"continuation-token", "start-after"} & set(parse_qs(asked.query)) else ""
        bucket().put("pages/0001.md", "The floe has melted.")
        report = converged(session, allow_deletes=True)
        assert (report.files.changed, report.files.deleted, report.exit_code) == (1, 0, 1)
    proxy.close()


def test_an_object_that_changes_between_listing_and_reading_is_read_as_it_is_then(
    session: Session, proxy: FaultyProxy
) -> None:
    changed: list[Asked] = []

    def fault(asked: Asked) -> str:
        if asked.method == "GET" and asked.is_for("009.md") and not changed:
            changed.append(asked)
            bucket().put("many/009.md", "# Penguin 9\n\nIt has moved to another floe.\n")
        return ""

    proxy.fault = fault
    report = converged(session)
    assert (report.files.new, report.exit_code, len(changed)) == (OBJECTS, 0, 1)
    with session.pipeline("handbook") as pipeline:
        (row,) = pipeline.table().rows(["handbook/009.md"])["handbook/009.md"]
        assert "another floe" in row.text
        assert pipeline.converge().files.unchanged == OBJECTS


def test_an_object_that_went_between_listing_and_reading_is_no_failure(tmp_path: Path, proxy: FaultyProxy) -> None:
    for name in "abc":
        bucket().put(f"going/{name}.md", f"Floe {name}.")

    def fault(asked: Asked) -> str:
        if asked.method == "GET" and asked.is_for("b.md"):
            bucket().delete("going/b.md")
        return ""

    proxy.fault = fault
    with configured(tmp_path, "going", proxy.endpoint) as session:
        report = converged(session)
        assert (report.files.new, report.files.failed, report.exit_code) == (2, 0, 0)


def test_an_object_that_is_another_at_every_try_is_named_and_read_once_it_is_still(tmp_path: Path) -> None:
    bucket().put("restless/a.md", "Floe a.")
    bucket().put("restless/b.md", "Floe b.")
    proxy = FaultyProxy(bucket().endpoint)

    def fault(asked: Asked) -> str:
        if asked.method == "GET" and asked.is_for("a.md"):
            bucket().put("restless/a.md", f"Floe {asked.number}.")
        return ""

    with configured(tmp_path, "restless", proxy.endpoint) as session:
        proxy.fault = fault
        report = converged(session)
        (failure,) = report.failures
        assert (report.files.seen, report.files.new, report.files.failed, report.exit_code) == (2, 1, 1, 1)
        assert (failure.source, failure.kind) == ("handbook/a.md", "transient")
        assert "changed while it was read, 3 times" in failure.error
        with session.pipeline("handbook") as pipeline:
            assert [problem.source for problem in pipeline.verify().problems] == ["handbook/a.md"]
            proxy.fault = lambda _: ""
            (report,) = [pipeline.perform("retry", {"sources": []})]
            assert (report.files.new, report.exit_code) == (1, 0)
            assert pipeline.verify().problems == []
    proxy.close()


def test_a_denied_object_is_told_in_the_words_of_the_store(session: Session, proxy: FaultyProxy) -> None:
    proxy.fault = lambda asked: "403" if asked.is_for("007.md") else ""
    (failure,) = converged(session).failures
    assert "007.md cannot be read: Planted; " in failure.error

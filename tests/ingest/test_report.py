"""The report's document has exactly the fixed keys, and its exit code says whether something is left to do."""

from __future__ import annotations

import json

import pytest

from embedingest.ingest.report import ChunkCounts, EmbedCounts, Failure, FileCounts, FileNotice, IngestReport, Notices


def test_the_json_document_has_the_fixed_keys() -> None:
    document = json.loads(json.dumps(IngestReport().to_json()))
    assert list(document) == ["files", "chunks", "embedded", "failures", "notices", "notice_counts", "seconds"]
    assert set(document["files"]) == {
        "seen", "new", "changed", "moved", "deleted", "unchanged", "skipped", "empty", "failed", "pending_deletes",
    }  # fmt: skip
    assert set(document["chunks"]) == {"new", "kept", "refreshed", "deleted", "truncated"}
    assert (document["notices"], document["notice_counts"]) == ([], {})
    assert set(document["embedded"]) == {"texts", "tokens", "characters", "reused"}


def test_failures_and_waiting_deletions_ask_for_attention() -> None:
    report = IngestReport()
    assert report.exit_code == 0
    report.files.pending_deletes = 1
    assert report.exit_code == 1
    report.files.pending_deletes = 0
    report.failures.append(Failure("docs/a", "permanent", "corrupt"))
    assert report.exit_code == 1
    assert report.to_json()["failures"] == [{"source": "docs/a", "kind": "permanent", "error": "corrupt"}]


def test_a_report_comes_back_from_its_document() -> None:
    report = IngestReport(FileCounts(seen=3, new=2, failed=1), ChunkCounts(new=7), EmbedCounts(texts=5, tokens=50))
    report.failures.append(Failure("docs/a", "permanent", "corrupt"))
    report.notices = Notices([FileNotice("docs/b", "binary", 1, "binary data")], {"binary": {"files": 1, "count": 1}})
    report.spend("read", 1.5)
    assert IngestReport.from_json(json.loads(json.dumps(report.to_json()))) == report
    assert IngestReport.from_json({}) == IngestReport()


def test_a_run_that_was_stopped_says_so_in_its_document() -> None:
    assert "stopped" not in IngestReport().to_json()
    document = IngestReport(stopped=True).to_json()
    assert document["stopped"] is True
    assert IngestReport.from_json(document).stopped


def test_a_counter_that_is_not_there_cannot_be_counted() -> None:
    counts = FileCounts()
    counts.add("new", 2)
    counts.add("new")
    assert counts.new == 3
    with pytest.raises(AttributeError):
        counts.add("eaten")

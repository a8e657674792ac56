"""The report's document has exactly the fixed keys, and its exit code says whether something is left to do."""

from __future__ import annotations

import json

from embedingest.ingest.report import Failure, IngestReport, merge


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
    report.files["pending_deletes"] = 1
    assert report.exit_code == 1
    report.files["pending_deletes"] = 0
    report.failures.append(Failure("docs/a", "permanent", "corrupt"))
    assert report.exit_code == 1
    assert report.to_json()["failures"] == [{"source": "docs/a", "kind": "permanent", "error": "corrupt"}]


def test_merging_adds_work_and_keeps_the_last_standing_counts() -> None:
    first, second = IngestReport(), IngestReport()
    first.files.update(new=3, seen=3, failed=1)
    second.files.update(changed=1, seen=3, failed=0)
    first.spend("read", 1.0)
    second.spend("read", 2.0)
    total = merge([first, second])
    assert (total.files["new"], total.files["changed"], total.files["seen"], total.files["failed"]) == (3, 1, 3, 0)
    assert total.seconds == {"read": 3.0}

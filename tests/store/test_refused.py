"""An object store that cannot be used: the cause in its words, the way out, and nothing of its client's insides."""

from __future__ import annotations

import pytest

from embedingest.errors import StoreError
from embedingest.store.database import connect
from embedingest.store.refused import refusal_in
from tests.store import bucket

pytestmark = pytest.mark.slow


def test_a_bucket_that_is_not_there_is_told_in_the_words_of_the_store(monkeypatch):
    with bucket.served(monkeypatch), pytest.raises(StoreError) as told:
        connect("s3://nosuch/lancedb", read_consistency_seconds=0)
    assert told.value.message == (
        "cannot open database s3://nosuch/lancedb: NoSuchBucket: The bucket `nosuch` does not exist"
    )
    assert "make the bucket" in told.value.remedy


def test_a_store_that_does_not_answer_is_told_with_its_address(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    for name, value in {"ALLOW_HTTP": "true", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(StoreError) as told:
        connect("s3://lake/lancedb", read_consistency_seconds=0)
    assert told.value.message == (
        "cannot open database s3://lake/lancedb: nothing answers at http://127.0.0.1:9: connection refused"
    )
    assert "`AWS_ENDPOINT`" in told.value.remedy


@pytest.mark.parametrize(
    ("within", "said", "remedy"),
    [
        (
            'Status { status: 403, body: Some("<Error><Code>InvalidAccessKeyId</Code><Message>Not &quot;x&quot;.</Message>',
            'InvalidAccessKeyId: Not "x".',
            "AWS_SECRET_ACCESS_KEY",
        ),
        ('body: Some("<Error><Code>AccessDenied</Code></Error>")', "AccessDenied", "list, read, write"),
        ("CredentialsNotLoaded { source: 1 }", "there is no key for this store", "AWS_ACCESS_KEY_ID"),
        (
            'uri: Some(http://nosuch.example:9/lake?x=1), ConnectError("dns error", 1)',
            "there is no host of this name, or no name server is reached: http://nosuch.example:9",
            "AWS_ENDPOINT",
        ),
    ],
)
def test_each_cause_has_its_words_and_its_way_out(within, said, remedy):
    found = refusal_in(f'Invalid input, Failed to connect: IO {{ source: Generic {{ store: "S3", source: {within}')
    assert found is not None
    assert found.said == said
    assert remedy in found.remedy


def test_what_is_no_matter_of_a_store_or_not_known_stays_what_it_was():
    assert refusal_in("<Code>AccessDenied</Code> stands in a text") is None
    assert refusal_in('Generic { store: "S3", source: something else') is None
    assert refusal_in('Generic { store: "S3", source: <Code>Novel</Code>').remedy is None

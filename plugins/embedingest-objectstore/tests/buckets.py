"""A bucket on a real S3-speaking server on loopback, and configurations that follow it."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import boto3
from embedingest_objectstore import create
from moto.server import ThreadedMotoServer

from embedingest import Session

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Bucket", "bucket", "configured"]

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
    return Bucket()


def configured(folder: Path, prefix: str, endpoint: str, *, poll: int = 60, retries: int = 0) -> Session:
    """A session whose pipeline `handbook` follows a prefix of the bucket."""
    file = folder / "pipelines.yaml"
    url = f"s3://docs/{prefix}"
    file.write_text(
        f"""\
state: {folder / "state"}
pipelines:
  handbook:
    model: hashing
    db: {folder / "state" / "lancedb"}
    sources:
      - source: objectstore
        as: handbook
        include: ['*.md', '*.txt']
        options: {{url: '{url}', endpoint: '{endpoint}', allow_http: true, retries: {retries}}}
    watch: {{poll_seconds: {poll}}}
"""
    )
    return Session(file)

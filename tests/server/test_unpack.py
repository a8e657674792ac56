"""Packed bodies: understood by their encoding, and bounded as they are once they are unpacked."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import zstandard

from embedingest.server.unpack import encodings
from tests.server.client import connect, read_to_end

BODY = json.dumps({"model": "hashing", "input": "why is the sky blue?"}).encode()
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY),
    "GZip": gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]),
    "deflate": zlib.compress(BODY),
    " deflate ": RAW.compress(BODY) + RAW.flush(),
    "identity": BODY,
    "deflate, gzip": gzip.compress(zlib.compress(BODY)),
    "zstd": zstandard.compress(BODY),
}


def ask(port: int, encoding: str, body: bytes, path: str = "/api/embed") -> tuple[int, str]:
    connection = connect(port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: {encoding}\r\n"
    connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = read_to_end(connection).decode()
    connection.close()
    return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_body_is_read(serve, encoding):
    assert ask(serve().port, encoding, PACKED[encoding])[0] == 200


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, br", "gzip, gzip, gzip", "nonsense"])
@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings"])
def test_another_encoding_is_a_415_that_names_those_that_work(serve, encoding, path):
    status, body = ask(serve().port, encoding, b"x", path)
    assert status == 415
    assert all(name in str(json.loads(body)["error"]) for name in encodings())


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_what_is_not_packed_so_is_a_bad_request(serve, encoding):
    for body in (BODY, PACKED[encoding][:-3]):
        assert ask(serve().port, encoding, body)[0] == 400


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, zstandard.compress], ids=["gzip", "deflate", "zstd"])
def test_a_body_that_grows_beyond_the_limit_is_refused_whole(serve, pack, request):
    encoding = request.node.callspec.id
    server = serve({"max_body_bytes": 100_000})
    for size in (99_000, 5_000_000):
        padded = BODY[:-1] + b" " * (size - len(BODY)) + b"}"
        status, body = ask(server.port, encoding, pack(padded))
        assert status == (200 if size < 100_000 else 413), body


def test_a_body_that_grows_in_its_second_layer_is_refused_whole(serve):
    layers = gzip.compress(zlib.compress(BODY[:-1] + b" " * 50_000_000 + b"}", 1))
    assert ask(serve({"max_body_bytes": 100_000}).port, "deflate, gzip", layers)[0] == 413


def test_a_body_of_very_many_members_is_refused(serve):
    empty = gzip.compress(b"")
    assert ask(serve().port, "gzip", PACKED["gzip"] + empty * 1000)[0] == 200
    status, text = ask(serve().port, "gzip", empty * 11_000 + PACKED["gzip"])
    assert status == 413
    assert "more than 10000 members" in text

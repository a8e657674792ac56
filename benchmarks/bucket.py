"""A bucket of any number of objects, over HTTP as S3 spells it: a listing in pages, whole objects, ETags, `If-Match`.

What an object holds follows from its number, so that nothing is kept. It measures who asks: the process says what of
a processor it used itself. `GET /-/spent` answers `{"requests": …, "processor_seconds": …}`, `PUT /-/changed/N` makes
every N-th object another (0: none).

    python benchmarks/bucket.py OBJECTS    # prints its endpoint, ends with its standard input
"""

import asyncio
import hashlib
import json
import os
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BYTES = 2_048
WHEN = "2024-05-06T07:08:09.000Z"
WHEN_HTTP = "Mon, 06 May 2024 07:08:09 GMT"
WORDS = [
    "walrus",
    "penguin",
    "otter",
    "llama",
    "harbour",
    "winter",
    "quiet",
    "river",
    "lantern",
    "meadow",
    "copper",
    "thistle",
]


class Bucket:
    def __init__(self, objects):
        self.objects, self.every, self.requests = objects, 0, 0

    def key(self, number):
        return f"docs/{number // 1000:04}/{number:07}.md"

    def number(self, key):
        name = key.rpartition("/")[2].removesuffix(".md")
        number = int(name) if name.isdigit() else -1
        return number if 0 <= number < self.objects and self.key(number) == key else -1

    def version(self, number):
        return 2 if self.every and number % self.every == 0 else 1

    def tag(self, number):
        return f'"{hashlib.md5(f"{number} {self.version(number)}".encode()).hexdigest()}"'

    def body(self, number):
        seed = number * 7 + self.version(number)
        words = " ".join(WORDS[(seed + at * at) % len(WORDS)] for at in range(BYTES // 6))
        return (
            f"# Object {number}, version {self.version(number)}\n\n{words}"[: BYTES - 1].ljust(BYTES - 1).encode()
            + b"\n"
        )

    def page(self, after, most):
        first = self.number(after) + 1 if after else 0
        last = min(self.objects, first + most)
        contents = "".join(
            f"<Contents><Key>{escape(self.key(n))}</Key><LastModified>{WHEN}</LastModified>"
            f"<ETag>{escape(self.tag(n))}</ETag><Size>{BYTES}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for n in range(first, last)
        )
        more = last < self.objects
        token = f"<NextContinuationToken>{self.key(last - 1)}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>bucket</Name><Prefix>docs/</Prefix><KeyCount>{last - first}</KeyCount><MaxKeys>{most}</MaxKeys>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{token}</ListBucketResult>"
        ).encode()

    def answer(self, target, headers):
        """Status, headers and body."""
        self.requests += 1
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/")
        if path == "-/spent":
            spent = {"requests": self.requests, "processor_seconds": round(time.process_time(), 3)}
            return 200, {"Content-Type": "application/json"}, json.dumps(spent).encode()
        if path.startswith("-/changed/"):
            self.every = int(path.rpartition("/")[2])
            return 200, {}, b""
        key = path.partition("/")[2]
        if not key:
            page = self.page(asked.get("continuation-token", ""), int(asked.get("max-keys", 1000)))
            return 200, {"Content-Type": "application/xml"}, page
        number = self.number(key)
        if number < 0:
            return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>"
        tag = self.tag(number)
        if headers.get("if-match", tag) != tag:
            return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        told = {"ETag": tag, "Last-Modified": WHEN_HTTP, "Content-Type": "text/markdown"}
        return 200, told, self.body(number)


async def serve(bucket, told):
    async def talk(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ", 2)
                headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
                await reader.readexactly(int(headers.get("content-length", 0)))
                status, sent, body = bucket.answer(target, headers)
                lines = [
                    f"HTTP/1.1 {status} -",
                    *(f"{n}: {v}" for n, v in sent.items()),
                    f"Content-Length: {len(body)}",
                ]
                writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if method == "HEAD" else body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    told(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


def main():
    def told(port):
        print(f"http://127.0.0.1:{port}", flush=True)
        threading.Thread(target=end_with_input, daemon=True).start()

    asyncio.run(serve(Bucket(int(sys.argv[1])), told))


if __name__ == "__main__":
    main()

# ruff: noqa: UP031 -- JSON is full of braces, which f-strings would have doubled
"""Attacks on a server: bodies, framing, hosts and origins, clients that are slow, leave, or never read."""

import gzip
import json
import time
import zlib
from collections import Counter

from attack_common import Watch, statuses

HASHING = '"model":"hashing"'
MINILM = '"model":"all-minilm"'
SIZE = 60_000_000


def _many(item, size=SIZE):
    return item * (size // len(item))


LARGE = {
    "a period of 800 000 parts": lambda: ("/api/embed", '{%s,"input":"x","keep_alive":"%s"}' % (HASHING, "1h" * 800_000)),
    "one text of 2 MB, tokenised whole": lambda: ("/api/tokenize", '{%s,"content":"%s"}' % (MINILM, "a b " * 500_000)),
    "one text of 2 MB": lambda: ("/api/embed", '{%s,"input":"%s"}' % (MINILM, "a b " * 500_000)),
    "one text of 2 MB, never cut": lambda: ("/api/embed", '{%s,"truncate":false,"input":"%s"}' % (MINILM, "a b " * 500_000)),
    "the same, older form": lambda: ("/api/embeddings", '{%s,"prompt":"%s"}' % (MINILM, "a b " * 500_000)),
    "one text of 12 MB": lambda: ("/v1/embeddings", '{%s,"input":"%s"}' % (MINILM, "lorem ipsum " * 1_000_000)),
    "one text of 60 MB": lambda: ("/api/embed", '{%s,"input":"%s"}' % (MINILM, _many("a b "))),
    "one word of 60 MB": lambda: ("/api/embed", '{%s,"input":"%s"}' % (MINILM, "x" * SIZE)),
    "one word of 20 MB, never cut": lambda: ("/api/embed", '{%s,"truncate":false,"input":"%s"}' % (MINILM, "x" * 20_000_000)),
    "marks on one letter, 20 MB": lambda: ("/api/embed", '{%s,"input":"a%s"}' % (MINILM, "\u0301" * 10_000_000)),
    "marks on many letters, 2 MB": lambda: ("/api/embed", '{%s,"input":"%s"}' % (MINILM, "a\u0301" * 700_000)),
    "33 000 texts for no model": lambda: ("/api/embed", '{"model":"nope","input":[%s"x"]}' % _many('"%s",' % ("x" * 1800))),
    "letters of two bytes in 33 000 texts": lambda: ("/api/embed", '{"model":"nope","input":[%s"\\ud800"]}' % _many('"%s",' % ("\u00e9" * 900), SIZE // 2)),
    "CJK, 20 MB": lambda: ("/api/embed", '{%s,"input":"%s"}' % (MINILM, "\u65e5" * 7_000_000)),
    "30 million numbers, read carefully": lambda: ("/api/embed", '{%s,"z":"\\ud800","input":[%s1]}' % (HASHING, _many("1,"))),
    "5 million keys inside": lambda: ("/api/embed", '{%s,"z":"\\ud800","input":{%s}}' % (HASHING, _keys(5_000_000))),
    "5 million keys": lambda: ("/api/embed", "{%s,%s}" % (HASHING, _keys(5_000_000))),
    "20 million empty lists": lambda: ("/api/embed", '{%s,"input":[%s[]]}' % (HASHING, _many("[],"))),
    "lone surrogates in 30 000 texts": lambda: ("/api/embed", '{"model":"nope","input":[%s"\\ud800"]}' % _many('"%s",' % ("x" * 1997))),
    "escapes in 30 000 texts": lambda: ("/api/embed", '{"model":"nope","input":[%s"\\ud800"]}' % _many('"%s",' % ("\\u00e9" * 333))),
    "no JSON, 60 MB": lambda: ("/api/embed", '{"model":"nope","input":["' + "x" * SIZE),
    "brackets, 60 MB": lambda: ("/api/embed", "[" * SIZE),
    "numbers under /v1": lambda: ("/v1/embeddings", '{"model":"nope","input":[%s1]}' % _many("1,", 30_000_000)),
    "a filter of 5 MB": lambda: ("/api/search", '{"query":"sky","filter":"%s"}' % ("(" * 5_000_000)),
    "a query of 20 MB": lambda: ("/api/search", '{"query":"%s"}' % ("sky " * 5_000_000)),
    "32 768 texts": lambda: ("/api/embed", '{%s,"input":[%s"x"]}' % (HASHING, '"x",' * 32_767)),
    "a name of 20 MB": lambda: ("/api/embed", '{"model":"%s","input":"x"}' % ("a" * 20_000_000)),
}  # fmt: skip


REFUSALS = (
    ("GET", "/v1/nope", 404), ("GET", "/v1/embeddings", 405), ("POST", "/v1/embeddings", 400), ("GET", "/v1/models/owner/name", 404), ("DELETE", "/v1/models", 405),
    ("GET", "/api/nope", 404), ("GET", "/api/embed", 405), ("POST", "/api/embed", 400), ("POST", "/api/show", 400), ("PUT", "/api/tags", 405),
)  # fmt: skip


def refusals(server):
    """Whatever is refused, its error has the shape that its clients read: OpenAI's under `/v1`, else Ollama's."""
    wrong = []
    for method, path, wanted in REFUSALS:
        for headers in ({}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            status, answer = server.request(method, path, "{", headers)
            told = json.loads(answer)["error"]["message"] if path.startswith("/v1") else answer.decode()
            if status != (403 if headers else wanted) or not told:
                wrong.append((method, path, headers, status))
    listed = [one["id"] for one in json.loads(server.get("/v1/models")[1])["data"]]
    wrong += [name for name in listed if server.get(f"/v1/models/{name}")[0] != 200]
    with Watch(server) as watch:
        pass
    happened = f"{len(REFUSALS) * 3} refusals, {len(listed)} models" + (f"; not {wrong[:4]}" if wrong else "")
    yield watch.outcome("B11 refusals under /api and /v1", "each in its clients' shape", happened, not wrong)


def _keys(count):
    return ",".join(f'"{number:x}":1' for number in range(count))


def large(server):
    """Single requests of at most 64 MiB: whoever asks beside them is answered as if they were not there."""
    for name, make in LARGE.items():
        path, body = make()
        data = body.encode("utf-8", "surrogatepass")
        del body
        with Watch(server) as watch:
            began = time.perf_counter()
            status, answer = server.post(path, data)
            took = time.perf_counter() - began
        good = status in (200, 400, 404, 413) or (status == 500 and answer[:200].count(TOLD[0]) == 1)
        yield watch.outcome(
            f"A3 {name} ({len(data) / 1e6:.0f} MB)", "an answer with its cause", f"{status} in {took:.1f} s", good
        )
        del answer, data


def packed(server):
    """Bodies that unpack beyond their bound, that are not what they say, and an ordinary one."""
    plain = json.dumps({"model": "hashing", "input": "x" * 300_000_000}).encode()
    for packed, encoding in (
        (gzip.compress(plain, 1), "gzip"),
        (zlib.compress(plain, 1), "deflate"),
        (b"x" * 1_000_000, "gzip"),
    ):
        with Watch(server) as watch:
            status, _ = server.post("/api/embed", packed, Content_Encoding=encoding)
        yield watch.outcome(
            f"B12 a body that unpacks to 300 MB ({encoding})", "413 or 400", str(status), status in (413, 400)
        )
    status, answer = server.post(
        "/api/embed", gzip.compress(b'{"model":"hashing","input":"x"}'), Content_Encoding="gzip"
    )
    with Watch(server) as watch:
        pass
    yield watch.outcome("B12 an ordinary packed body", "200", str(status), status == 200 and b"embeddings" in answer)


DIGITS = (
    "9" * 400,
    "-" + "9" * 400,
    "9" * 5000,
    "9223372036854775808",
    "4611686018427387904",
    "1e400",
    "-1e400",
    "-0",
    "-5",
    "NaN",
)
ODD = (
    *DIGITS, '"%sh"' % DIGITS[0], '"1e400h"', '"\\u0663\\u0664h"', '"NaN"', '"inf"', '"%s"' % ("1h" * 2000), '"%sx"' % ("1" * 20_000),
    "null", "true", "[]", "{}", '[["hashing"]]', '"\\ud800"', '"\\u0000"', '"../../etc/passwd"', '"/etc/passwd"', '"file:///tmp"',
    '"http://host.example/x"', '"hashing:cloud"', '"."', '"C:\\\\x"', '"hashing%s"' % (":local" * 500), '["\\udc00\\ud800"]',
    "[" * 490 + "]" * 490, "[" * 990 + "]" * 990, "[" * 100_000, '{"a":' * 490 + "1" + "}" * 490, '{"a":' * 1000 + "1" + "}" * 1000,
    "[1, 2, 3]", "[[1, 2], [3]]", '["a", null]', "[%s]" % ",".join(['"a"'] * 40_000), '"%s"' % ("a" * 100_000), '{"num_ctx": %s}' % DIGITS[0],
    '{"num_ctx": 1e400}', '{"num_ctx": 4611686018427387904}', '{"a": 1}', '"hashing\\n"', '"hashing\\u0000"', '"../x/hashing"', '"x"', "1.5", '""', '"modified_at > \'0001-01-01T00:00:00+23:59\'"', '"modified_at < \'9999-12-31T23:59:59-23:59\'"', '"page = %s"' % DIGITS[0],
)  # fmt: skip
FIELDS = {
    "/api/embed": (
        "model",
        "input",
        "dimensions",
        "keep_alive",
        "options",
        "truncate",
        "prompt_name",
        "input_type",
        "MODEL",
        "\\ud800",
    ),
    "/api/embeddings": ("model", "prompt", "keep_alive", "options"),
    "/v1/embeddings": ("model", "input", "dimensions", "encoding_format", "keep_alive"),
    "/api/tokenize": ("model", "content", "keep_alive"),
    "/api/detokenize": ("tokens",),
    "/api/search": ("query", "limit", "mode", "filter", "group", "fold"),
    "/api/show": ("model",),
    "/api/pull": ("model", "stream"),
    "/api/generate": ("model", "keep_alive", "prompt"),
    "/api/chat": ("model", "messages", "keep_alive"),
}
TOLD = (b"the input length exceeds the context length", b"pull model manifest")
WHOLE = (
    b'{"model":"hashing","input":"\xff\xfe"}', b'{"model":"hashing","input":"\xed\xa0\x80"}', b'{"model":"hashing","input":"\x01"}',
    b'{"model":"nope","model":"hashing","input":"x"}', b'{"model":"hashing","input":"x"}garbage', b'\xef\xbb\xbf{"model":"hashing"}',
    '{"model":"hashing"}'.encode("utf-16"), b'{"model":"hashing","\xe2\x84\xaaeep_alive":0}', b"", b" ", b"null", b"[]", b'"x"', b"{",
)  # fmt: skip


def odd_values(server):
    """Every odd value in every field of every route: an answer with a reason, never a 500 of ours."""
    bodies = [
        (path, ('{"model":"hashing","input":"x","query":"sky","x":"\\ud800","%s":%s}' % (field, value)).encode())
        for path, fields in FIELDS.items() for field in fields for value in ODD
    ]  # fmt: skip
    bodies += [(path, body) for path in FIELDS for body in WHOLE]
    bad, found, longest = [], Counter(), (0.0, "")
    with Watch(server) as watch:
        for path, body in bodies:
            began = time.perf_counter()
            status, answer = server.post(path, body)
            longest = max(longest, (time.perf_counter() - began, f"{path} {body[50:90]!r}"))
            found[status] += 1
            if status >= 500 and not any(told in answer for told in TOLD):
                bad.append((path, body[:80], status))
    happened = f"{dict(sorted(found.items()))}, the longest {longest[0]:.1f} s ({longest[1]})" + (
        f"; {bad[:3]}" if bad else ""
    )
    yield watch.outcome(f"B11 {len(bodies)} odd bodies", "no 5xx without a cause that is told", happened, not bad)
    status, answer = server.post("/v1/embeddings", {"model": "hashing", "input": [[1, 2], [3]]})
    good = status == 400 and b"check_embedding_ctx_length" in answer
    with Watch(server) as watch:
        pass
    yield watch.outcome("B10 token ids", "400 that names the setting", f"{status}", good)


BODY = b'{"model":"hashing"}'
HEAD = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
NEXT = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"13\r\n" + BODY + b"\r\n0\r\n\r\n"
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
BOTH = {
    "two equal values": HEAD + CHUNKED + CHUNKS, "an extension": HEAD + CHUNKED + b"13;a=b\r\n" + CHUNKS[4:],
    "trailers": HEAD + CHUNKED + CHUNKS[:-2] + b"Host: evil.example\r\nX: y\r\n\r\n", "an empty line before": b"\r\n" + HEAD + LENGTH + b"\r\n" + BODY,
    "h2c": HEAD + H2C + LENGTH + b"\r\n" + BODY, "h2c, chunked": HEAD + H2C + CHUNKED + CHUNKS,
    "websocket": HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + LENGTH + b"\r\n" + BODY,
    "a GET with a body": b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + b"\r\n" + BODY,
    "a request as a body": HEAD + b"Content-Length: %d\r\n\r\n" % len(NEXT) + NEXT,
    "expect": HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY, "tab before chunked": HEAD + b"Transfer-Encoding:\tchunked\r\n\r\n" + CHUNKS,
    "an odd expectation": HEAD + LENGTH + b"Expect: 200-ok\r\n\r\n" + BODY, "many empty lines before": b"\r\n" * 5000 + HEAD + LENGTH + b"\r\n" + BODY,
    "a body that is not packed as it says": HEAD + b"Content-Encoding: gzip\r\n" + LENGTH + b"\r\n" + BODY, "PROPFIND": b"PROPFIND /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HEAD": b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "*": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in a target": b"GET /%00%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n", "another host in the target": b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method by header": HEAD + b"X-HTTP-Method-Override: GET\r\n" + LENGTH + b"\r\n" + BODY,
}  # fmt: skip
REFUSED = {
    "length and chunks": HEAD + LENGTH + CHUNKED + CHUNKS, "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + CHUNKS,
    **{f"transfer encoding {name.decode()!r}": HEAD + b"Transfer-Encoding: " + name + b"\r\n\r\n" + CHUNKS
       for name in (b"chunked, identity", b"identity", b"gzip, chunked", b"xchunked", b"chunked\r\nTransfer-Encoding: identity")},
    **{f"length {value.decode()!r}": HEAD + b"Content-Length: " + value + b"\r\n\r\n" + BODY
       for value in (b"19, 19", b"+19", b"-1", b"99999999999999999999", b"0x13", b"1_9", b"1 9", b"2\r\nContent-Length: 19", b"19\r\nContent-Length: 19")},
    **{f"chunk size {size.decode()!r}": HEAD + CHUNKED + size + b"\r\n" + CHUNKS[4:]
       for size in (b"0x13", b"13;a\nX", b"ffffffffffffffffff", b"-1", b"+13", b"")},
    "lines end with LF": (HEAD + CHUNKED).replace(b"\r\n", b"\n") + CHUNKS, "lines end with CR": (HEAD + CHUNKED).replace(b"\r\n", b"\r") + CHUNKS,
    "CR in a header": HEAD + b"X: a\rTransfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + BODY, "no colon": HEAD + b"Foo\r\n" + LENGTH + b"\r\n" + BODY,
    "a blank before the colon": HEAD + b"Content-Length : 19\r\n\r\n" + BODY, "chunks without their end": HEAD + CHUNKED + b"13\r\n" + BODY + b"0\r\n\r\n",
    "a folded transfer encoding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS, "a folded host": b"GET / HTTP/1.1\r\nHost: localhost\r\n evil.example\r\n\r\n",
    "NUL in the host": b"GET / HTTP/1.1\r\nHost: localhost\0.evil.example\r\n\r\n", "a target without a slash": b"GET api/version HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a blank in the target": b"GET /api/ version HTTP/1.1\r\nHost: localhost\r\n\r\n", "a method in small letters": b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no host": HEAD[:26] + LENGTH + b"Connection: close\r\n\r\n" + BODY, "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n", "CONNECT": b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "a target of 8 bits": b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target of 66 KB": b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", "a header of 70 KB": HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
    "a head of 10 MB": HEAD + b"X: " + b"a" * 10_000_000, "20 000 headers": HEAD + b"a: b\r\n" * 20_000 + LENGTH + b"\r\n" + BODY,
    "an odd method": b'FOO"BAR / HTTP/1.1\r\nHost: localhost\r\n\r\n', "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
}  # fmt: skip


def framing(server):
    """Where a body ends is beyond doubt, or the request is refused and nothing behind it is read."""
    with Watch(server) as watch:
        wrong = [
            (name, statuses(got)) for name, sent in BOTH.items() if len(statuses(got := server.raw(sent + NEXT))) != 2
        ]
        wrong += [(name, statuses(got)) for name, sent in REFUSED.items()
                  if len(found := statuses(got := server.raw(sent + NEXT, 6))) != 1 or not 400 <= found[0] < 500]  # fmt: skip
    happened = f"{len(BOTH) + len(REFUSED) - len(wrong)} of {len(BOTH) + len(REFUSED)} so" + (
        f"; not {wrong[:4]}" if wrong else ""
    )
    yield watch.outcome("B8, C16 framing", f"{len(BOTH)} answered, {len(REFUSED)} refused whole", happened, not wrong)


HOSTS = {
    200: (b"localhost", b"LOCALHOST:80", b"localhost.", b"127.0.0.1", b"[::1]", b"[::1]:80", b"0.0.0.0", b"10.0.0.5", b"[fe80::1]", b"[::ffff:127.0.0.1]",
          b"169.254.169.254", b"192.168.7.7:80", b"[::]:1", b"[2001:db8::1]"),
    400: (b"localhost..", b"user@localhost", b"localhost:1@evil.example", b"evil.example#.local", b"evil.example/.local", b"[evil.example",
          b"[::1]evil.example", b"localhost:99999999", b"localhost:-1", b"localhost:80:80", b"\xff\xfe", b"localhost,evil.example",
          b"localhost evil.example", b"localhost\r\nHost: evil.example", b"[::1%25lo]",
          b"", b"evil.example?.local", b"localhost@evil.example"),
    403: (b"evil.example", b"localhost.evil.example", b"evil.local", b"evil.local.", b"evil.internal", b"evil.localhost", b"8.8.8.8", b"127.1",
          b"0x7f.1", b"2130706433", b"[2600::1]", b"127.0.0.1."),
}  # fmt: skip
ORIGINS = {
    200: (b"http://localhost", b"http://localhost:3000", b"https://127.0.0.1:1", b"", b"tauri://localhost"),
    403: (b"null", b"http://evil.example", b"http://localhost.evil.example", b"http://localhost:1.evil.example", b"http://localhost:x@evil.example",
          b"http://localhost:", b"HTTP://LOCALHOST", b"http://user@localhost", b"http://127.0.0.1.evil.example:80", b"file://localhost\0"[:16] + b"evil"[:0] and b"ftp://localhost"),
    400: (b"http://localhost\r\nOrigin: http://evil.example", b"http://evil.example\r\nOrigin: http://localhost"),
}  # fmt: skip
UNLOADING = {
    "/api/embed": {"input": []}, "/api/embeddings": {"prompt": ""}, "/api/generate": {}, "/api/chat": {"messages": []},
    "/api/tokenize": {"content": "x"}, "/v1/embeddings": {"input": "x"}, "/api/detokenize": {"tokens": []},
}  # fmt: skip


STRANGERS = (
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example"},
    {"Host": "evil.local"},
)
ODD_PATHS = (
    "/v1/models/..%2f..%2fetc%2fpasswd",
    "/v1/models/a%0d%0aX-Inj:%201",
    "/ui/../metrics",
    "/%00",
    "/x%0d%0aERROR%1b[31m",
)


def guard(server, found=200):
    """Documents answer local hosts (with `found`) and their own origin only; nobody else unloads a model."""
    search = b'{"query":"sky","mode":"text"}'
    wrong = []
    with Watch(server) as watch:
        for status, hosts in HOSTS.items():
            for host in hosts:
                head = b"POST /api/search HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (
                    host,
                    len(search),
                )
                answer = server.raw(head + search)
                if statuses(answer) != [found if status == 200 else status] or b"nosniff" not in answer:
                    wrong.append((host, statuses(answer)))
        for status, origins in ORIGINS.items():
            for origin in origins:
                head = b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: %s\r\n" % origin
                if statuses(server.raw(head + LENGTH + b"\r\n" + BODY)) != [status]:
                    wrong.append((origin, status))
        wrong += [
            path for path, body in UNLOADING.items() for headers in STRANGERS[:2]
            if server.request("POST", path, json.dumps({"model": "hashing", "keep_alive": 0, **body}), headers)[0] != 403
        ]  # fmt: skip
        wrong += [
            (path, headers) for headers in STRANGERS for path in ("/metrics", "/%6detrics", "//metrics", "/ui")
            if server.request("GET", path, headers=headers)[0] != 403
        ]  # fmt: skip
        wrong += [odd for odd in ODD_PATHS if not 400 <= server.get(odd)[0] < 500]
    happened = "so" if not wrong else f"not {wrong[:4]}"
    yield watch.outcome("C14, C16 hosts and origins", "answered, 400 or 403 as the rules say", happened, not wrong)
    log = server.log.read_bytes()
    with Watch(server) as watch:
        pass
    yield watch.outcome(
        "C14 lines made up in the log", "none", "none" if b"\x1b[31m" not in log else "there", b"\x1b[31m" not in log
    )

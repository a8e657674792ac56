"""The wire cases as data: reading them, sending their requests over a socket, comparing whole answers.

An expected value is compared as it is, except for texts in angle brackets, which say what must be there instead:
`<unit 384>` a unit vector, `<unit 2x384>` a list of them, `<ns>` whole nanoseconds above 0, `<in 300 s>` a time so
far ahead, and so on in `PLACEHOLDERS`.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.waiting import until_passes

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parent.parent / "data" / "wire"


def cases() -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) | {"file": path.stem} for path in sorted(DATA.glob("*.json"))]


@dataclass
class Reply:
    """What came back over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def vectors(self) -> np.ndarray:
        """Rows of whichever embed answer this is, float32 (N, D)."""
        value = self.json()
        if "data" in value:
            return np.array([_row(item["embedding"]) for item in value["data"]], dtype=np.float32)
        rows = value["embeddings"] if "embeddings" in value else [value["embedding"]]
        return np.array(rows, dtype=np.float32)


def _row(value: Any) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value), "<f4") if isinstance(value, str) else np.array(value, np.float32)


def send(port: int, request: dict[str, Any]) -> Reply:
    """One request as a case spells it, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {k: v.replace("{host}", f"127.0.0.1:{port}") for k, v in request.get("headers", {}).items()}
        connection.putrequest(request["method"], request["path"], skip_host="Host" in headers)
        body = _body(request)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        replies: dict[str, str] = {}
        for name, value in answer.getheaders():
            replies[name.lower()] = f"{replies[name.lower()]}, {value}" if name.lower() in replies else value
        return Reply(answer.status, replies, answer.read())
    finally:
        connection.close()


def _body(request: dict[str, Any]) -> bytes | None:
    if "hex" in request:
        return bytes.fromhex(request["hex"])
    if "text" in request:
        return str(request["text"]).encode()
    if "json" in request:
        return json.dumps(expanded(request["json"])).encode()
    return None


def expanded(value: Any) -> Any:
    """`{"$repeat": text, "times": n}` and `{"$list": text, "times": n}` written out."""
    if isinstance(value, dict):
        if "$repeat" in value:
            return value["$repeat"] * value["times"]
        if "$list" in value:
            return [value["$list"]] * value["times"]
        return {key: expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expanded(item) for item in value]
    return value


def check(reply: Reply, expected: dict[str, Any]) -> None:
    """Compare one answer. Raises AssertionError that says where they differ."""
    shown = reply.body[:300]
    assert reply.status == expected["status"], f"status {reply.status}: {shown!r}"
    for name, value in expected.get("headers", {}).items():
        same(value, reply.headers.get(name.lower(), "(absent)"), f"header {name}")
    for name in expected.get("absent_headers", []):
        assert name.lower() not in reply.headers, f"header {name} is {reply.headers[name.lower()]}"
    if "text" in expected:
        assert reply.body.decode() == expected["text"]
    if "matches" in expected:
        assert re.search(expected["matches"], reply.body.decode()), f"no match: {shown!r}"
    if "json" in expected:
        same(expected["json"], reply.json(), "$")
    for key, part in expected.get("has", {}).items():
        assert any(_is(part, item) for item in reply.json()[key]), f"nothing like {part} in {shown!r}"
    for key, part in expected.get("lacks", {}).items():
        assert not any(_is(part, item) for item in reply.json()[key]), f"{part} is in {shown!r}"
    for key, part in expected.get("first", {}).items():
        assert _is(part, reply.json()[key][0]), f"the first is {reply.json()[key][0]}"


def _is(part: dict[str, Any], item: dict[str, Any]) -> bool:
    try:
        same(part, {key: item.get(key) for key in part}, "$")
    except AssertionError:
        return False
    return True


def check_soon(port: int, exchange: dict[str, Any]) -> Reply:
    """An exchange whose answer may take a while to become true (`within_seconds` on a machine with nothing else to do)."""
    expected = exchange["answer"]

    def attempt() -> Reply:
        reply = send(port, exchange["request"])
        check(reply, expected)
        return reply

    return until_passes(attempt) if "within_seconds" in expected else attempt()


def same(expected: Any, actual: Any, where: str) -> None:
    """Compare two JSON values whole, placeholders included."""
    if isinstance(expected, str) and expected.startswith("<") and expected.endswith(">"):
        name = next(name for name in PLACEHOLDERS if f"{expected[1:-1]} ".startswith(f"{name} "))
        detail = expected[1:-1].removeprefix(name).lstrip()
        assert PLACEHOLDERS[name](actual, detail), f"{where}: {str(actual)[:200]} is not {expected}"
    elif isinstance(expected, dict) and isinstance(actual, dict):
        assert list(expected) == list(actual), f"{where}: keys {list(actual)}, expected {list(expected)}"
        for key, value in expected.items():
            same(value, actual[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        assert len(expected) == len(actual), f"{where}: {len(actual)} items, expected {len(expected)}"
        for index, value in enumerate(expected):
            same(value, actual[index], f"{where}[{index}]")
    else:
        assert type(expected) is type(actual), f"{where}: {actual!r} is not {expected!r}"
        assert expected == actual, f"{where}: {actual!r} is not {expected!r}"


def _unit(actual: Any, detail: str) -> bool:
    shape = tuple(int(n) for n in detail.split("x"))
    rows = np.array(actual, dtype=np.float32)
    return rows.shape == shape and bool(np.allclose(np.linalg.norm(rows, axis=-1), 1.0, atol=2e-6))


def _whole(actual: Any) -> bool:
    return type(actual) is int and actual > 0


def _ahead(actual: Any, detail: str) -> bool:
    left = (datetime.fromisoformat(actual) - datetime.now(UTC)).total_seconds()
    return abs(left - float(detail.removesuffix(" s"))) < 3


PLACEHOLDERS: dict[str, Callable[[Any, str], bool]] = {
    "any": lambda actual, _: True,
    "text": lambda actual, _: isinstance(actual, str) and actual != "",
    "starts": lambda actual, detail: isinstance(actual, str) and actual.startswith(detail),
    "contains": lambda actual, detail: all(part in actual.split(",") for part in detail.split(",")),
    "list": lambda actual, _: isinstance(actual, list) and len(actual) > 0,
    "int": lambda actual, _: type(actual) is int and actual >= 0,
    "ns": lambda actual, detail: _whole(actual) and (not detail or actual < float(detail.split()[1]) * 1e6),
    "unit": _unit,
    "base64": lambda actual, detail: _unit(_row(actual), detail),
    "hex": lambda actual, detail: re.fullmatch(f"[0-9a-f]{{{detail}}}", actual) is not None,
    "time": lambda actual, _: datetime.fromisoformat(actual).tzinfo is not None,
    "in": _ahead,
    "for ever": lambda actual, _: datetime.fromisoformat(actual).year > datetime.now(UTC).year + 250,
}

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


def check(reply: Reply, wanted: dict[str, Any]) -> None:
    """Compare one answer. Raises AssertionError that says where they differ."""
    shown = reply.body[:300]
    assert reply.status == wanted["status"], f"status {reply.status}: {shown!r}"
    for name, value in wanted.get("headers", {}).items():
        same(value, reply.headers.get(name.lower(), "(absent)"), f"header {name}")
    for name in wanted.get("absent_headers", []):
        assert name.lower() not in reply.headers, f"header {name} is {reply.headers[name.lower()]}"
    if "text" in wanted:
        assert reply.body.decode() == wanted["text"]
    if "matches" in wanted:
        assert re.search(wanted["matches"], reply.body.decode()), f"no match: {shown!r}"
    if "json" in wanted:
        same(wanted["json"], reply.json(), "$")
    for key, part in wanted.get("has", {}).items():
        assert any(_is(part, item) for item in reply.json()[key]), f"nothing like {part} in {shown!r}"
    for key, part in wanted.get("lacks", {}).items():
        assert not any(_is(part, item) for item in reply.json()[key]), f"{part} is in {shown!r}"
    for key, part in wanted.get("first", {}).items():
        assert _is(part, reply.json()[key][0]), f"the first is {reply.json()[key][0]}"


def _is(part: dict[str, Any], item: dict[str, Any]) -> bool:
    try:
        same(part, {key: item.get(key) for key in part}, "$")
    except AssertionError:
        return False
    return True


def check_soon(port: int, exchange: dict[str, Any]) -> Reply:
    """An exchange whose answer may take a while to become true (`within_seconds` on a machine with nothing else to do)."""
    wanted = exchange["answer"]

    def attempt() -> Reply:
        reply = send(port, exchange["request"])
        check(reply, wanted)
        return reply

    return until_passes(attempt) if "within_seconds" in wanted else attempt()


def same(wanted: Any, found: Any, where: str) -> None:
    """Compare two JSON values whole, placeholders included."""
    if isinstance(wanted, str) and wanted.startswith("<") and wanted.endswith(">"):
        name = next(name for name in PLACEHOLDERS if f"{wanted[1:-1]} ".startswith(f"{name} "))
        detail = wanted[1:-1].removeprefix(name).lstrip()
        assert PLACEHOLDERS[name](found, detail), f"{where}: {str(found)[:200]} is not {wanted}"
    elif isinstance(wanted, dict) and isinstance(found, dict):
        assert list(wanted) == list(found), f"{where}: keys {list(found)}, wanted {list(wanted)}"
        for key, value in wanted.items():
            same(value, found[key], f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list):
        assert len(wanted) == len(found), f"{where}: {len(found)} items, wanted {len(wanted)}"
        for index, value in enumerate(wanted):
            same(value, found[index], f"{where}[{index}]")
    else:
        assert type(wanted) is type(found), f"{where}: {found!r} is not {wanted!r}"
        assert wanted == found, f"{where}: {found!r} is not {wanted!r}"


def _unit(found: Any, detail: str) -> bool:
    shape = tuple(int(n) for n in detail.split("x"))
    rows = np.array(found, dtype=np.float32)
    return rows.shape == shape and bool(np.allclose(np.linalg.norm(rows, axis=-1), 1.0, atol=2e-6))


def _whole(found: Any) -> bool:
    return type(found) is int and found > 0


def _ahead(found: Any, detail: str) -> bool:
    left = (datetime.fromisoformat(found) - datetime.now(UTC)).total_seconds()
    return abs(left - float(detail.removesuffix(" s"))) < 3


PLACEHOLDERS: dict[str, Callable[[Any, str], bool]] = {
    "any": lambda found, _: True,
    "text": lambda found, _: isinstance(found, str) and found != "",
    "starts": lambda found, detail: isinstance(found, str) and found.startswith(detail),
    "contains": lambda found, detail: all(part in found.split(",") for part in detail.split(",")),
    "list": lambda found, _: isinstance(found, list) and len(found) > 0,
    "int": lambda found, _: type(found) is int and found >= 0,
    "ns": lambda found, detail: _whole(found) and (not detail or found < float(detail.split()[1]) * 1e6),
    "unit": _unit,
    "base64": lambda found, detail: _unit(_row(found), detail),
    "hex": lambda found, detail: re.fullmatch(f"[0-9a-f]{{{detail}}}", found) is not None,
    "time": lambda found, _: datetime.fromisoformat(found).tzinfo is not None,
    "in": _ahead,
    "for ever": lambda found, _: datetime.fromisoformat(found).year > datetime.now(UTC).year + 250,
}

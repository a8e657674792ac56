"""The application is an ordinary FastAPI one to whoever puts it into a program of his own."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from embedingest.config import ServerConfig
from embedingest.server.app import create_app


def got(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/api/version", "/healthz", "/nowhere"])
def test_what_a_program_puts_around_the_routes_is_gone_through(engine, path):
    app = create_app(engine, ServerConfig())
    before = got(app, path)

    @app.middleware("http")
    async def signed(request, call_next):
        answer = await call_next(request)
        answer.headers["x-signed"] = "mine"
        return answer

    after = got(app, path)
    assert (after.status_code, after.content) == (before.status_code, before.content)
    assert [answer.headers.get("x-signed") for answer in (before, after)] == [None, "mine"]


def test_a_route_of_the_program_is_served_beside_ours(engine):
    app = create_app(engine, ServerConfig())

    @app.get("/mine")
    def mine() -> dict[str, str]:
        return {"said": "hello"}

    assert got(app, "/mine").json() == {"said": "hello"}
    assert got(app, "/api/version").status_code == 200


def test_with_a_key_set_a_route_of_the_program_needs_it_too(engine):
    app = create_app(engine, ServerConfig(api_key="sesame"))

    @app.get("/mine")
    def mine() -> dict[str, str]:
        return {"said": "hello"}

    assert [got(app, path).status_code for path in ("/mine", "/healthz", "/api/tags", "/nowhere")] == [
        401,
        200,
        401,
        401,
    ]
    assert got(app, "/mine", Authorization="Bearer sesame").json() == {"said": "hello"}

"""Pages and machines' pages: whole in themselves, and true to what is served."""

from __future__ import annotations

import re

import pytest

from embedingest.server.app import ROUTES
from tests.server.client import get


@pytest.fixture
def port(serve):
    return serve().port


@pytest.mark.parametrize("path", ["/ui", "/docs"])
def test_a_page_asks_nothing_of_any_other_host(port, path):
    page = get(port, path)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(rb"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", page.body)
    assert b"<script>" not in page.body or path == "/docs"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_the_description_names_every_registered_model(port):
    document = get(port, "/openapi.json").json()
    body = document["paths"]["/api/embed"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = [model["name"] for model in get(port, "/api/tags").json()["models"]]
    assert sorted(body["properties"]["model"]["enum"]) == sorted(names)


def test_every_described_path_is_served_and_every_post_has_a_body(port):
    document = get(port, "/openapi.json").json()
    for path, methods in document["paths"].items():
        _, served, _ = ROUTES[path]
        assert {method.upper() for method in methods} <= set(served), path
        assert "post" not in methods or methods["post"]["requestBody"]["content"]["application/json"]["schema"]

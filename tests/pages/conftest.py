"""The page in a real browser, over a real server and a real table.

`library` is a folder with a table of it, `served` a server over that table, `visit` opens the page and afterwards holds
it to what every page owes: no request to another host, nothing on the console, no dialog.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import embedingest
from tests import samples
from tests.pages import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from embedingest.server.run import HttpServer

HERE = Path(__file__).parent
SHOTS = HERE / "shots"
SHOT_PIXELS = 1800
SEEN_SECONDS = 20.0

WALRUS = """# Walrus

The walrus sleeps on the *ice* and eats clams.

## Tusks

Tusks grow all its life. A bull's tusk may be a metre long:

| animal | tusk |
| --- | ---: |
| walrus | 100 cm |
| narwhal | 270 cm |

## Where it lives

Around the pole, in shallow water: $E = mc^2$ is no formula of walruses. See [the atlas](https://example.org/atlas) and
[another file](other.md).
"""
HOSTILE = """# <script>alert("title")</script>

<img src=x onerror=alert(1)> and <script>alert("text")</script> about a hostile walrus.

[click](javascript:alert(2)) ![picture](https://example.org/pixel.png) <https://example.org/auto>

\u202egnp.exe\u202c and a bell \x07 and an escape \x1b[31mred\x1b[0m stand in this text.

| a | b |
| :-- | --: |
| 1 | <b>2</b> |
"""
HOSTILE_NAME = "<img src=x onerror=alert(3)>\u202e' or 1=1 --.md"


def write_library(folder: Path) -> None:
    """A small folder of what people have, and one document whose writer means no good."""
    (folder / "animals").mkdir(parents=True)
    (folder / "animals" / "walrus.md").write_text(WALRUS)
    (folder / "animals" / "seal.txt").write_text("The seal sleeps on the beach.\n\nIt eats *fish*, not clams.\n")
    (folder / "mill.pdf").write_bytes(samples.pdf((("The mill", "Water turns the wheel."), ("Stones", "They grind."))))
    (folder / "gate.docx").write_bytes(samples.docx())
    (folder / "tool.py").write_text('def grind(grain):\n    """Grind grain between stones."""\n    return grain * 2\n')
    (folder / "long.md").write_text(
        "# A long day\n\n"
        + "\n\n".join(
            f"## Hour {n}\n\nIn hour {n} the walrus moved {n} metres. " + "It rested. " * 40 for n in range(24)
        )
    )
    (folder / "book.md").write_text("# A book\n\n" + "\n\n".join(f"Sentence {n} of the book. " * 8 for n in range(400)))
    (folder / "hostile").mkdir()
    (folder / "hostile" / HOSTILE_NAME).write_text(HOSTILE)


@dataclass(frozen=True)
class Library:
    """A folder that was ingested, and where its table lies."""

    folder: Path
    state: Path

    @property
    def place(self) -> dict[str, Any]:
        return {"db": str(self.state / "lancedb"), "state": self.state}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    base = tmp_path_factory.mktemp("library")
    write_library(base / "docs")
    made = Library(base / "docs", base / "state")
    report = embedingest.ingest(made.folder, model="hashing", **made.place)
    assert report.files.failed == 0
    return made


@pytest.fixture(scope="session")
def served(library: Library) -> Iterator[HttpServer]:
    with embedingest.serve(port=0, model="hashing", **library.place) as server:
        yield server


@dataclass
class Shelf:
    """A folder of one test: `write`, `ingest`, and `server` once it is served."""

    library: Library
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.library.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def ingest(self, **settings: Any) -> Any:
        return embedingest.ingest(
            self.library.folder, model="hashing", **self.library.place, **self.settings, **settings
        )

    def serve(self) -> HttpServer:
        return embedingest.serve(port=0, model="hashing", **self.library.place)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "docs").mkdir()
    return Shelf(Library(tmp_path / "docs", tmp_path / "state"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SEEN_SECONDS * 1000)
    path = chromium.found()
    if path is None:
        pytest.fail(f"no browser to test the page with: {chromium.REMEDY}", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """What a page did that no page may do. `expected` are patterns of what a test provokes on the console."""

    origin: str
    wrong: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("console", lambda said: self._note("console", said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("dialog", self._dialog)

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin and parts.scheme not in ("data", "blob", "about"):
            self.wrong.append(f"asked another host: {request.url}")

    def _note(self, kind: str, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.expected):
            self.wrong.append(f"{kind}: {text}")

    def _dialog(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()


Opened = Callable[..., "Page"]


@pytest.fixture
def visit(browser: Browser, served: HttpServer) -> Iterator[Opened]:
    """Opens the page: `visit("#search?q=walrus", width=360, theme="dark")`; more options are those of a context.

    The page has `visit`, whose `expected` takes what a test provokes.
    """
    visits: list[tuple[Any, Visit]] = []

    def open_page(
        view: str = "", *, width: int = 1280, theme: str = "light", url: str | None = None, **options: Any
    ) -> Page:
        address = url or served.url
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme, **options)
        context.set_default_timeout(SEEN_SECONDS * 1000)
        page = context.new_page()
        visited = page.visit = Visit("{0.scheme}://{0.netloc}".format(urlsplit(address)))
        visited.follow(page)
        visits.append((context, visited))
        page.goto(f"{address}/ui{view}")
        return page

    yield open_page
    for context, _ in visits:
        context.close()
    wrong = [what for _, visited in visits for what in visited.wrong]
    assert not wrong


def look(page: Page, name: str) -> None:
    """Keep a picture of the page, or of the first `SHOT_PIXELS` of a long one, for who looks."""
    SHOTS.mkdir(exist_ok=True)
    size = page.evaluate("({width: innerWidth, height: Math.max(innerHeight, document.documentElement.scrollHeight)})")
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(SHOT_PIXELS, size["height"])}
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True, clip=clip)


def hindrances(page: Page) -> str:
    """What axe finds that keeps people from using the page, in words; empty where it finds nothing."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect

    expect(page.locator("[aria-busy=true]")).to_have_count(0)  # what is about to be replaced is dimmed
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""

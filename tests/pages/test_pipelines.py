"""Pipelines on the page, live: a watch, and the pipelines of a file, each a program of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from playwright.sync_api import expect

from tests import samples
from tests.pages.conftest import SEEN_SECONDS, hindrances, look
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=alert(9)>\u202e`rm`.docx"
LATER = "every 23h"


@dataclass(frozen=True)
class Program:
    """A program that follows and serves."""

    base: Path
    url: str
    process: subprocess.Popen[bytes]

    @property
    def docs(self) -> Path:
        return self.base / "docs"


@contextlib.contextmanager
def program(base: Path, *arguments: str) -> Iterator[Program]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with (base / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedingest", *arguments], cwd=base, env=environment, stdout=log, stderr=log
        )
    try:

        def serving() -> re.Match[str] | None:
            told = (base / "log").read_text()
            assert process.poll() is None, told
            return re.search(r"serving .*(http://127\.0\.0\.1:\d+)", told)

        yield Program(base, until(serving, "a server")[1], process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def write(folder: Path, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"f{number:02}.md").write_text(f"# Title {number}\n\nThe walrus sleeps {number} hours.\n")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Program]:
    write(tmp_path / "docs", 12)
    with program(tmp_path, "watch", "docs", "--serve", "--port", "0", "--model", "hashing") as running:
        yield running


def section(page: Page, name: str = "chunks") -> Locator:
    return page.get_by_role("region", name=name)


def opened(visit, program: Program, **options) -> Page:
    page = visit("#pipelines", url=program.url, **options)
    expect(section(page)).to_be_visible()
    return page


def test_a_file_appears_as_it_is_saved(watched, visit):
    page = opened(visit, watched)
    expect(section(page)).to_contain_text("12 in the table")
    expect(section(page)).to_contain_text("Up to date")
    (watched.docs / "new.md").write_text("The seal swims.")
    expect(section(page)).to_contain_text("13 in the table")
    expect(section(page)).to_contain_text(re.compile(r"docs/new\.md searchable [\d.]+ s after it was saved"))
    look(page, "pipelines-rest")


def test_what_fails_is_told_with_its_reason_and_goes_once_it_is_mended(watched, visit):
    page = opened(visit, watched)
    (watched.docs / HOSTILE).write_bytes(samples.docx()[:300])
    failed = section(page).get_by_role("listitem").filter(has_text="onerror")
    expect(failed).to_contain_text("It is tried again once the file changes")
    expect(section(page)).to_contain_text("something needs you")
    assert hindrances(page) == ""
    look(page, "pipelines-failed")
    failed.get_by_role("button", name="Try").click()
    expect(section(page)).to_contain_text("1 file still fails")
    (watched.docs / HOSTILE).write_bytes(samples.docx())
    expect(failed).to_have_count(0)
    expect(section(page)).to_contain_text("Up to date")


def test_a_folder_that_lost_most_of_its_files_waits_for_a_second_click_that_names_the_count(watched, visit):
    page = opened(visit, watched)
    expect(section(page)).to_contain_text("12 in the table")
    for number in range(10):
        (watched.docs / f"f{number:02}.md").unlink()
    expect(section(page)).to_contain_text("10 deletions wait for a yes")
    section(page).get_by_text("Which").click()
    expect(section(page)).to_contain_text("docs/f03.md")
    assert hindrances(page) == ""
    look(page, "pipelines-deletions")
    section(page).get_by_role("button", name="Delete 10 documents…").click()
    expect(section(page).get_by_role("button", name="Yes, delete 10 documents")).to_be_focused()
    section(page).get_by_role("button", name="Keep").click()
    section(page).get_by_role("button", name="Delete 10 documents…").click()
    section(page).get_by_role("button", name="Yes, delete 10 documents").click()
    expect(section(page)).to_contain_text("10 documents are deleted from the table")
    expect(section(page)).to_contain_text("2 in the table")
    expect(section(page)).not_to_contain_text("for a yes")


def test_a_pause_holds_until_it_is_resumed_and_a_second_page_sees_it(watched, visit):
    page, other = opened(visit, watched), opened(visit, watched)
    section(page).get_by_role("button", name="Pause").click()
    expect(section(other)).to_contain_text("Paused since")
    (watched.docs / "meanwhile.md").write_text("The seal swims.")
    resume = section(other).get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    expect(section(other)).to_contain_text("12 in the table")
    assert hindrances(other) == ""
    look(other, "pipelines-paused")
    resume.click()
    expect(section(page)).to_contain_text("13 in the table")
    expect(section(page).get_by_role("button", name="Pause")).to_be_visible()


def test_the_keyboard_keeps_its_place_while_the_page_lives(watched, visit):
    page = opened(visit, watched)
    pause = section(page).get_by_role("button", name="Pause")
    pause.focus()
    (watched.docs / "new.md").write_text("The seal swims.")
    expect(section(page)).to_contain_text("13 in the table")
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    expect(section(page).get_by_role("button", name="Resume")).to_be_focused()


def test_a_server_that_ends_is_told_and_one_that_is_there_again_is_followed(visit, tmp_path):
    write(tmp_path / "docs", 12)
    with program(tmp_path, "watch", "docs", "--serve", "--port", "0", "--model", "hashing") as running:
        page = opened(visit, running)
        page.visit.expected.append("ERR_|Failed to load")
        port = running.url.rpartition(":")[2]
    expect(page.get_by_text("The server does not answer")).to_be_visible(timeout=SEEN_SECONDS * 1000)
    (running.docs / "new.md").write_text("The seal swims.")
    with program(tmp_path, "watch", "docs", "--serve", "--port", port, "--model", "hashing"):
        expect(section(page)).to_contain_text("13 in the table", timeout=SEEN_SECONDS * 1000)
        expect(page.get_by_text("The server does not answer")).to_be_hidden()


def write_pipelines(base: Path, *names: str) -> Path:
    """A configuration of pipelines that follow their folder at a time far away."""
    file = base / "run.yaml"
    pipelines = {
        name: {"sources": [{"path": name}], "table": name, "model": "hashing", "schedule": LATER} for name in names
    }
    file.write_text(yaml.safe_dump({"server": {"port": 0}, "pipelines": pipelines}))
    return file


def test_pipelines_of_a_file_come_and_go_with_it_and_what_failed_is_tried_again(visit, tmp_path):
    for name in ("docs", "notes"):
        write(tmp_path / name, 3)
    broken = tmp_path / "docs" / "gate.docx"
    broken.write_bytes(samples.docx()[:300])
    with program(tmp_path, "run", str(write_pipelines(tmp_path, "docs", "notes"))) as running:
        page = visit("#pipelines", url=running.url)
        expect(section(page, "docs")).to_contain_text("1 file failed")
        expect(section(page, "notes")).to_contain_text("3 in the table")
        broken.write_bytes(samples.docx())
        section(page, "docs").get_by_role("button", name="Try docs/gate.docx again").click()
        expect(section(page, "docs")).to_contain_text("1 file is in the table now")
        expect(section(page, "docs")).to_contain_text("4 in the table")
        look(page, "pipelines-two")
        page.visit.expected.append("ERR_|Failed to load")
        write_pipelines(tmp_path, "docs")
        running.process.send_signal(signal.SIGHUP)
        expect(section(page, "notes")).to_have_count(0)
        expect(section(page, "docs")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_pipeline_with_everything_hinders_nobody(watched, visit, theme, width):
    page = opened(visit, watched, width=width, theme=theme)
    expect(section(page)).to_contain_text("12 in the table")
    for number in range(10):
        (watched.docs / f"f{number:02}.md").unlink()
    (watched.docs / HOSTILE).write_bytes(samples.docx()[:300])
    (watched.docs / ("long-" * 40 + ".docx")).write_bytes(samples.docx()[:300])
    expect(section(page)).to_contain_text("2 files failed")
    expect(section(page)).to_contain_text("deletions wait")
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"pipelines-everything-{theme}-{width}")

"""Text that is made to be slow: twice as much of it takes about twice as long, and never minutes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.depth import few, only_deep
from tests.ingest.load.pumps import cases, seconds

pytestmark = pytest.mark.slow

PAGES = {
    "comments that nothing closes": "'<html><body>' + '<!--' * (n // 4)",
    "attributes": "'<div ' + ' '.join(f'a{i}=1' for i in range(n // 8)) + '>x'",
    "attributes of a tag that nothing closes": "'<div ' + ' '.join(f'a{i}=1' for i in range(n // 8))",
    "a long name": "'<b>' * 401 + '<' + 'a' * n",
    "comments in one paragraph": "'<p>' + 'a <!-- \\n -->' * (n // 12)",
    "tags that nothing closes": "'<p' * (n // 2)",
    "classes that styles hide": "'<style>' + '.a.b{display:none}' * (n // 36) + '</style>' + '<p class=a>x<p class=b>y' * (n // 48)",
    "hidden elements in each other": "'<div hidden>' * (n // 12)",
    "frames": "'<frameset>' + '<frame src=a>' * (n // 13)",
    "one menu": "'<select>' + '<option>a' * (n // 9)",
    "menus in each other": "'<div ' + '<select><option>' * (n // 16)",
    "blanks in a tag": "('</script' + ' ' * 50) * (n // 58)",
}


@only_deep
def test_no_page_is_read_in_quadratic_time():
    """By the processor's own time, in a process of its own: 800 KB took minutes of every one of these."""
    code = (
        "import time\nfrom embedingest.ingest.load.html import HtmlLoader\n"
        "loader = HtmlLoader()\n"
        "def seconds(write, n):\n"
        "    data = write(n).encode(); begin = time.process_time(); loader.load(data, 'a.html')\n"
        "    return time.process_time() - begin\n"
        f"for name, page in {PAGES!r}.items():\n"
        "    write = eval('lambda n: ' + page)\n"
        "    short, long = seconds(write, 200_000), seconds(write, 800_000)\n"
        "    assert long < 0.5 + 10 * short, (name, short, long)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


# Each took time that grew with the square of its length, or worse, once.
ONCE = (
    "latex: '' + '\\\\cite[' ... ''", "latex: '' + '\\\\item[' ... ''", "latex: '' + '\\\\begin{verbatim}' ... ''",
    "latex: '' + '\\\\title[' ... ''", "latex: '' + '\\\\textbf[' ... ''", "latex: '' + ' ' ... 'x\\n'",
    "csv: '' + 'a,\"' ... ''", "captions: '00:00:01,000 --> 00:00:02,000\\n' + '{\\\\' ... ''",
    "mail: 'Subject: ' + '=?utf-8?q?a?= ' ... ''", "attributes with >", "classes that styles raise",
    "code: '' + '\\\\\\n' ... ''", "code: '' + 'a\\\\\\n' ... ''", "code bash: '' + '<<A\\n' ... ''",
    "a.md heading '# a' + ' '", "a.adoc heading '= a' + ' '", "a.csv words '\\n' words", "a.zig words '\\n\\n ' words",
    "man: '.TH A 1\\n.nf\\n' + '\\n\\n' ... ''", "a.md words ' '", "a.txt words '\\u200d' words", "<![CDATA[",
)  # fmt: skip


@pytest.fixture(scope="module")
def by_label():
    return {case.label: case for case in cases()}


@few(5)
@pytest.mark.parametrize("label", ONCE)
def test_no_loader_and_no_chunker_takes_quadratic_time(by_label, label):
    short, long = short_and_long(by_label[label], 24_000)
    assert is_linear(short, long), (short, long)


MOST_OF_A_LOADER = int(os.environ.get("EMBEDINGEST_PUMPS", "8"))


@only_deep
@pytest.mark.filterwarnings("ignore:Duplicate name")  # archives in which that is meant
@pytest.mark.timeout(600)
@pytest.mark.parametrize("loader", sorted({case.loader for case in cases()}))
def test_no_loader_takes_quadratic_time_for_anything_it_may_be_full_of(loader):
    """Some of all there is, evenly drawn: `python -m tests.ingest.load.pumps LOADER` tries the others too."""
    of_it = [case for case in cases() if case.loader == loader]
    drawn = of_it[:: -(-len(of_it) // MOST_OF_A_LOADER)]
    found = [(case.label, *times) for case in drawn if not is_linear(*(times := short_and_long(case, 16_000)))]
    assert not found


def short_and_long(case, size):
    """By the processor's own time, the least of some tries, for a size and for four times of it."""
    short = sum(seconds(case, size))
    long = sum(seconds(case, 4 * size))
    for _ in range(4):
        if is_linear(short, long):
            break
        short, long = min(short, sum(seconds(case, size))), min(long, sum(seconds(case, 4 * size)))
    return short, long


def is_linear(short, long):
    """A square would be sixteen times as long, and not a few hundredths of a second."""
    return long < 0.05 + 9 * short

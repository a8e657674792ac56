"""Text that is made to be slow: twice as much of it takes about twice as long, and never minutes."""

from __future__ import annotations

import subprocess
import sys

PAGES = {
    "comments that nothing closes": "'<html><body>' + '<!--' * (n // 4)",
    "attributes": "'<div ' + ' '.join(f'a{i}=1' for i in range(n // 8)) + '>x'",
    "attributes of a tag that nothing closes": "'<div ' + ' '.join(f'a{i}=1' for i in range(n // 8))",
    "a long name": "'<b>' * 401 + '<' + 'a' * n",
    "comments in one paragraph": "'<p>' + 'a <!-- \\n -->' * (n // 12)",
    "tags that nothing closes": "'<p' * (n // 2)",
    "blanks in a tag": "('</script' + ' ' * 50) * (n // 58)",
}


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

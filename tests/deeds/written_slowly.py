"""A large file is written in pieces with pauses: it ends whole."""

import time


def do(it):
    with it.path("large.md").open("w") as file:
        for number in range(12):
            file.write(f"Paragraph {number} of a text that comes slowly over a thin line.\n\n")
            file.flush()
            time.sleep(0.03)

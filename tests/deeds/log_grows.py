"""A log is appended to line by line, with pauses."""

import time


def do(it):
    for number in range(12):
        with it.path("server.log").open("a") as log:
            log.write(f"line {number}: a request was answered\n")
        time.sleep(0.02)

"""`curl --http2`: it offers HTTP/2 in the head of an HTTP/1.1 request, and sends the body at once."""

import json
import subprocess

from common import MODEL, TEXT, URL, check, near


class RefusedError(Exception):
    """An answer of 400 or more."""


def post(path, body, *options):
    command = [
        "curl",
        "--http2",
        "--silent",
        "--show-error",
        "--max-time",
        "60",
        "--write-out",
        "\n%{http_code}",
        *options,
    ]
    done = subprocess.run(
        [*command, "--data-binary", "@-", URL + path],
        input=json.dumps(body),
        capture_output=True,
        text=True,
        check=True,
    )
    answer, _, status = done.stdout.rpartition("\n")
    if int(status) >= 400:
        raise RefusedError(json.loads(answer)["error"])
    return json.loads(answer)


def embed(texts, model=MODEL, *options):
    return post("/api/embed", {"model": model, "input": texts}, *options)["embeddings"]


release = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
check("curl --http2", lambda text: embed(text)[0], embed, lambda: embed(TEXT, "nope"), RefusedError, release)
chunked = embed(TEXT, MODEL, "--header", "Transfer-Encoding: chunked")
assert near(chunked[0], embed(TEXT)[0]) > 0.999999
assert near(embed(TEXT, MODEL, "--header", "Expect: 100-continue")[0], chunked[0]) > 0.999999

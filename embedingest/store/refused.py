"""Why an object store could not be used, in its own words and without those of its client, and the way out. Pure."""

from __future__ import annotations

import html
import re
from typing import Final, NamedTuple

__all__ = ["Refusal", "refusal_in"]

_OF_A_STORE: Final = re.compile(r"Generic \{ store:|Generic \w+ error:")
_CODE: Final = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,300})")
_ADDRESS: Final = re.compile(r"\bhttps?://[^\s/?,)\"']+")
_NETWORK: Final = (
    ("connection refused", "nothing answers at {address}: connection refused"),
    ("dns error", "there is no host of this name, or no name server is reached: {address}"),
    ("timed out", "no answer came in time from {address}"),
    ("timedout", "no answer came in time from {address}"),
)
_ELSEWHERE: Final = "start the store, or set `AWS_ENDPOINT` to where it answers; for Amazon S3 it stays unset"
_KEYS: Final = (
    "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and `AWS_SESSION_TOKEN` where one is used, must be those of this "
    "store, on every machine"
)
_REGION: Final = "set `AWS_REGION` to the bucket's region, on every machine"
_WAYS_OUT: Final = {
    "NoSuchBucket": "make the bucket, or name one that is there: `--db`, or `db` of a configuration",
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "InvalidToken": _KEYS,
    "ExpiredToken": _KEYS,
    "AccessDenied": "let this key list, read, write and delete there, or use another (`AWS_ACCESS_KEY_ID`)",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "RequestTimeTooSkewed": "set the clock of this machine",
}


class Refusal(NamedTuple):
    """What was the matter, and the way out; `None` where none is known."""

    said: str
    remedy: str | None


def refusal_in(text: str) -> Refusal | None:
    """What the text of an error of LanceDB says of an object store; `None` where it is about another thing."""
    if _OF_A_STORE.search(text) is None:
        return None
    if (code := _CODE.search(text)) is not None:
        message = _MESSAGE.search(text)
        said = code[1] if message is None else f"{code[1]}: {html.unescape(message[1])}"
        return Refusal(" ".join(said.split()), _WAYS_OUT.get(code[1]))
    lowered = text.lower()
    if "credentialsnotloaded" in lowered:
        return Refusal("there is no key for this store", _KEYS)
    address = _ADDRESS.search(text)
    for sign, said in _NETWORK:
        if sign in lowered and address is not None:
            return Refusal(said.format(address=address[0]), _ELSEWHERE)
    return None

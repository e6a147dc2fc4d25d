"""Is this webhook really from Filmgate?

The standard library is all it takes. In a program of yours:
    secret = os.environ["FILMGATE_WEBHOOK_SECRET"]
    event = verify(secret, request.headers, request.body)
To try it out:
    python verify.py WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE_SECONDS = 300
MIN_KEY_BYTES = 24


class NotVerified(Exception):
    """Answer it with 400, and do nothing else."""


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> Any:
    """The event, as a dict; headers by their names in lower case.

    The body is the bytes exactly as they came, before anything parses them.
    Raises ValueError where the secret is none: anybody could sign with it.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if len(key) < MIN_KEY_BYTES:
        raise ValueError("the secret is empty or too short")
    timestamp = headers.get("webhook-timestamp", "")
    is_number = timestamp.isascii() and timestamp.isdigit()
    if not is_number or len(timestamp) > 12:
        raise NotVerified("no timestamp")
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotVerified("too old, or a clock is wrong")

    start = f"{headers.get('webhook-id', '')}.{timestamp}."
    digest = hmac.digest(key, start.encode() + body, hashlib.sha256)
    expected = b"v1," + base64.b64encode(digest)
    # Two while a secret is being replaced: one that fits is enough.
    given = headers.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(each, expected) for each in given):
        raise NotVerified("no signature fits")
    return json.loads(body)


if __name__ == "__main__":
    secret = os.environ["FILMGATE_WEBHOOK_SECRET"]
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = dict(zip(names, sys.argv[1:4], strict=True))
    try:
        event = verify(secret, headers, sys.stdin.buffer.read())
    except NotVerified as error:
        sys.exit(f"not verified: {error}")
    sys.stdout.write(f"verified: {event['event']}\n")

"""What an authenticator app shows."""

import hashlib
import hmac
import time
from base64 import b32decode


def code_of(secret: str) -> str:
    """The six digits of this half-minute, RFC 6238."""
    counter = int(time.time()) // 30
    digest = hmac.digest(b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"

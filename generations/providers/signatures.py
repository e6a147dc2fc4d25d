"""Signatures of callbacks: what an account's callbacks may be signed by, and whether one is.

STANDARD_WEBHOOKS  https://github.com/standard-webhooks/standard-webhooks, spec, version 1, symmetric. HMAC-SHA256 over
                   "id.timestamp.body" under the bytes of a "whsec_" secret; headers webhook-id, webhook-timestamp, and
                   webhook-signature, a list of "v1,<base64>" with one space between.
HMAC_SHA256        HMAC-SHA256 over the body under the characters of the secret, in a header that the account names: 64
                   hex digits in lower case, with "sha256=" before them or without. Base64 is not taken.

What is signed but says nothing of time can be sent again at any time: that is HMAC_SHA256's, and why a callback is kept
for a while, to be known again.

Strict: what is not written exactly so is not signed. A signature is compared as text, so its base64 has one spelling.
Nothing here raises for anything that came from outside, or reads the database.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

STANDARD_WEBHOOKS = "standard_webhooks"
HMAC_SHA256 = "hmac_sha256"

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
LEAST_BYTES = 24  # the specification's: 24 to 64
LEAST_CHARACTERS = 24
MOST_CHARACTERS = 500
# A random secret of that length has more of them, but for once in more than a million times.
LEAST_DIFFERENT = 6

# No full stop: "a.1" at 2 and "a" at "1.2" would be signed alike.
_ID = re.compile(r"[!-\-/-~]{1,200}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,10}")
_SIGNATURES = re.compile(
    r"v[0-9]{1,3}[a-z]?,[A-Za-z0-9+/]{1,200}={0,2}(?: v[0-9]{1,3}[a-z]?,[A-Za-z0-9+/]{1,200}={0,2})*"
)
_HEX = re.compile(r"(?:sha256=)?([0-9a-f]{64})")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_SECRET_TEXT = re.compile(r"[!-~]+")
# Those that we keep nothing of, and those that say something else.
NOT_FOR_SIGNATURES = ("authorization", "cookie", "x-api-key", "host", "content-type", "content-length")


class Proof(StrEnum):
    """STALE is signed rightly, but more than TOLERANCE_SECONDS from when it came. BAD is everything else."""

    GOOD = "good"
    STALE = "stale"
    BAD = "bad"


def verify(
    scheme: str,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    received_at: datetime,
    *,
    header: str = "",
) -> Proof:
    """Whether any of the secrets has signed it. Header names are in lower case; `header` is HMAC_SHA256's."""
    keys = [key for secret in secrets if (key := key_of(scheme, secret))]
    if scheme == STANDARD_WEBHOOKS:
        return _standard_webhooks(keys, headers, body, received_at)
    if scheme == HMAC_SHA256:
        return _hmac_sha256(keys, headers.get(header.lower(), ""), body)
    return Proof.BAD


def key_of(scheme: str, secret: str) -> bytes | None:
    """The key that a secret stands for; None for one that is malformed, or too weak to be believed."""
    if len(secret) > MOST_CHARACTERS or not _SECRET_TEXT.fullmatch(secret):
        return None
    if scheme == STANDARD_WEBHOOKS:
        key, least = _decoded(secret), LEAST_BYTES
    else:
        key, least = secret.encode(), LEAST_CHARACTERS
    return key if len(key) >= least and len(set(key)) >= LEAST_DIFFERENT else None


def headers_of(scheme: str, header: str) -> tuple[str, ...]:
    """The names in lower case of those that a signature of that scheme is read from."""
    if scheme == STANDARD_WEBHOOKS:
        return ("webhook-id", "webhook-timestamp", "webhook-signature")
    return (header.lower(),) if scheme == HMAC_SHA256 else ()


def is_header_name(name: str) -> bool:
    """Whether HMAC_SHA256's signature can be in a header of that name."""
    return bool(_HEADER_NAME.fullmatch(name)) and name.lower() not in NOT_FOR_SIGNATURES


def _standard_webhooks(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, received_at: datetime) -> Proof:
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    listed = headers.get("webhook-signature", "")
    if not (_ID.fullmatch(id) and _TIMESTAMP.fullmatch(timestamp) and _SIGNATURES.fullmatch(listed)):
        return Proof.BAD
    given = [each.encode() for each in listed.split(" ") if each.startswith("v1,")]
    signed = f"{id}.{timestamp}.".encode() + body
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    if not _any_equal(expected, given):
        return Proof.BAD
    is_fresh = abs(received_at.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS
    return Proof.GOOD if is_fresh else Proof.STALE


def _hmac_sha256(keys: Sequence[bytes], given: str, body: bytes) -> Proof:
    found = _HEX.fullmatch(given)
    if not found:
        return Proof.BAD
    expected = [hmac.digest(key, body, hashlib.sha256).hex().encode() for key in keys]
    return Proof.GOOD if _any_equal(expected, [found[1].encode()]) else Proof.BAD


def _any_equal(expected: Sequence[bytes], given: Sequence[bytes]) -> bool:
    """All pairs are compared, each in constant time: on bytes, as compare_digest raises for text that is not ASCII."""
    return sum(hmac.compare_digest(one, other) for one in expected for other in given) > 0


def _decoded(secret: str) -> bytes:
    """The bytes of a "whsec_" secret in proper base64, none of anything else."""
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    is_canonical = hmac.compare_digest(base64.b64encode(key), text.encode())
    return key if secret.startswith(PREFIX) and is_canonical else b""

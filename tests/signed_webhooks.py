"""Webhooks that others have signed, from vectors/webhooks.json, and how one is signed or malformed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from standardwebhooks import Webhook

from project.env import ROOT

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
TEXT = "q7Vd0mYx3KfZt1LsWbHcRe9u"
BODY = b'{"event": "task.completed", "task_id": "one"}'


@dataclass(frozen=True)
class Vector:
    name: str
    secret: str
    id: str
    timestamp: str
    signature: str
    body: bytes

    @property
    def at(self) -> datetime:
        """When it was signed, as it says unchanged."""
        return datetime.fromtimestamp(int(self.timestamp), UTC)

    @property
    def headers(self) -> dict[str, str]:
        return {"webhook-id": self.id, "webhook-timestamp": self.timestamp, "webhook-signature": self.signature}


def vectors() -> list[Vector]:
    listed = json.loads((ROOT / "tests" / "accounts" / "webhooks" / "vectors" / "webhooks.json").read_text())
    return [
        Vector(
            name=each["name"],
            secret=each["secret"],
            id=each["id"],
            timestamp=str(each["timestamp"]),
            signature=each["signature"],
            body=each["payload"].encode(),
        )
        for each in listed
    ]


def flipped(vector: Vector) -> Iterator[Vector]:
    """It with one bit turned, for each bit of its id, timestamp, signature and body."""
    for name in ("id", "timestamp", "signature"):
        text = getattr(vector, name).encode()
        for bit in range(len(text) * 8):
            yield replace(vector, **{name: _flip(text, bit).decode("latin-1")})
    for bit in range(len(vector.body) * 8):
        yield replace(vector, body=_flip(vector.body, bit))


def _flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def signed(*, secret: str = SECRET, id: str = "msg_1", at: datetime = AT, body: bytes = BODY) -> dict[str, str]:
    """As the library that others use signs it."""
    signature = Webhook(secret).sign(id, at, body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def hex_of(body: bytes = BODY, secret: str = TEXT) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


RIGHT = signed()["webhook-signature"]
TEXT_OF = RIGHT.removeprefix("v1,")
MALFORMED = [
    {"webhook-signature": each}
    for each in (
        "", " ", "garbage", "v1", "v1,", "v1,a,b", "v1,abc", ",", "v1,,", f"v1,{TEXT_OF},b", f"{RIGHT}  {RIGHT}",
        f"{RIGHT}\t{RIGHT}", f" {RIGHT}", f"{RIGHT} ", f"{RIGHT}\n", f"{RIGHT}\x00", f"{RIGHT}=", TEXT_OF,
        f"v1={TEXT_OF}", f"v1;{TEXT_OF}", f"v1, {TEXT_OF}", RIGHT.rstrip("="), f"v1,{TEXT_OF.replace('+', '-')}_",
        RIGHT[:-2] + "B=", "v1,é", "v1,\ud800", "v1," + "A" * 100_000, "v1,a " * 400, f"{RIGHT},{RIGHT}",
        f"v1,{TEXT_OF[:-1]}\u00a0", "ｖ1," + TEXT_OF, "v١," + TEXT_OF, f"{RIGHT} garbage", f"garbage {RIGHT}",
    )
] + [
    {"webhook-timestamp": each}
    for each in (
        "", " ", "0", "-1", "+1", "1e9", "NaN", "inf", "1763701200.5", "0x10", "01763701200", " 1763701200",
        "1763701200 ", "1763701200\n", "١٧٦٣٧٠١٢٠٠", "²", "9" * 11, "9" * 5000, "\x00", "abc",
    )
] + [
    {"webhook-id": each}
    for each in ("", " ", "a b", "a.b", "é", "\ud800", "\x00", "a\n", "a" * 201, "\u202e")
]  # fmt: skip

"""How callbacks are signed, where they are: as Standard Webhooks has it, or by HMAC-SHA256 over the body.

No vendor's document has a scheme. This is for accounts that were given one: by SANDBOX_CALLBACK_SCHEME, _SECRET and
_HEADER when the sandbox starts, or by a control call while it runs.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

STANDARD_WEBHOOKS = "standard_webhooks"
HMAC_SHA256 = "hmac_sha256"
PREFIX = "whsec_"
SCHEMES = ("", STANDARD_WEBHOOKS, HMAC_SHA256)


@dataclass(frozen=True, slots=True)
class Signer:
    """`scheme` is one of SCHEMES, "" for none; `header` is where HMAC_SHA256 has its signature."""

    scheme: str = ""
    secret: str = ""
    header: str = "X-Signature"

    @classmethod
    def from_environment(cls) -> "Signer":
        named = {name: os.environ.get(f"SANDBOX_CALLBACK_{name.upper()}") for name in ("secret", "header")}
        given = {name: value for name, value in named.items() if value}
        return cls.told({"scheme": os.environ.get("SANDBOX_CALLBACK_SCHEME", ""), **given})

    @classmethod
    def told(cls, given: dict[str, Any]) -> "Signer":
        """Raises ValueError for an unknown scheme, a secret that is none of it, or what is no text."""
        if not set(given) <= {"scheme", "secret", "header"} or not all(type(value) is str for value in given.values()):
            raise ValueError("scheme, secret and header are strings")
        signer = cls(**given)
        if signer.scheme not in SCHEMES or bool(signer.scheme) != bool(signer.secret):
            raise ValueError(f"scheme must be one of {', '.join(SCHEMES[1:])} with its secret, or empty")
        if signer.scheme == STANDARD_WEBHOOKS:
            base64.b64decode(signer.secret.removeprefix(PREFIX), validate=True)
        return signer

    def without_secret(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if name != "secret"}

    def forger(self) -> "Signer":
        """Somebody who does not know the secret."""
        return replace(self, secret=PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())

    def headers(self, message_id: str, body: bytes) -> dict[str, str]:
        """What goes with a body, none without a scheme."""
        if self.scheme == STANDARD_WEBHOOKS:
            timestamp = str(int(time.time()))
            key = base64.b64decode(self.secret.removeprefix(PREFIX))
            signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
            signature = "v1," + base64.b64encode(signed).decode()
            return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
        if self.scheme == HMAC_SHA256:
            return {self.header: "sha256=" + hmac.digest(self.secret.encode(), body, hashlib.sha256).hex()}
        return {}

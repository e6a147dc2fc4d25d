"""Standard Webhooks, version 1, symmetric: https://github.com/standard-webhooks/standard-webhooks, spec."""

import base64
import hashlib
import hmac
import secrets

from accounts.models import Team, WebhookSecret
from project.secrets_at_rest import decrypt, encrypt

PREFIX = "whsec_"
SECRET_BYTES = 32


def secret_for(team: Team) -> str:
    """The team's signing secret, "whsec_" and base64; made when it is first asked for, once."""
    row, _created = WebhookSecret.objects.get_or_create(team=team, defaults={"secret": lambda: encrypt(_new_secret())})
    return decrypt(bytes(row.secret))


def headers(secret: str, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; `timestamp` in seconds, `body` as it is sent."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id=message_id, timestamp=timestamp, body=body),
    }


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """ "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body"."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

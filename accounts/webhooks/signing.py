"""Standard Webhooks, version 1, symmetric: https://github.com/standard-webhooks/standard-webhooks, spec."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.models import Team, WebhookDelivery, WebhookSecret
from accounts.models.webhooks import SigningSecrets
from project.secrets_at_rest import decrypt, encrypt

PREFIX = "whsec_"
SECRET_BYTES = 32
MAX_GRACE = timedelta(days=7)


def secrets_of(team: Team) -> WebhookSecret:
    """What the webhooks to the team's callback URLs are signed with; made when it is first asked for, once."""
    made = {"secret": lambda: encrypt(new_secret())}
    row, _created = WebhookSecret.objects.get_or_create(team=team, defaults=made)
    return row


def new_secret() -> str:
    """ "whsec_" and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def current(row: SigningSecrets) -> str:
    """The secret in words, to be shown or signed with."""
    return decrypt(bytes(row.secret))


def replace(row: SigningSecrets, *, until: datetime) -> str:
    """Put a new secret in its place and return it; the old one signs along until then. The row is not saved."""
    secret = new_secret()
    row.old_secret, row.old_secret_until = row.secret, until
    row.secret = encrypt(secret)
    return secret


def valid_for(delivery: WebhookDelivery, at: datetime) -> list[str]:
    """The secrets that a delivery is signed with at that moment, the current one first."""
    row: SigningSecrets = delivery.endpoint or secrets_of(delivery.team)
    if row.old_secret is None or row.old_secret_until is None or row.old_secret_until <= at:
        return [current(row)]
    return [current(row), decrypt(bytes(row.old_secret))]


def headers(valid: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; `timestamp` in seconds, `body` as it is sent. One signature a secret."""
    signatures = [sign(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in valid]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """ "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body"."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()

"""What the tests of API keys share: whether a secret works, what is written down of keys, and time that passes."""

from datetime import timedelta

from django.db.models import F

from accounts import keys
from accounts.keys import InvalidApiKey
from accounts.models import ApiKey, ApiSecret, AuditEntry

HOUR = timedelta(hours=1)


def is_good(secret: str) -> bool:
    try:
        keys.authenticate(secret)
    except InvalidApiKey:
        return False
    return True


def entries(action: str = "") -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__startswith=action or "key.").order_by("id"))


def let_pass(time: timedelta) -> None:
    """All secrets and keys as they are so much later."""
    ApiSecret.objects.update(valid_until=F("valid_until") - time)
    ApiKey.objects.update(expires_at=F("expires_at") - time)

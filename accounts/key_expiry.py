"""Warning a team that a key is about to expire: once, seven days before. keys.change() with another date warns anew."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import admin_mails, mails
from accounts.models import ApiKey

WARN_BEFORE = timedelta(days=7)


def tell_due(at: datetime | None = None) -> None:
    """Raises OSError when no mail can be sent: the keys left are for the next round."""
    at = at or timezone.now()
    live = ApiKey.objects.filter(revoked_at=None, team__closing_at=None, expiry_told_at=None)
    # A key made for a shorter time than that needs no warning: its end was chosen with it.
    lasting = live.filter(created_at__lt=F("expires_at") - WARN_BEFORE)
    due = lasting.filter(expires_at__gt=at, expires_at__lte=at + WARN_BEFORE)
    for key_id in list(due.order_by("?").values_list("pk", flat=True)):
        _tell(key_id, due, at)


@transaction.atomic
def _tell(key_id: UUID, due: QuerySet[ApiKey], at: datetime) -> None:
    if not admin_mails.claim(key_id):
        return
    key = due.select_related("team").filter(pk=key_id).first()
    if key is None:
        return  # told, revoked or changed meanwhile
    key_url = settings.PUBLIC_URL + reverse("accounts:key", args=[key_id])
    admin_mails.send(
        "key_expires",
        team=key.team,
        key=mails.without_links(key.name),
        expires_at=key.expires_at,
        time_zone=key.team.time_zone,
        key_url=key_url,
    )
    ApiKey.objects.filter(pk=key_id, expires_at=key.expires_at).update(expiry_told_at=at)

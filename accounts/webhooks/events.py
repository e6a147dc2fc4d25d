"""Recording what customers are to be told."""

import json
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from accounts.models import WebhookDelivery, WebhookEvent
from project.celery import nudge


def record(*, team_id: UUID, type: str, subject_id: UUID, body: dict[str, Any], url: str | None) -> None:
    """Write the event, and its delivery to `url` if there is one, in the caller's transaction.

    An event of this type and subject that is already recorded stays as it is, and nothing else happens.
    """
    event, is_new = WebhookEvent.objects.get_or_create(
        type=type,
        subject_id=subject_id,
        defaults={"team_id": team_id, "body": json.dumps(body, ensure_ascii=False, separators=(",", ":"))},
    )
    if is_new and url:
        WebhookDelivery.objects.create(event=event, url=url, host=urlsplit(url).netloc.lower())
        transaction.on_commit(partial(nudge, "deliver"))

"""Rotation as it is asked for on a page, where the same form may be sent twice."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts import keys, roles
from accounts.actors import Actor
from accounts.models import ApiKey, ApiSecret


@transaction.atomic
def rotate_once(key: ApiKey, *, current: UUID, grace: timedelta, by: Actor) -> str | None:
    """The new secret in the place of `current`; None, and nothing done, where that one is current no more.

    Raises what keys.rotate() does. The team is locked first, as there: of two at once the second finds what the first
    has done.
    """
    roles.lock(key.team_id)
    if not ApiSecret.objects.filter(pk=current, api_key=key, valid_until=None).exists():
        return None
    return keys.rotate(key, grace=grace, by=by)

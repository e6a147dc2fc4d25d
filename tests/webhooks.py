"""Sending the webhooks that are due, one after the other and by a clock of the test's own."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.webhooks import delivery, turns


def deliver(now: Callable[[], datetime] = timezone.now, **options: Any) -> None:
    """What the job does, without its threads."""
    while claimed := turns.claim(turns.IN_ALL, now()):
        for each in claimed:
            delivery.attempt(each, now=now, **options)

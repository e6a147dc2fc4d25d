"""What falls due with time alone: allowances, warnings about credits and keys that run out, what is over."""

import logging
import traceback
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from accounts import key_expiry, keys, sessions
from accounts.billing import allowances, low_balance
from accounts.webhooks import health, retention

STEPS: tuple[Callable[[datetime], None], ...] = (
    allowances.pay_due,
    low_balance.tell_due,
    key_expiry.tell_due,
    health.tell_due,
    keys.forget_ended,
    sessions.forget_expired,
    retention.forget_old,
)

log = logging.getLogger(__name__)


def upkeep(at: datetime | None = None) -> None:
    """Do all that is due at the moment `at`. May run at once with itself: each row is locked by whoever does it."""
    at = at or timezone.now()
    for step in STEPS:
        try:
            step(at)
        except Exception as error:  # the boundary of the job: one step that fails does not keep it from the others
            trace = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s failed: %s\n%s", step.__module__, type(error).__name__, trace)  # its words may hold addresses

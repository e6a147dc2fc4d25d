"""At most 900 reads a minute for each provider account, over all processes: a fixed window in the account's row."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import ProviderAccount

READS = 900
WINDOW = timedelta(seconds=60)


def take(account: ProviderAccount) -> bool:
    """Whether one more read may go out now."""
    row = ProviderAccount.objects.filter(id=account.id)
    counting = row.filter(poll_window_at__gt=Now() - WINDOW)
    stale = row.filter(Q(poll_window_at=None) | Q(poll_window_at__lte=Now() - WINDOW))
    # When two find the window stale, the second one's update matches nothing any more, and it counts in the new one.
    return bool(
        counting.filter(poll_window_count__lt=READS).update(poll_window_count=F("poll_window_count") + 1)
        or stale.update(poll_window_at=Now(), poll_window_count=1)
        or counting.filter(poll_window_count__lt=READS).update(poll_window_count=F("poll_window_count") + 1)
    )


def exhaust(account: ProviderAccount, *, seconds: float) -> None:
    """The provider said "later": no read for so long."""
    window_at = timezone.now() + timedelta(seconds=seconds) - WINDOW
    ProviderAccount.objects.filter(id=account.id).update(poll_window_at=window_at, poll_window_count=READS)

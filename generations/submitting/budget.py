"""Reads within each provider account's minute, over all processes: each pays for a stretch of the account's time.

In no minute are there more than the account may have (the generic cell rate algorithm, ITU-T I.371). A call of an
adapter is a read; that seedance2api is asked twice for what has ended is not counted.
"""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from generations.models import ProviderAccount

MINUTE = timedelta(seconds=60)
# How far reads may run ahead of their time: a little more than the beat, so that none is lost between two looks.
AHEAD = timedelta(seconds=6)


def take(account: ProviderAccount, *, ahead: timedelta = AHEAD) -> bool:
    """Whether one more read may go out now. With less `ahead` than AHEAD the rest is left to those who take all."""
    # The one that a minute begins with is paid for in it too.
    stretch = (MINUTE + AHEAD) / (account.reads_a_minute - 1)
    row = ProviderAccount.objects.filter(may_read(ahead=ahead), id=account.id)
    # PostgreSQL's greatest() passes over a null.
    return bool(row.update(reads_free_at=Greatest(F("reads_free_at"), Now()) + stretch))


def may_read(path: str = "", *, ahead: timedelta = AHEAD) -> Q:
    """Accounts that have a read left, as a condition on them, or by the path that leads there, such as `account__`."""
    return Q(**{f"{path}reads_free_at": None}) | Q(**{f"{path}reads_free_at__lte": Now() + ahead})


def exhaust(account: ProviderAccount, *, seconds: float) -> None:
    """The provider said "later": no read for so long."""
    later = Now() + AHEAD + timedelta(seconds=seconds)
    ProviderAccount.objects.filter(id=account.id).update(reads_free_at=later)

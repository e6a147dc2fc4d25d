"""Reads within each provider account's minute and second, over all processes.

Each read pays for a stretch of the account's time, so that in no minute are there more than the account may have (the
generic cell rate algorithm, ITU-T I.371). Where it has so many a second too, its reads go out one after the other, each
a stretch after the one before: whoever takes one waits for its turn.

A call of an adapter is a read; that seedance2api is asked twice for what has ended is not counted.
"""

import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now

from generations.models import ProviderAccount
from project.connections import give_back_connection

MINUTE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
# How far reads may run ahead of their time: a little more than the beat, so that none is lost between two looks.
AHEAD = timedelta(seconds=6)
# How long a turn is waited for, where reads are counted by the second.
WAIT = timedelta(seconds=0.7)
# So much longer than another one may be on its way to the provider.
ON_THE_WAY = timedelta(seconds=0.25)

# By the clock itself: the statement may have waited for somebody else's.
_TAKE = """
    UPDATE generations_provideraccount
    SET reads_free_at = greatest(reads_free_at, clock_timestamp()) + %(stretch)s
    WHERE id = %(id)s AND (reads_free_at IS NULL OR reads_free_at <= clock_timestamp() + %(room)s)
    RETURNING extract(epoch FROM reads_free_at - %(stretch)s - clock_timestamp())::float
"""


def take(account: ProviderAccount, *, ahead: timedelta = AHEAD, wait: timedelta = WAIT) -> bool:
    """Whether one more read may go out now. With less of both than others have, the rest is left to them.

    Returns when its turn has come, after `wait` at most. The thread's database connection goes back meanwhile.
    """
    may_be_spent = room(account, ahead=ahead, wait=wait)
    given: dict[str, Any] = {"stretch": stretch(account), "room": may_be_spent, "id": account.pk}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, given)
        row = cursor.fetchone()
    if row and row[0] > 0 and account.reads_a_second:
        give_back_connection()
        time.sleep(row[0])
    return row is not None


def room(account: ProviderAccount, *, ahead: timedelta = AHEAD, wait: timedelta = WAIT) -> timedelta:
    """How much of the account's time may be spent already when one more read is taken."""
    return wait if account.reads_a_second else ahead


def stretch(account: ProviderAccount) -> timedelta:
    """Of the account's time, for one read."""
    # The one that a minute begins with is paid for in it too.
    of_minute = (MINUTE + AHEAD) / (account.reads_a_minute - 1)
    return max(of_minute, (SECOND + ON_THE_WAY) / account.reads_a_second) if account.reads_a_second else of_minute


def may_read(path: str = "", *, ahead: timedelta = AHEAD, wait: timedelta = WAIT) -> Q:
    """Accounts that have a read left, as a condition on them, or by the path that leads there, such as `account__`."""
    may_be_spent = Case(When(Q(**{f"{path}reads_a_second": None}), then=Value(ahead)), default=Value(wait))
    return Q(**{f"{path}reads_free_at": None}) | Q(**{f"{path}reads_free_at__lte": Now() + may_be_spent})


def exhaust(account: ProviderAccount, *, seconds: float) -> None:
    """The provider said "later": no read for so long."""
    later = Now() + room(account) + timedelta(seconds=seconds)
    ProviderAccount.objects.filter(id=account.id).update(reads_free_at=later)

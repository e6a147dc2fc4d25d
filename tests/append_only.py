"""Lets the test runner empty the append-only tables between transactional tests, which the database refuses otherwise.

Only the trigger against TRUNCATE is off, and only in the test database; UPDATE and DELETE stay refused everywhere.
At the end the database is dropped, which the connection that sends hints would prevent, or one that a last hint makes.
"""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from project import notify


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_creditentry DISABLE TRIGGER creditentry_is_never_truncated")
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER auditentry_is_never_truncated")
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    notify.close()

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import CreditEntry
from tests.factories import make_team


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def save_changed():
    entry = CreditEntry.objects.get()
    entry.note = "changed"
    entry.save()


CHANGES = {
    "save": save_changed,
    "queryset update": lambda: CreditEntry.objects.update(note="changed"),
    "instance delete": lambda: CreditEntry.objects.get().delete(),
    "queryset delete": lambda: CreditEntry.objects.all().delete(),
    "raw update": lambda: execute("UPDATE accounts_creditentry SET note = 'changed'"),
    "raw delete": lambda: execute("DELETE FROM accounts_creditentry"),
    "truncate": lambda: execute("TRUNCATE accounts_creditentry"),
    "truncate from afar": lambda: execute("TRUNCATE accounts_user CASCADE"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_entries_can_only_be_added(db, change):  # L9
    make_team(granted=100)
    # A table with foreign keys still to be checked cannot be truncated by anyone, and that is not what we ask.
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Off in the test database, for the runner's own flush; as the migration made it, it is on.
    execute("ALTER TABLE accounts_creditentry ENABLE TRIGGER creditentry_is_never_truncated")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()

    assert CreditEntry.objects.get().note == "for a test"

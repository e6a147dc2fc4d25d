import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditEntry, CreditEntry
from tests.factories import make_team


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def save_changed(model, column):
    entry = model.objects.get()
    setattr(entry, column, "changed")
    entry.save()


CHANGES = {
    "save": save_changed,
    "queryset update": lambda model, column: model.objects.update(**{column: "changed"}),
    "instance delete": lambda model, column: model.objects.get().delete(),
    "queryset delete": lambda model, column: model.objects.all().delete(),
    "raw update": lambda model, column: execute(f"UPDATE {model._meta.db_table} SET {column} = 'changed'"),
    "raw delete": lambda model, column: execute(f"DELETE FROM {model._meta.db_table}"),
    "truncate": lambda model, column: execute(f"TRUNCATE {model._meta.db_table}"),
    "truncate from afar": lambda model, column: execute("TRUNCATE accounts_user CASCADE"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(
    ("model", "column", "kept"), [(CreditEntry, "note", "for a test"), (AuditEntry, "subject", "A")]
)
def test_entries_can_only_be_added(db, model, column, kept, change):  # L9
    make_team(name="A", granted=100)
    # A table with foreign keys still to be checked cannot be truncated by anyone, and that is not what we ask.
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Off in the test database, for the runner's own flush; as the migration made it, it is on.
    table = model._meta.db_table
    execute(f"ALTER TABLE {table} ENABLE TRIGGER {table.removeprefix('accounts_')}_is_never_truncated")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(model, column)

    assert getattr(model.objects.get(), column) == kept

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.actors import INSTALLATION
from accounts.audit_log import record
from accounts.models import AuditAction, AuditEntry, Team


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def save_changed():
    entry = AuditEntry.objects.get()
    entry.subject = "changed"
    entry.save()


CHANGES = {
    "save": save_changed,
    "queryset update": lambda: AuditEntry.objects.update(subject="changed"),
    "instance delete": lambda: AuditEntry.objects.get().delete(),
    "queryset delete": lambda: AuditEntry.objects.all().delete(),
    "raw update": lambda: execute("UPDATE accounts_auditentry SET subject = 'changed'"),
    "raw delete": lambda: execute("DELETE FROM accounts_auditentry"),
    "truncate": lambda: execute("TRUNCATE accounts_auditentry"),
    "truncate from afar": lambda: execute("TRUNCATE accounts_apikey CASCADE"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_entries_can_only_be_added(db, change):
    record(INSTALLATION, AuditAction.TEAM_CHANGED, team=Team.objects.create(name="Lumière"), subject="as it was")
    # A table with foreign keys still to be checked cannot be truncated by anyone, and that is not what we ask.
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Off in the test database, for the runner's own flush; as the migration made it, it is on.
    execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER auditentry_is_never_truncated")

    with pytest.raises(DatabaseError, match="the audit log is append-only"), transaction.atomic():
        change()

    assert AuditEntry.objects.get().subject == "as it was"

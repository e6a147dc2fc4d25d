from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = ("creditentry_refunds", "creditentry_by_time", "creditentry_of_key", "creditentry_of_member")

# The connection's time-outs are for requests: an index of a big table takes longer.
PATIENT = ["SET statement_timeout = 0", "SET lock_timeout = 0"]
AS_BEFORE = ["RESET statement_timeout", "RESET lock_timeout"]
# One that was broken off leaves an index that is not valid, and in the way of the next attempt.
DROP_LEFTOVERS = [f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in INDEXES]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0007_budgets")]

    operations = [
        migrations.RunSQL(PATIENT, AS_BEFORE),
        migrations.RunSQL(DROP_LEFTOVERS, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="creditentry",
            index=models.Index(models.F("hold_id"), condition=models.Q(("kind", "refund")), name="creditentry_refunds"),
        ),
        AddIndexConcurrently(
            model_name="creditentry",
            index=models.Index(models.F("team"), models.F("created_at"), name="creditentry_by_time"),
        ),
        AddIndexConcurrently(
            model_name="creditentry",
            index=models.Index(
                models.F("api_key"),
                models.F("created_at"),
                condition=models.Q(("api_key__isnull", False)),
                name="creditentry_of_key",
            ),
        ),
        AddIndexConcurrently(
            model_name="creditentry",
            index=models.Index(
                models.F("team"),
                models.F("member"),
                models.F("created_at"),
                condition=models.Q(("member__isnull", False)),
                name="creditentry_of_member",
            ),
        ),
        migrations.RunSQL(AS_BEFORE, PATIENT),
    ]

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

PATIENT = ["SET statement_timeout = 0", "SET lock_timeout = 0"]
AS_BEFORE = ["RESET statement_timeout", "RESET lock_timeout"]
DROP_LEFTOVERS = "DROP INDEX CONCURRENTLY IF EXISTS generation_to_index"


class Migration(migrations.Migration):
    """Beside whoever writes: the table may be large by now."""

    atomic = False
    dependencies = [("generations", "0010_collections")]

    operations = [
        migrations.RunSQL(PATIENT, AS_BEFORE),
        migrations.RunSQL(DROP_LEFTOVERS, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="generation",
            index=models.Index(
                models.F("index_at"), condition=models.Q(("index_at__isnull", False)), name="generation_to_index"
            ),
        ),
        migrations.RunSQL(AS_BEFORE, PATIENT),
    ]

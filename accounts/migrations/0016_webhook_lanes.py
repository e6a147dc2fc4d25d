import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_alerts_go_to_endpoints")]

    operations = [
        migrations.RemoveField(
            model_name="team",
            name="alert_url",
        ),
        migrations.AlterField(
            model_name="webhookattempt",
            name="url",
            field=models.TextField(verbose_name="URL"),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="lane",
            field=models.CharField(max_length=340),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="webhook_deliveries",
                to="accounts.team",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(models.F("created_at"), name="webhookevent_by_age"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("lane"),
                models.F("next_at"),
                models.F("id"),
                condition=models.Q(("state", "pending")),
                name="webhookdelivery_turns",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("lane"), condition=models.Q(("lease_until__isnull", False)), name="webhookdelivery_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("team"), models.OrderBy(models.F("id"), descending=True), name="webhookdelivery_of_team"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("team"),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("state", "failed")),
                name="webhookdelivery_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("endpoint"),
                models.OrderBy(models.F("id"), descending=True),
                name="webhookdelivery_of_endpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("event", "endpoint"), name="webhookdelivery_once_per_endpoint", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(models.F("team"), condition=models.Q(("deleted_at", None)), name="webhookendpoint_kept"),
        ),
    ]

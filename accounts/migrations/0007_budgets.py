import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The connection's time-outs are for requests: a big table takes longer to check than those may.
PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_secrets_have_their_own_rows")]

    operations = [
        migrations.RunSQL(PATIENT, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="creditentry", name="creditentry_holds_once_settles_once"),
        migrations.RemoveConstraint(model_name="creditentry", name="creditentry_names_its_hold"),
        migrations.AddField(
            model_name="creditentry",
            name="api_key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credit_entries",
                to="accounts.apikey",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="member",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(model_name="creditentry", name="period", field=models.CharField(blank=True, max_length=7)),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.UniqueConstraint(
                models.F("hold_id"),
                models.ExpressionWrapper(models.Q(("kind", "hold")), output_field=models.BooleanField()),
                condition=models.Q(("hold_id__isnull", False), ("kind__in", ("hold", "capture", "release"))),
                name="creditentry_holds_once_settles_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("hold_id__isnull", False), ("kind__in", ("hold", "capture", "release", "refund"))),
                    models.Q(
                        models.Q(("kind__in", ("hold", "capture", "release", "refund")), _negated=True),
                        ("api_key", None),
                        ("hold_id__isnull", True),
                        ("member", None),
                        ("period", ""),
                    ),
                    _connector="OR",
                ),
                name="creditentry_names_its_hold",
            ),
        ),
        migrations.CreateModel(
            name="BudgetUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=8)),
                ("used_credits", models.BigIntegerField()),
                ("open_holds", models.IntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="budgetuse",
            name="api_key",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="budget_uses", to="accounts.apikey"
            ),
        ),
        migrations.AddField(
            model_name="budgetuse",
            name="member",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="budgetuse",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="budget_uses", to="accounts.team"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetuse",
            constraint=models.UniqueConstraint(
                fields=("team", "api_key", "member", "period"), name="budgetuse_once_per_period", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetuse",
            constraint=models.CheckConstraint(
                condition=models.Q(("open_holds__gte", 0), ("used_credits__gte", 0)), name="budgetuse_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetuse",
            constraint=models.CheckConstraint(
                condition=models.Q(("api_key", None), ("member", None), _connector="OR"), name="budgetuse_has_one_owner"
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, PATIENT),
    ]

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

import accounts.models.keys


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_team_administration")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="allowed_models",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="allowed_networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=43), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="expires"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="expiry_told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="lifetime_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="lifetime budget"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="max_in_progress",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="at once"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="monthly_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="monthly budget"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="rate_limit",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="requests"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="rate_plan",
            field=models.CharField(
                choices=[
                    ("standard", "Standard: 1,000 a minute"),
                    ("free", "Free: 10 an hour"),
                    ("pro", "Pro: 1,000 an hour"),
                    ("enterprise", "Enterprise: no limit"),
                    ("own", "Custom limit"),
                ],
                default="standard",
                max_length=10,
                verbose_name="rate plan",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="rate_seconds",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="seconds"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("generate", "Generate: ask for clips, cancel and delete them"),
                        ("read", "Read: tasks, their files, models and credits"),
                        ("embed", "Embed: embeddings and tags"),
                        ("manage", "Manage: make, change, rotate and revoke keys; trust it like an admin"),
                    ],
                    max_length=10,
                ),
                default=accounts.models.keys.default_scopes,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", ["generate", "read", "embed", "manage"])),
                name="apikey_scopes_are_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rate_limit__gt", 0), ("rate_plan", "own"), ("rate_seconds__gt", 0)),
                    models.Q(
                        ("rate_limit", None),
                        ("rate_plan__in", ("standard", "free", "pro", "enterprise")),
                        ("rate_seconds", None),
                    ),
                    _connector="OR",
                ),
                name="apikey_own_plan_has_figures",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("monthly_budget_credits", None), ("monthly_budget_credits__gte", 0), _connector="OR"),
                    models.Q(("lifetime_budget_credits", None), ("lifetime_budget_credits__gte", 0), _connector="OR"),
                    models.Q(("max_in_progress", None), ("max_in_progress__gt", 0), _connector="OR"),
                ),
                name="apikey_limits_are_not_negative",
            ),
        ),
        migrations.CreateModel(
            name="ApiSecret",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("hint", models.CharField(max_length=4, verbose_name="last four characters")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                ("valid_until", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True, verbose_name="last used")),
                ("last_used_ip", models.GenericIPAddressField(blank=True, null=True)),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.AddField(
            model_name="apisecret",
            name="api_key",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="secrets", to="accounts.apikey"
            ),
        ),
        migrations.AddConstraint(
            model_name="apisecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("valid_until", None)), fields=("api_key",), name="apisecret_one_is_current"
            ),
        ),
        # They are carried over next, and may be empty for a while: so that going back can add them to keys that exist.
        migrations.AlterField(
            model_name="apikey", name="digest", field=models.CharField(max_length=64, null=True, unique=True)
        ),
        migrations.AlterField(
            model_name="apikey",
            name="hint",
            field=models.CharField(max_length=4, null=True, verbose_name="last four characters"),
        ),
    ]

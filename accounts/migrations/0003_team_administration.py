import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_entries_are_append_only")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="last_active_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last active"),
        ),
        migrations.AddField(
            model_name="membership",
            name="lifetime_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="lifetime cap"),
        ),
        migrations.AddField(
            model_name="membership",
            name="monthly_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="monthly cap"),
        ),
        migrations.AddField(
            model_name="team",
            name="alert_url",
            field=models.CharField(blank=True, max_length=2000, verbose_name="webhook URL for alerts"),
        ),
        migrations.AddField(
            model_name="team",
            name="closing_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="closing since"),
        ),
        migrations.AddField(
            model_name="team",
            name="lifetime_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="lifetime budget"),
        ),
        migrations.AddField(
            model_name="team",
            name="low_balance_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="low-balance alert below"),
        ),
        migrations.AddField(
            model_name="team",
            name="low_balance_told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="team",
            name="low_balance_mails_due",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="team",
            name="monthly_allowance_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="monthly allowance"),
        ),
        migrations.AddField(
            model_name="team",
            name="monthly_budget_credits",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="monthly budget"),
        ),
        migrations.AddField(
            model_name="team",
            name="requires_two_factor",
            field=models.BooleanField(default=False, verbose_name="two-factor sign-in required"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("monthly_budget_credits", None), ("monthly_budget_credits__gte", 0), _connector="OR"),
                    models.Q(("lifetime_budget_credits", None), ("lifetime_budget_credits__gte", 0), _connector="OR"),
                ),
                name="membership_caps_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("monthly_budget_credits", None), ("monthly_budget_credits__gte", 0), _connector="OR"),
                    models.Q(("lifetime_budget_credits", None), ("lifetime_budget_credits__gte", 0), _connector="OR"),
                    models.Q(
                        ("monthly_allowance_credits", None), ("monthly_allowance_credits__gt", 0), _connector="OR"
                    ),
                    models.Q(("low_balance_credits", None), ("low_balance_credits__gt", 0), _connector="OR"),
                ),
                name="team_figures_are_not_negative",
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("admin", "Admin"), ("member", "Member"), ("viewer", "Viewer")],
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="sent"
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
            ],
            options={"verbose_name": "invitation", "verbose_name_plural": "invitations"},
        ),
        migrations.AddField(
            model_name="invitation",
            name="accepted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="invited_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="accounts.team"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                fields=("team", "email"),
                name="invitation_waits_once_per_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="invitation_email_is_lower_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "admin", "member", "viewer"])),
                name="invitation_role_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("accepted_at", None), ("revoked_at", None), _connector="OR"),
                name="invitation_ends_in_one_way",
            ),
        ),
    ]

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_billing")]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("account.signed_in", "Signed in"),
                            ("account.sign_in_failed", "Sign-in failed"),
                            ("account.password_changed", "Password changed"),
                            ("account.email_changed", "E-mail address changed"),
                            ("account.two_factor_changed", "Two-factor sign-in changed"),
                            ("account.session_ended", "Session ended"),
                            ("account.changed", "Account changed"),
                            ("team.created", "Team created"),
                            ("team.changed", "Team settings changed"),
                            ("team.closing", "Team is being closed"),
                            ("team.closed", "Team closed"),
                            ("member.invited", "Member invited"),
                            ("member.invitation_revoked", "Invitation revoked"),
                            ("member.joined", "Member joined"),
                            ("member.left", "Member left"),
                            ("member.removed", "Member removed"),
                            ("member.role_changed", "Role changed"),
                            ("member.cap_changed", "Cap changed"),
                            ("member.ownership_transferred", "Ownership transferred"),
                            ("key.created", "API key created"),
                            ("key.changed", "API key changed"),
                            ("key.rotated", "API key rotated"),
                            ("key.revoked", "API key revoked"),
                            ("endpoint.secret_shown", "Webhook signing secret shown"),
                            ("credits.granted", "Credits granted"),
                            ("credits.adjusted", "Credits adjusted"),
                            ("credits.bought", "Credits bought"),
                            ("credits.purchase_refunded", "Purchase refunded"),
                            ("credits.code_redeemed", "Code redeemed"),
                            ("credits.codes_issued", "Redeem codes issued"),
                        ],
                        max_length=40,
                        verbose_name="action",
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=254)),
                ("subject_id", models.UUIDField(null=True)),
                ("detail", models.JSONField(default=dict)),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="address")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="when"
                    ),
                ),
            ],
            options={"verbose_name": "audit entry", "verbose_name_plural": "audit log"},
        ),
        migrations.AddField(
            model_name="auditentry",
            name="api_key",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.apikey"
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="team",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="audit_entries", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                models.F("team"), models.OrderBy(models.F("id"), descending=True), name="auditentry_of_team"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("user", None), ("api_key", None), _connector="OR"),
                name="auditentry_is_done_by_user_or_key",
            ),
        ),
    ]

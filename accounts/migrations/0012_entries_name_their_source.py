import django.db.models.deletion
from django.db import migrations, models

# The connection's time-outs are for requests: a big table takes longer to check than those may.
PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_audit_log_is_append_only")]

    operations = [
        migrations.RunSQL(PATIENT, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="creditentry",
            name="allowance",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.allowance",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="purchase",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.purchase",
            ),
        ),
        migrations.AddField(
            model_name="creditentry",
            name="redeem_code",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.redeemcode",
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
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
                    ("credits.allowance_paid", "Monthly allowance paid"),
                    ("credits.code_redeemed", "Code redeemed"),
                    ("credits.codes_issued", "Redeem codes issued"),
                ],
                max_length=40,
                verbose_name="action",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "grant"), ("purchase__isnull", False)),
                fields=("purchase",),
                name="creditentry_purchase_brings_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("redeem_code__isnull", False)),
                fields=("redeem_code",),
                name="creditentry_code_brings_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("allowance__isnull", False)),
                fields=("allowance",),
                name="creditentry_allowance_brings_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("allowance", None), ("purchase", None), ("redeem_code", None)),
                    models.Q(
                        ("allowance", None),
                        ("kind__in", ("grant", "withdraw")),
                        ("purchase__isnull", False),
                        ("redeem_code", None),
                    ),
                    models.Q(
                        ("allowance", None), ("kind", "grant"), ("purchase", None), ("redeem_code__isnull", False)
                    ),
                    models.Q(
                        ("allowance__isnull", False), ("kind", "grant"), ("purchase", None), ("redeem_code", None)
                    ),
                    _connector="OR",
                ),
                name="creditentry_has_one_source",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, PATIENT),
    ]

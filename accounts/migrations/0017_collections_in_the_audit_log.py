from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_webhook_lanes"),
    ]

    operations = [
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
                    ("endpoint.secret_rotated", "Webhook signing secret rotated"),
                    ("endpoint.created", "Webhook endpoint created"),
                    ("endpoint.changed", "Webhook endpoint changed"),
                    ("endpoint.rotated", "Webhook endpoint's secret rotated"),
                    ("endpoint.paused", "Webhook endpoint paused"),
                    ("endpoint.resumed", "Webhook endpoint resumed"),
                    ("endpoint.disabled", "Webhook endpoint disabled"),
                    ("endpoint.enabled", "Webhook endpoint enabled again"),
                    ("endpoint.deleted", "Webhook endpoint deleted"),
                    ("endpoint.sent_again", "Webhooks sent again"),
                    ("collection.shared", "Collection shared by link"),
                    ("collection.link_revoked", "Shared link revoked"),
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
    ]

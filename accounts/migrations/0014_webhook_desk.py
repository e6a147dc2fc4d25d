import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_people_stay")]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("secret", models.BinaryField()),
                ("old_secret", models.BinaryField(null=True)),
                ("old_secret_until", models.DateTimeField(null=True)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.TextField(verbose_name="URL")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="description")),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("task.completed", "A clip or a set of images is ready"),
                                ("task.failed", "A generation failed, and its credits are back"),
                                ("task.progress", "A generation has come further"),
                                ("credits.low", "The credits fall below the threshold of the team"),
                                ("endpoint.test", "A test, sent from the page of the endpoint"),
                            ],
                            max_length=50,
                        ),
                        size=None,
                    ),
                ),
                ("failing_since", models.DateTimeField(null=True)),
                ("paused_at", models.DateTimeField(null=True)),
                ("disabled_at", models.DateTimeField(null=True)),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[("gone", "It answered 410 Gone."), ("failing", "It took nothing for five days.")],
                        max_length=10,
                    ),
                ),
                ("disabled_mail_due", models.BooleanField(default=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
            },
        ),
        migrations.CreateModel(
            name="WebhookHost",
            fields=[
                ("name", models.CharField(max_length=300, primary_key=True, serialize=False)),
                ("accepts", models.BooleanField(default=False)),
                ("next_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="webhookevent",
            name="webhookevent_once_per_subject",
        ),
        migrations.RemoveIndex(
            model_name="webhookdelivery",
            name="webhookdelivery_due",
        ),
        migrations.RemoveIndex(
            model_name="webhookdelivery",
            name="webhookdelivery_leased",
        ),
        migrations.AddField(
            model_name="webhookattempt",
            name="request_headers",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="webhookattempt",
            name="response_headers",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="webhookattempt",
            name="url",
            field=models.TextField(default="", verbose_name="URL"),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="first_attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="lane",
            field=models.CharField(default="", max_length=340),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="webhook_deliveries",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="updated_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="sequence",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="old_secret",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="old_secret_until",
            field=models.DateTimeField(null=True),
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
        migrations.AlterField(
            model_name="webhookattempt",
            name="response_excerpt",
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="url",
            field=models.TextField(verbose_name="URL"),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="type",
            field=models.CharField(
                choices=[
                    ("task.completed", "A clip or a set of images is ready"),
                    ("task.failed", "A generation failed, and its credits are back"),
                    ("task.progress", "A generation has come further"),
                    ("credits.low", "The credits fall below the threshold of the team"),
                    ("endpoint.test", "A test, sent from the page of the endpoint"),
                ],
                max_length=50,
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.UniqueConstraint(
                fields=("subject_id", "type", "sequence"), name="webhookevent_once_per_subject"
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="webhook_endpoints", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="accounts.webhookendpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at", None), ("disabled_mail_due", False), ("disabled_reason", "")),
                    models.Q(("disabled_at__isnull", False), ("disabled_reason__in", ("gone", "failing"))),
                    _connector="OR",
                ),
                name="webhookendpoint_disabled_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("old_secret", None), ("old_secret_until", None)),
                    models.Q(("old_secret__isnull", False), ("old_secret_until__isnull", False)),
                    _connector="OR",
                ),
                name="webhookendpoint_old_secret_has_an_end",
            ),
        ),
    ]

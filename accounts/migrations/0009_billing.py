import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_credit_entry_indexes")]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=7)),
                ("credits", models.BigIntegerField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.AddField(
            model_name="allowance",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="allowances", to="accounts.team"
            ),
        ),
        migrations.AddConstraint(
            model_name="allowance",
            constraint=models.UniqueConstraint(fields=("team", "period"), name="allowance_once_a_month"),
        ),
        migrations.CreateModel(
            name="CreditPackage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("credits", models.PositiveIntegerField(verbose_name="credits")),
                (
                    "amount",
                    models.PositiveIntegerField(help_text="In the smallest unit: 1900 is 19.00.", verbose_name="price"),
                ),
                (
                    "currency",
                    models.CharField(
                        default="usd", help_text="ISO 4217, lower case.", max_length=3, verbose_name="currency"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("is_offered", models.BooleanField(default=True, verbose_name="offered")),
            ],
            options={
                "verbose_name": "credit package",
                "verbose_name_plural": "credit packages",
                "ordering": ["position", "amount"],
            },
        ),
        migrations.AddConstraint(
            model_name="creditpackage",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("credits__gt", 0)), name="creditpackage_has_figures"
            ),
        ),
        migrations.CreateModel(
            name="Purchase",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="package")),
                ("credits", models.PositiveIntegerField(verbose_name="credits")),
                ("amount", models.PositiveIntegerField(verbose_name="price")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("checkout_id", models.CharField(max_length=255, null=True, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                ("paid_at", models.DateTimeField(null=True, verbose_name="paid")),
                ("expired_at", models.DateTimeField(null=True, verbose_name="expired")),
                ("refunded_amount", models.PositiveIntegerField(default=0, verbose_name="refunded")),
                ("granted_credits", models.PositiveIntegerField(default=0, verbose_name="credits granted")),
                ("returned_credits", models.PositiveIntegerField(default=0, verbose_name="credits taken back")),
            ],
            options={"verbose_name": "purchase", "verbose_name_plural": "purchases"},
        ),
        migrations.AddField(
            model_name="purchase",
            name="bought_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="purchase",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="purchases", to="accounts.team"
            ),
        ),
        migrations.AddConstraint(
            model_name="purchase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    ("credits__gt", 0),
                    ("returned_credits__lte", models.F("granted_credits")),
                    ("granted_credits__in", (0, models.F("credits"))),
                    ("refunded_amount__lte", models.F("amount")),
                ),
                name="purchase_gives_back_what_it_brought",
            ),
        ),
        migrations.CreateModel(
            name="RedeemCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("hint", models.CharField(max_length=4, verbose_name="last four characters")),
                ("credits", models.PositiveIntegerField(verbose_name="credits")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="issued"
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("redeemed_at", models.DateTimeField(null=True, verbose_name="redeemed")),
            ],
            options={"verbose_name": "redeem code", "verbose_name_plural": "redeem codes"},
        ),
        migrations.AddField(
            model_name="redeemcode",
            name="issued_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="redeemcode",
            name="redeemed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="redeemcode",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="redeemed_codes",
                to="accounts.team",
            ),
        ),
        migrations.AddConstraint(
            model_name="redeemcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("credits__gt", 0)), name="redeemcode_is_worth_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="redeemcode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("redeemed_at", None), ("team", None)),
                    models.Q(("redeemed_at__isnull", False), ("team__isnull", False)),
                    _connector="OR",
                ),
                name="redeemcode_goes_to_a_team",
            ),
        ),
    ]

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """For providers that count requests by the second."""

    dependencies = [("generations", "0013_names")]

    operations = [
        migrations.AddField(
            model_name="provideraccount",
            name="reads_a_second",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("reads_a_second", None), ("reads_a_second__gte", 1), _connector="OR"),
                name="provider_account_has_its_turns",
            ),
        ),
    ]

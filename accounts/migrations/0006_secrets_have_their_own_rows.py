from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_carry_over")]

    operations = [
        migrations.RemoveField(model_name="apikey", name="digest"),
        migrations.RemoveField(model_name="apikey", name="hint"),
        migrations.RemoveField(model_name="apikey", name="last_used_at"),
        migrations.AddConstraint(
            model_name="team",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at", None),
                    models.Q(("closed_at__gte", models.F("closing_at")), ("closing_at__isnull", False)),
                    _connector="OR",
                ),
                name="team_closing_comes_before_closed",
            ),
        ),
    ]

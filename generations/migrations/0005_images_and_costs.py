import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0004_default_prices")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="provider_cost",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="submission",
            name="provider_warnings",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                models.F("team"),
                models.F("task_type"),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("hidden_at", None), models.Q(("task_type", "text_to_video"), _negated=True)),
                name="generation_by_type",
            ),
        ),
    ]

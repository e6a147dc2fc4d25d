from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0002_documented_prices")]

    operations = [
        migrations.AddField(
            model_name="provideraccount",
            name="options",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    """What operators' pages call their rows, in words that can be translated."""

    dependencies = [("generations", "0012_words_of_prompts")]

    operations = [
        migrations.AlterModelOptions(
            name="pricelist",
            options={"verbose_name": "price list", "verbose_name_plural": "price lists"},
        ),
        migrations.AlterModelOptions(
            name="provideraccount",
            options={"verbose_name": "provider account", "verbose_name_plural": "provider accounts"},
        ),
        migrations.AlterModelOptions(
            name="searchindex",
            options={
                "ordering": ["id"],
                "verbose_name": "search index",
                "verbose_name_plural": "search indexes",
            },
        ),
        migrations.AlterModelOptions(
            name="submission",
            options={"verbose_name": "submission", "verbose_name_plural": "submissions"},
        ),
    ]

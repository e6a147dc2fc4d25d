"""Seedance 2.0 as vibegen documents it (v1.0, 2025-03-10): credits a clip, silent and with sound."""

from datetime import UTC, datetime

from django.db import migrations

MODEL = "seedance-2.0"
EFFECTIVE_AT = datetime(2025, 3, 10, tzinfo=UTC)
PRICES = {
    ("480p", 5): (15, 20),
    ("720p", 5): (30, 43),
    ("1080p", 5): (50, 90),
    ("480p", 10): (25, 40),
    ("720p", 10): (45, 86),
    ("1080p", 10): (100, 180),
}


def add_prices(apps, schema_editor):
    price_list = apps.get_model("generations", "PriceList").objects.create(
        model=MODEL, version=1, effective_at=EFFECTIVE_AT, note="As documented by the provider"
    )
    for (resolution, duration), by_sound in PRICES.items():
        for generate_audio, credits in zip((False, True), by_sound, strict=True):
            conditions = {"resolution": resolution, "duration": duration, "generate_audio": generate_audio}
            price_list.prices.create(conditions=conditions, credits=credits)


def remove_prices(apps, schema_editor):
    apps.get_model("generations", "PriceList").objects.filter(model=MODEL, version=1).delete()


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_initial")]

    operations = [migrations.RunPython(add_prices, remove_prices)]

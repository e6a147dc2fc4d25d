"""Prices to begin with where an upstream document gives no table, for the operator to change.

SEE2AI: credits a second by resolution, the fast model 80 % of the standard one, as its document says. seedance2api:
credits a second by resolution and frames a second, and credits an image by resolution and quality.
"""

from datetime import UTC, datetime

from django.db import migrations

NOTE = "Set by this installation"
EFFECTIVE_AT = datetime(2026, 3, 23, tzinfo=UTC)
SEE2AI = {
    "doubao-seedance-2.0": {"480p": 5, "720p": 10},
    "doubao-seedance-2.0-fast": {"480p": 4, "720p": 8},
}
SEEDANCE = {
    "seedance-1.0": {"720p": (4, 5, 8), "1080p": (8, 10, 16), "4k": (20, 25, 40)},
    "seedance-1.5-pro": {"720p": (5, 6, 10), "1080p": (10, 12, 20), "4k": (25, 30, 50)},
    "seedance-2.0-hd": {"720p": (6, 7, 12), "1080p": (12, 14, 24), "4k": (30, 36, 60)},
}
FRAMES = (24, 30, 60)
SEEDREAM = {
    "seedream-3.0": {"1024x1024": (2, 3), "2048x2048": (4, 6), "4k": (8, 12)},
    "seedream-4.0": {"1024x1024": (3, 4), "2048x2048": (5, 8), "4k": (10, 15)},
    "seedream-4.5": {"1024x1024": (3, 5), "2048x2048": (6, 9), "4k": (12, 18)},
    "seedream-5.0": {"1024x1024": (4, 6), "2048x2048": (8, 12), "4k": (16, 24)},
}
QUALITIES = ("standard", "high")


def rows():
    """(model, unit, conditions, credits)"""
    for model, by_resolution in SEE2AI.items():
        for resolution, credits in by_resolution.items():
            yield model, "second", {"resolution": resolution}, credits
    yield from by_two(SEEDANCE, "second", "fps", FRAMES)
    yield from by_two(SEEDREAM, "image", "quality", QUALITIES)


def by_two(prices, unit, name, values):
    """Of tables by resolution and, under that name, these values."""
    for model, by_resolution in prices.items():
        for resolution, all_credits in by_resolution.items():
            for value, credits in zip(values, all_credits, strict=True):
                yield model, unit, {"resolution": resolution, name: value}, credits


def add_prices(apps, schema_editor):
    lists = {}
    for model, unit, conditions, credits in rows():
        if model not in lists:
            lists[model] = apps.get_model("generations", "PriceList").objects.create(
                model=model, version=1, effective_at=EFFECTIVE_AT, note=NOTE
            )
        lists[model].prices.create(conditions=conditions, unit=unit, credits=credits)


def remove_prices(apps, schema_editor):
    models = [*SEE2AI, *SEEDANCE, *SEEDREAM]
    apps.get_model("generations", "PriceList").objects.filter(model__in=models, version=1, note=NOTE).delete()


class Migration(migrations.Migration):
    dependencies = [("generations", "0003_provider_account_options")]

    operations = [migrations.RunPython(add_prices, remove_prices)]

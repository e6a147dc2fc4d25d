"""Each key's secret gets a row of its own, and a team that was closed was closing before."""

from typing import Any

from django.db import migrations
from django.db.models import F


def forwards(apps: Any, schema_editor: Any) -> None:
    ApiKey, ApiSecret = apps.get_model("accounts", "ApiKey"), apps.get_model("accounts", "ApiSecret")
    for key in ApiKey.objects.exclude(digest="").iterator():
        ApiSecret.objects.create(
            api_key=key,
            digest=key.digest,
            hint=key.hint,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
        )
    Team = apps.get_model("accounts", "Team")
    Team.objects.filter(closed_at__isnull=False, closing_at=None).update(closing_at=F("closed_at"))


def backwards(apps: Any, schema_editor: Any) -> None:
    ApiKey, ApiSecret = apps.get_model("accounts", "ApiKey"), apps.get_model("accounts", "ApiSecret")
    for secret in ApiSecret.objects.filter(valid_until=None).iterator():
        ApiKey.objects.filter(pk=secret.api_key_id).update(
            digest=secret.digest, hint=secret.hint, last_used_at=secret.last_used_at
        )
    # A key whose secrets have all ended gets one that nobody has: no digest is an id.
    for key in ApiKey.objects.filter(digest=None).iterator():
        ApiKey.objects.filter(pk=key.pk).update(digest=str(key.pk), hint="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_api_key_limits")]

    operations = [migrations.RunPython(forwards, backwards)]

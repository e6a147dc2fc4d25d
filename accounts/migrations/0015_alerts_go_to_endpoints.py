"""What was sent before gets its team, its lane and its address; a team's URL for alerts becomes an endpoint."""

import base64
import secrets
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from project.secrets_at_rest import encrypt

CARRY_OVER = """
UPDATE accounts_webhookdelivery AS delivery
SET team_id = event.team_id, lane = event.team_id || ' ' || delivery.host,
    updated_at = coalesce(delivery.ended_at, delivery.created_at)
FROM accounts_webhookevent event WHERE event.id = delivery.event_id;
UPDATE accounts_webhookattempt SET url = delivery.url
FROM accounts_webhookdelivery delivery WHERE delivery.id = delivery_id;
"""


def make_endpoints(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Signed with the secret that the alerts were signed with."""
    team_model: Any = apps.get_model("accounts", "Team")
    endpoint_model: Any = apps.get_model("accounts", "WebhookEndpoint")
    secret_model: Any = apps.get_model("accounts", "WebhookSecret")
    for team in team_model.objects.exclude(alert_url="").filter(closing_at=None):
        kept = secret_model.objects.filter(team=team).first()
        endpoint_model.objects.create(
            team=team,
            url=team.alert_url,
            description="Alerts",
            events=["credits.low"],
            secret=kept.secret if kept else encrypt(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"),
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_webhook_desk")]

    operations = [
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RunPython(make_endpoints, migrations.RunPython.noop),
    ]

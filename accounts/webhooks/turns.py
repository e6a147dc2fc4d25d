"""Whose turn it is: which of the due deliveries are sent next, so that no receiver keeps the others waiting.

Five at once in each lane, twenty-five of each team, fifty in all, over all processes; the lane with the fewest under
way comes first. A host whose last answer was no 2xx is sent one a second at most, whoever it is for: it may be
somebody's who never asked for webhooks.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.models import WebhookDelivery, WebhookHost

from .events import host_of

PER_LANE = 5
PER_TEAM = 25
IN_ALL = 50
# Twice as long as a request may take. What a killed worker had leased counts as under way until it runs out.
LEASE = timedelta(seconds=30)
UNPROVEN_EVERY = timedelta(seconds=1)

_CLAIM_LOCK = 0x77656268  # any number, as long as it is this one everywhere
# The lanes that have anything pending are found by a skip through their index, one step each, and of each lane only
# the first few rows are read: a receiver with ten thousand waiting costs no more than one with ten.
_DUE = """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM accounts_webhookdelivery WHERE state = 'pending' ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (
        SELECT d.lane FROM accounts_webhookdelivery d
        WHERE d.state = 'pending' AND d.lane > lanes.lane ORDER BY d.lane LIMIT 1
    ) FROM lanes WHERE lanes.lane IS NOT NULL
), under_way AS (
    SELECT lane, team_id FROM accounts_webhookdelivery WHERE lease_until > %(now)s
), leased AS (
    SELECT lane, count(*) AS number FROM under_way GROUP BY lane
), leased_of_team AS (
    SELECT team_id, count(*) AS number FROM under_way GROUP BY team_id
), due AS (
    SELECT d.id, d.place, coalesce(known.accepts, false) AS accepts,
        row_number() OVER (PARTITION BY d.host ORDER BY d.place, random()) AS place_at_host,
        coalesce(leased_of_team.number, 0)
            + row_number() OVER (PARTITION BY d.team_id ORDER BY d.place, random()) AS place_in_team
    FROM lanes
    LEFT JOIN leased USING (lane)
    CROSS JOIN LATERAL (
        SELECT id, team_id, host, endpoint_id,
            coalesce(leased.number, 0) + row_number() OVER (ORDER BY next_at, id) AS place
        FROM accounts_webhookdelivery
        WHERE lane = lanes.lane AND state = 'pending' AND next_at <= %(now)s
            AND (lease_until IS NULL OR lease_until <= %(now)s)
        ORDER BY next_at, id LIMIT greatest(%(per_lane)s - coalesce(leased.number, 0), 0)
    ) AS d
    LEFT JOIN leased_of_team USING (team_id)
    LEFT JOIN accounts_webhookhost known ON known.name = d.host
    LEFT JOIN accounts_webhookendpoint endpoint ON endpoint.id = d.endpoint_id
    WHERE endpoint.paused_at IS NULL AND (known.name IS NULL OR known.accepts OR known.next_at <= %(now)s)
)
SELECT id FROM due WHERE (accepts OR place_at_host = 1) AND place_in_team <= %(per_team)s
ORDER BY place, random()
LIMIT greatest(least(%(limit)s, %(in_all)s - (SELECT count(*) FROM under_way)), 0)
"""


def clock() -> datetime:
    """The database's: a lease is given and read by one clock, whichever machine asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def claim(limit: int, now: datetime) -> list[WebhookDelivery]:
    """Lease up to `limit` of those that are due, with their events, teams and endpoints, whose URL they go to."""
    most = {"limit": limit, "per_lane": PER_LANE, "per_team": PER_TEAM, "in_all": IN_ALL}
    with transaction.atomic(), connection.cursor() as cursor:
        # Two claims at once would each count the leases without the other's.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
        cursor.execute(_DUE, {"now": now, **most})
        ids = [id for (id,) in cursor.fetchall()]
        rows = WebhookDelivery.objects.select_related("event", "team", "endpoint")
        pending = rows.filter(pk__in=ids, state=WebhookDelivery.State.PENDING).order_by("next_at", "pk")
        claimed = list(pending.select_for_update(skip_locked=True, of=("self",)))
        for delivery in claimed:
            delivery.lease_until = now + LEASE
            if delivery.endpoint:
                delivery.url, delivery.host = delivery.endpoint.url, host_of(delivery.endpoint.url)
        WebhookDelivery.objects.bulk_update(claimed, ["lease_until", "url", "host"])
        _pace({delivery.host for delivery in claimed}, now)
    return claimed


def note(host: str, *, accepts: bool) -> None:
    """What its last answer says of a host: a 2xx sets it free, everything else paces it."""
    WebhookHost.objects.filter(name=host).exclude(accepts=accepts).update(accepts=accepts)


def _pace(hosts: set[str], now: datetime) -> None:
    """Put off the next one to those that have not proven that they take webhooks."""
    accepting = WebhookHost.objects.filter(name__in=hosts, accepts=True).values_list("name", flat=True)
    unproven = sorted(hosts - set(accepting))
    WebhookHost.objects.bulk_create(
        [WebhookHost(name=host, next_at=now + UNPROVEN_EVERY) for host in unproven],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["next_at"],
    )

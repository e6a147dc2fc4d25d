"""What was kept before callbacks were told by their digest: none is lost but what was there twice."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from generations.models import Callback
from tests.api import asked, ensure_prices
from tests.factories import make_account, make_submission, make_team

BEFORE = [("generations", "0006_accounts_batches_presets")]


@pytest.fixture
def latest(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    """The database is as it was for other tests, whatever happened."""
    leaves = [each for each in MigrationExecutor(connection).loader.graph.leaf_nodes() if each[0] == "generations"]
    try:
        yield leaves
    finally:
        MigrationExecutor(connection).migrate(leaves)


def test_old_rows_get_their_digest_and_provider_and_twins_are_one(latest):
    ensure_prices()
    account = make_account(base_url="http://127.0.0.1:9", provider="seedance2api")
    one, other = (make_submission(generation=asked(make_team(granted=100)), account=account) for _ in range(2))
    now = timezone.now()
    Callback.objects.create(headers={}, body=b"{}", verdict="unaddressed", received_at=now)
    MigrationExecutor(connection).migrate(BEFORE)
    old = MigrationExecutor(connection).loader.project_state(BEFORE).apps.get_model("generations", "Callback")
    for submission, body in ((one, b"same"), (one, b"same"), (one, b"another"), (other, b"same")):
        old.objects.create(submission_id=submission.pk, headers={}, body=body, verdict="woke", received_at=now)

    MigrationExecutor(connection).migrate(latest)

    kept = Callback.objects.order_by("id").values_list("submission", "body", "provider", "proof", "repeat_count")
    assert [(id, bytes(body), *rest) for id, body, *rest in kept] == [
        (one.pk, b"same", "seedance2api", "none", 0),
        (one.pk, b"another", "seedance2api", "none", 0),
        (other.pk, b"same", "seedance2api", "none", 0),
    ]

"""A1: every call of the document that names a task, by everyone who should not get at it."""

import pytest
from django.test import Client

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import ApiKey
from generations.models import Generation
from tests.api import asked, client_of, completed, failed
from tests.generations.api.v1.test_document import OPERATIONS

CALLS = sorted(call for call in OPERATIONS if "{task_id}" in call[1])


def call(client: Client, method: str, path: str, generation: Generation):
    return getattr(client, method)(path.format(task_id=generation.id, position=0))


def snapshot() -> list:
    return list(Generation.objects.order_by("id").values())


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("given", [asked, failed, completed])
def test_a_stranger_is_told_that_there_is_no_such_task(stranger, team, method, path, given):
    generation = given(team)
    before = snapshot()

    response = call(stranger, method, path, generation)

    assert (response.status_code, response.json()["error"]["code"]) == (404, "TASK_NOT_FOUND")
    assert snapshot() == before


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_nobody_and_a_revoked_key_are_refused(team, method, path):
    generation = completed(team)
    revoked = client_of(team)
    keys.revoke(ApiKey.objects.get(team=team), by=INSTALLATION)
    before = snapshot()

    answers = [call(client, method, path, generation) for client in (Client(), revoked)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert snapshot() == before


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_the_team_itself_gets_at_it(client, team, method, path):
    given = failed if path.endswith("/retry") else asked if path.endswith("/cancel") else completed

    assert call(client, method, path, given(team)).status_code in (200, 201)

"""Programs at once, each request on a database connection of its own."""

import pytest

from accounts.audit import audit
from accounts.models import CreditBalance, CreditEntry
from generations.audit import audit as audit_generations
from generations.models import Generation, GenerationCount
from tests.api import client_of, ensure_prices, failed, post
from tests.factories import make_team
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"prompt": "A gate"}


def team_with(credits: int):
    ensure_prices()
    return make_team(granted=credits)


def assert_the_books_close() -> None:
    assert audit() == []
    assert audit_generations() == []


# L2
def test_200_creates_at_once_with_credit_for_one_make_one():
    team = team_with(15)
    client = client_of(team)

    answers = race(lambda _: post(client, "/generations", BODY).status_code, range(200), threads=32)

    assert sorted(answers) == [201] + [402] * 199
    assert Generation.objects.count() == 1
    assert CreditBalance.objects.get(team=team).available == 0
    assert_the_books_close()


# L3
def test_1000_creates_at_once_with_one_idempotency_key_make_one():
    team = team_with(1000)
    programs = [client_of(team) for _ in range(2)]

    def create(number: int) -> tuple[int, bytes]:
        answer = post(programs[number % 2], "/generations", BODY, Idempotency_Key="order-1")
        return answer.status_code, answer.content

    answers = race(create, range(1000), threads=32)

    generation = Generation.objects.get()
    assert {status for status, _ in answers} == {201}
    assert len({content for _, content in answers}) == 1
    assert str(generation.id).encode() in answers[0][1]
    assert CreditEntry.objects.filter(kind="hold").count() == 1
    assert GenerationCount.objects.get().count == 1
    assert_the_books_close()


# K8
def test_of_cancels_at_once_each_is_told_the_same_end_and_the_hold_comes_back_once():
    team = team_with(15)
    client = client_of(team)
    id = post(client, "/generations", BODY).json()["data"]["id"]

    answers = race(lambda _: post(client, f"/tasks/{id}/cancel").status_code, range(20), threads=10)

    assert answers == [200] * 20
    assert CreditEntry.objects.filter(kind="release").count() == 1
    assert_the_books_close()


def test_of_deletes_at_once_one_finds_the_task():
    team = team_with(15)
    client = client_of(team)
    generation = failed(team)

    answers = race(lambda _: client.delete(f"/api/v1/tasks/{generation.id}").status_code, range(20), threads=10)

    assert set(answers) <= {200, 404}
    assert 200 in answers
    assert sum(GenerationCount.objects.values_list("count", flat=True)) == 0
    assert client.get("/api/v1/tasks").json()["data"]["pagination"]["total"] == 0

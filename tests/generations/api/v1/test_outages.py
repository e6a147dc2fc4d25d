"""F4: while the database does not answer, or answers too late, the API says so and makes nothing."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client

from accounts.models import CreditBalance
from generations.models import Generation
from tests.api import client_of, ensure_prices, post
from tests.factories import make_team

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("host", "port", "dbname", "user", "password")


@pytest.fixture
def program() -> Client:
    ensure_prices()
    return client_of(make_team(granted=100))


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection]:
    """A second connection to the same database."""
    given = connection.get_connection_params()
    with psycopg.connect(**{name: given[name] for name in NAMES if given.get(name)}) as other:
        yield other


def assert_unavailable(response) -> None:
    assert (response.status_code, response.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


def test_a_lost_connection_is_503_and_the_next_request_works(program, elsewhere):
    assert program.get("/api/v1/credits").status_code == 200
    elsewhere.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

    lost = program.get("/api/v1/credits")
    connection.close()

    assert_unavailable(lost)
    assert program.get("/api/v1/credits").status_code == 200


def test_a_balance_that_stays_locked_is_503_and_nothing_is_made(program, elsewhere):
    elsewhere.execute("SELECT 1 FROM accounts_creditbalance FOR UPDATE")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")

    response = post(program, "/generations", {"prompt": "A gate"})
    elsewhere.rollback()
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")  # the connection goes back to the pool
    connection.close()

    assert_unavailable(response)
    assert response.headers["X-RateLimit-Remaining"] == "999"
    assert (Generation.objects.count(), CreditBalance.objects.get().held) == (0, 0)


def test_what_nobody_foresaw_is_500_in_json(program):
    CreditBalance.objects.all().delete()
    program.raise_request_exception = False

    response = program.get("/api/v1/credits")

    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert response.headers["X-RateLimit-Limit"] == "1000"
    assert "CreditBalance" not in response.content.decode()

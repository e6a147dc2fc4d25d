import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from generations.live.feed import Feed
from generations.models import GenerationEvent
from tests.api import asked, ensure_prices
from tests.factories import make_team

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
INSERT INTO generations_generationevent (generation_id, team_id, state, detail, created_at)
VALUES (%s, %s, 'queued', '{}', now())
"""


@pytest.fixture
def generations():
    ensure_prices()
    team = make_team(granted=100)
    return [asked(team) for _ in range(3)]


@pytest.fixture
def other_transaction():
    parameters = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    with psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}) as other:
        yield other


def happen(generation) -> None:
    GenerationEvent.objects.create(
        generation=generation, team_id=generation.team_id, state="queued", created_at=timezone.now()
    )


def started() -> Feed:
    feed = Feed()
    feed.start()
    return feed


def test_what_happened_before_is_no_news(generations):
    assert started().read() == {}


def test_each_change_is_told_once(generations):
    feed = started()
    happen(generations[0])
    happen(generations[0])
    happen(generations[1])

    told, told_again = feed.read(), feed.read()

    assert told == {generation.id: generation.team_id for generation in generations[:2]}
    assert told_again == {}


def test_a_commit_that_was_overtaken_is_told_when_it_is_there(generations, other_transaction):
    feed = started()
    other_transaction.execute(INSERT, (generations[0].id, generations[0].team_id))
    happen(generations[1])

    before = feed.read()
    other_transaction.commit()
    after = feed.read()

    assert (list(before), list(after)) == ([generations[1].id], [generations[0].id])


def test_a_commit_under_way_at_the_start_is_told(generations, other_transaction):
    other_transaction.execute(INSERT, (generations[0].id, generations[0].team_id))
    happen(generations[1])
    feed = started()

    other_transaction.commit()

    assert list(feed.read()) == [generations[0].id]


def test_a_change_that_was_rolled_back_is_not_waited_for_for_ever(generations, other_transaction, monkeypatch):
    feed = started()
    before = set(feed.missing)
    other_transaction.execute(INSERT, (generations[0].id, generations[0].team_id))
    other_transaction.rollback()
    happen(generations[1])
    feed.read()
    waited_for = set(feed.missing) - before

    monkeypatch.setattr("generations.live.feed.GAP_SECONDS", 0)
    feed.read()

    assert (len(waited_for), len(feed.missing)) == (1, 0)


def test_more_changes_than_one_query_reads_are_all_told(generations, monkeypatch):
    monkeypatch.setattr("generations.live.feed._BATCH", 2)
    feed = started()
    for generation in generations:
        happen(generation)

    assert len(feed.read()) == 3

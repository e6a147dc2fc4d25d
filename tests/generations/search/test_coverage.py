from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from generations.models import Generation, SearchEntry
from generations.search import asking, coverage
from generations.search.coverage import Coverage
from generations.search.query import Search, find
from project.caches import PROCESS
from tests.api import asked, completed, completed_images, ensure_prices
from tests.factories import make_team
from tests.pages import queries
from tests.searching import keep_vector, make_index, turned


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def clips(team, count):
    """Completed an hour ago."""
    made = [completed(team) for _ in range(count)]
    Generation.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    return made


def wait_in(index, *generations):
    for generation in generations:
        SearchEntry.objects.create(
            index=index, generation=generation, team_id=generation.team_id, next_at=timezone.now()
        )


def covered(index, team):
    caches[PROCESS].clear()
    return coverage.of_team(index, team.id)


def test_what_waits_is_still_to_come(team):
    index = make_index()
    first, *others = clips(team, 3)
    keep_vector(index, first, turned(0))
    wait_in(index, *others)

    assert covered(index, team) == Coverage(known=1, to_come=2)


def test_what_the_first_pass_has_not_come_by_is_to_come_too(team):
    made = clips(team, 4)
    completed_images(team, 1)
    asked(team)
    index = make_index(filled_at=None, filled_to=made[1].id)
    wait_in(index, *made[:2])
    anew = make_index("prompt", provider="scnet", filled_at=None)

    assert covered(index, team) == Coverage(known=0, to_come=4)
    assert covered(anew, team) == Coverage(known=0, to_come=5)


def test_of_the_last_few_minutes_nothing_is_said(team):
    index = make_index()
    wait_in(index, completed(team))

    assert covered(index, team).to_come == 0


def test_what_failed_is_not_to_come(team):
    index, [clip] = make_index(), clips(team, 1)
    SearchEntry.objects.create(
        index=index, generation=clip, team=team, done_at=timezone.now(), failure_code="PROVIDER_ERROR"
    )

    assert covered(index, team).to_come == 0


def test_another_team_s_are_of_no_concern(team):
    index, stranger = make_index(), make_team(granted=1000)
    wait_in(index, *clips(stranger, 2))

    assert covered(index, team).to_come == 0


def test_it_is_counted_once_in_some_seconds(team):
    index = make_index()
    wait_in(index, *clips(team, 1))
    covered(index, team)

    with queries(0):
        assert coverage.of_team(index, team.id).to_come == 1


@pytest.mark.parametrize("search", [{"q": "harbour"}, {"like": True}])
def test_a_search_by_meaning_says_it(team, search):
    index = make_index()
    first, second = clips(team, 2)
    keep_vector(index, first, turned(0))
    wait_in(index, second)
    asking.keep(index, "harbour", turned(0))
    wanted = Search(q=search.get("q", ""), like=first.id if "like" in search else None)

    results = find(wanted, team_id=team.id, user_id=None, offset=0, limit=24)

    assert results.notice == "Search by meaning knows 1 of 2 clips so far; the rest are being read."


def test_a_search_by_words_alone_says_nothing_of_it(team):
    wait_in(make_index(), *clips(team, 1))

    notice = find(Search(q="lantern"), team_id=team.id, user_id=None, offset=0, limit=24).notice

    assert notice == "Search by meaning is not available right now: these are found by words."

"""What an account may be asked in a second, shared by what is indexed and what is searched for."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from generations.models import ProviderAccount, SearchEntry
from generations.search import asking, filling, prompts, spaces
from generations.submitting import budget
from project.due import Crew
from tests.indexing import index_all, make_clips, make_embedder, missing
from tests.races import meanwhile, race

SMALL = {"model": "Qwen3-Embedding-0.6B", "dims": "64"}


@pytest.fixture
def _slow_way(monkeypatch):
    """The provider counts on the machine that all the other tests keep busy."""
    monkeypatch.setattr(budget, "ON_THE_WAY", timedelta(seconds=0.45))


@pytest.fixture
def paced(team, sandbox):
    """An account of so many reads a second, and clips to be indexed."""

    def paced(reads_a_second: int, *, clips: int) -> ProviderAccount:
        account = make_embedder("scnet", at=sandbox.url, **SMALL)
        ProviderAccount.objects.filter(id=account.id).update(reads_a_second=reads_a_second)
        make_clips(team, clips)
        spaces.ensure()
        filling.take_due()
        return account

    return paced


def worker() -> Crew[SearchEntry]:
    """As in a process of its own."""
    return Crew(size=2, claim=prompts.claim_due, do=prompts.embed)


def was_turned_away() -> bool:
    return ProviderAccount.objects.filter(busy_until__isnull=False).exists()


@pytest.mark.usefixtures("_slow_way")
@pytest.mark.parametrize(("reads_a_second", "clips"), [(1, 15), (2, 20), (5, 35)])
def test_two_workers_ask_no_more_often_than_the_account_may_be_asked_in_a_second(
    paced, sandbox, reads_a_second, clips
):  # P18
    paced(reads_a_second, clips=clips)
    sandbox.set(requests_a_second=reads_a_second)

    began_at = time.monotonic()
    race(lambda crew: crew.run(), [worker(), worker()], threads=2)
    seconds = time.monotonic() - began_at

    state = sandbox.state()
    assert not was_turned_away()
    assert state["most_a_second"]["scnet"] <= reads_a_second
    assert not SearchEntry.objects.filter(done_at=None).exists()
    assert seconds < state["text_calls"] * 1.45 / reads_a_second + 4


@pytest.mark.parametrize(("reads_a_second", "least"), [(1, 1), (2, 4), (5, 4)])
def test_while_prompts_are_indexed_searches_have_their_turn(paced, reads_a_second, least):  # P18
    paced(reads_a_second, clips=100)
    index = spaces.current("prompt")
    waits = []

    def search(number: int) -> bool:
        began_at = time.monotonic()
        vector = asking.embed_query(index, f"Text {number}")
        waits.append(time.monotonic() - began_at)
        time.sleep(0.3)
        return bool(vector)

    with meanwhile(worker().run):
        time.sleep(0.3)
        found = [search(number) for number in range(4)]
        waiting = SearchEntry.objects.filter(done_at=None).count()
        # Enough has been seen: the worker finds nothing more that is due.
        SearchEntry.objects.filter(done_at=None).update(next_at=None, done_at=Now(), lease_until=None)

    assert waiting > 0
    assert found.count(True) >= least
    assert max(waits) < 1.5


def test_clips_and_their_tags_are_begun_and_looked_at_in_turns_too(team, sandbox, reachable, clip):  # P18
    account = make_embedder("seeknetic", at=sandbox.url)
    ProviderAccount.objects.update(reads_a_second=5)
    account.refresh_from_db()
    make_clips(team, 4, content=clip)

    began_at = time.monotonic()
    index_all()
    turns = (time.monotonic() - began_at) // budget.stretch(account).total_seconds()

    state = sandbox.state()
    assert missing() == []
    assert 16 <= state["clip_calls"] + state["status_calls"] <= 1 + turns

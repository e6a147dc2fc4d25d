"""What becomes of an embedding provider's account that fails, is refused, or wants to wait."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import ProviderAccount, SearchEntry
from generations.search import indexing
from tests.api import completed
from tests.indexing import hurry, index_all, make_clips, make_embedder, missing, set_fault
from tests.races import race
from tests.sandbox_process import wait_until


@pytest.fixture
def scnet(team, sandbox) -> ProviderAccount:
    return make_embedder("scnet", at=sandbox.url)


def test_a_provider_that_is_down_is_asked_rarely_and_nothing_is_lost(team, scnet, sandbox):  # P11 P19
    make_clips(team, 20)
    set_fault(sandbox, "scnet", "down")
    for _ in range(5):
        indexing.index()
    ProviderAccount.objects.update(busy_until=Now())
    for _ in range(10):
        indexing.index()

    scnet.refresh_from_db()
    assert 3 <= scnet.failure_count <= 10
    assert scnet.busy_until > timezone.now() + timedelta(seconds=3)
    assert not SearchEntry.objects.exclude(failure_code="").exists()

    sandbox.clear_faults()
    index_all()
    scnet.refresh_from_db()
    assert missing() == []
    assert (scnet.failure_count, scnet.failing_since, scnet.paused_at) == (0, None, None)


def test_once_it_answers_again_all_goes_on_within_seconds(team, scnet, sandbox):  # P11 P19
    make_clips(team, 20)
    set_fault(sandbox, "scnet", "down")
    for _ in range(5):
        indexing.index()
    # An hour of it.
    ProviderAccount.objects.update(failing_since=timezone.now() - timedelta(hours=1), busy_until=Now())
    indexing.index()
    scnet.refresh_from_db()
    wait = (scnet.busy_until - timezone.now()).total_seconds()
    sandbox.clear_faults()
    ProviderAccount.objects.update(busy_until=Now())

    def is_done() -> bool:
        indexing.index()
        return not SearchEntry.objects.filter(done_at=None).exists()

    assert 15 < wait <= 20
    wait_until(is_done, seconds=30)


def test_while_it_is_down_one_process_tries_it_and_the_others_wait(team, scnet, sandbox):  # P11
    make_clips(team, 8)
    set_fault(sandbox, "scnet", "down")
    for _ in range(4):
        indexing.index()
        hurry()
    ProviderAccount.objects.update(busy_until=Now())
    scnet.refresh_from_db()
    before = scnet.failure_count

    race(lambda _: indexing.index(), range(4), threads=4)

    scnet.refresh_from_db()
    assert scnet.failure_count == before + 1


@pytest.mark.parametrize("state", ["refused", "out_of_credits"])
def test_an_account_that_is_refused_is_paused_and_the_entries_wait(team, scnet, sandbox, state):  # P13
    make_clips(team, 7)
    sandbox.set_key("sandbox", state)

    for _ in range(3):
        indexing.index()
        hurry()
    scnet.refresh_from_db()
    reason = scnet.paused_reason
    waiting = SearchEntry.objects.filter(done_at=None, next_at__isnull=False).count()
    sandbox.set_key("sandbox", "accepted")
    ProviderAccount.objects.update(paused_at=None)
    index_all()

    assert reason in ("INVALID_API_KEY", "INSUFFICIENT_CREDITS")
    assert waiting == 7
    assert missing() == []


def test_later_is_heeded(team, scnet, sandbox):  # P5
    make_clips(team, 3)
    set_fault(sandbox, "scnet", "429=30", count=1)

    for _ in range(3):
        indexing.index()

    scnet.refresh_from_db()
    assert sandbox.state()["text_calls"] == 1
    assert (scnet.busy_until - timezone.now()).total_seconds() == pytest.approx(30, abs=3)
    assert scnet.failure_count == 0
    assert set(SearchEntry.objects.values_list("attempt_count", flat=True)) == {0}


def test_one_text_that_fails_again_and_again_is_not_taken_for_a_provider_that_is_down(team, scnet, sandbox):
    completed(team, prompt="Something odd")
    set_fault(sandbox, "scnet", "500", match="odd")

    for _ in range(6):
        indexing.index()
        hurry()

    scnet.refresh_from_db()
    assert scnet.failure_count < 3
    assert SearchEntry.objects.get().attempt_count == 6


def test_what_is_asked_beside_a_failure_waits_for_its_turn(team, scnet, sandbox):  # P18
    ProviderAccount.objects.update(reads_a_second=1)
    sandbox.set(requests_a_second=1)
    completed(team, prompt="Something odd")
    set_fault(sandbox, "scnet", "500", match="odd")

    for _ in range(2):
        indexing.index()
        hurry()

    state = sandbox.state()
    scnet.refresh_from_db()
    assert state["texts_by_text"] == {"film": 1}
    assert (state["text_calls"], state["most_a_second"]) == (3, {"scnet": 1})
    assert scnet.failure_count == 0

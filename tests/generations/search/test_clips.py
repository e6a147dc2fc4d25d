"""Vectors and tags of clips, read by the sandbox from our own links."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from generations import lifecycle
from generations.models import Asset, ProviderAccount, SearchEntry, SearchIndex, Tag
from generations.providers import registry
from generations.providers.base import Progress
from generations.search import clips, filling, indexing, spaces
from project.due import claim
from tests.api import completed, completed_images
from tests.indexing import hurry, index_all, make_clips, make_embedder, missing, set_fault
from tests.races import race
from tests.sandbox_process import wait_until


@pytest.fixture
def seeknetic(team, sandbox, reachable) -> ProviderAccount:
    return make_embedder("seeknetic", at=sandbox.url)


def claimed(kind: str = "clip") -> SearchEntry:
    rows = SearchEntry.objects.filter(index__kind=kind).select_related("index", "generation")
    return claim(rows, 1)[0]


def begun(team, content: bytes, kind: str = "clip") -> SearchEntry:
    """Of a clip that its provider has, and works on."""
    completed(team, content=content)
    spaces.ensure()
    filling.take_due()
    SearchEntry.objects.exclude(index__kind=kind).delete()
    clips.read(claimed(kind))
    return SearchEntry.objects.get()


def look(entry: SearchEntry) -> SearchEntry:
    hurry()
    clips.read(claimed(entry.index.kind))
    entry.refresh_from_db()
    return entry


def seconds_until(moment) -> float:
    return (moment - timezone.now()).total_seconds()


def test_each_clip_gets_its_vector_and_its_tags_by_one_request_each(team, seeknetic, sandbox, clip):
    made = make_clips(team, 6, content=clip)

    index_all()

    asked = sandbox.state()["clips_by_url"]
    assert missing() == []
    assert len(asked) == 12
    assert set(asked.values()) == {1}
    assert spaces.current("clip").dims == 512
    assert {each.generation_id for each in Tag.objects.filter(source="machine")} == {each.id for each in made}


def test_images_are_no_clips(team, seeknetic, sandbox):
    completed_images(team, 2)

    indexing.index()

    assert not SearchEntry.objects.exists()
    assert sandbox.state()["clip_calls"] == 0


def test_it_is_looked_at_after_a_second_and_then_after_five_growing_to_thirty(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "never")
    entry = begun(team, clip)
    waits = [seconds_until(entry.next_at)]
    for seconds in (1, 40, 200):
        SearchEntry.objects.update(requested_at=timezone.now() - timedelta(seconds=seconds))
        entry = look(entry)
        waits.append(seconds_until(entry.next_at))

    assert waits == pytest.approx([1, 5, 12, 30], abs=1)
    assert entry.request_id


def test_what_the_provider_knows_no_more_is_begun_anew(team, seeknetic, sandbox, clip):  # P9
    entry = begun(team, clip)
    first = entry.request_id
    sandbox.reset()

    entry = look(entry)
    forgotten = entry.request_id
    index_all()

    assert first
    assert forgotten == ""
    assert SearchEntry.objects.get(id=entry.id).vector is not None


def test_what_it_works_on_for_ever_is_begun_anew(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "never", count=1)
    entry = begun(team, clip)
    SearchEntry.objects.update(requested_at=timezone.now() - timedelta(hours=2))

    entry = look(entry)
    index_all()

    assert entry.request_id == ""
    assert SearchEntry.objects.get(id=entry.id).vector is not None


def test_the_account_that_began_it_is_asked_and_no_other(team, seeknetic, sandbox, clip):  # P13
    """The other one's key is refused: asking it would pause it for a request that is not its own."""
    entry = begun(team, clip)
    sandbox.set_key("another", "refused")
    other = make_embedder("seeknetic", at=sandbox.url, priority=1)
    other.key = "another"
    other.save()

    wait_until(lambda: look(entry).done_at, seconds=30)

    other.refresh_from_db()
    assert other.paused_at is None
    assert entry.vector is not None
    assert entry.account is None


def test_what_an_account_out_of_service_has_is_begun_anew_elsewhere(team, seeknetic, sandbox, clip):
    entry = begun(team, clip)
    make_embedder("seeknetic", at=sandbox.url, priority=200)
    ProviderAccount.objects.filter(id=seeknetic.id).update(paused_at=timezone.now())

    index_all()

    assert entry.account == seeknetic
    assert SearchEntry.objects.get(id=entry.id).vector is not None


def test_one_that_may_be_with_a_busy_account_waits_for_it(team, seeknetic, sandbox, clip):
    entry = begun(team, clip)
    make_embedder("seeknetic", at=sandbox.url, priority=1)
    ProviderAccount.objects.filter(id=seeknetic.id).update(busy_until=timezone.now() + timedelta(hours=1))
    ProviderAccount.objects.filter(priority=1).update(encrypted_key=seeknetic.encrypted_key)
    sandbox.reset()
    SearchEntry.objects.update(next_at=timezone.now())

    clips.read(claimed())

    entry.refresh_from_db()
    assert entry.request_id
    assert entry.next_at > timezone.now()


@pytest.mark.parametrize("words", ["Internal error", "Failed to download the video", "Timed out", "A corrupt file"])
def test_what_may_pass_is_believed_after_half_a_day(team, seeknetic, sandbox, clip, words):
    set_fault(sandbox, "seeknetic", f"fail={words}")
    entry = begun(team, clip)
    waited = {}

    def is_done() -> bool:
        if not look(entry).request_id and entry.next_at:
            waited[entry.failed_count] = seconds_until(entry.next_at)
        return bool(entry.done_at)

    wait_until(is_done, seconds=60)

    assert entry.failure_code in clips.MAY_PASS
    assert [round(each, -1) for each in waited.values()] == [round(each, -1) for each in clips.FAILED_WAITS]
    assert sum(waited.values()) > 12 * 3600
    assert sandbox.state()["clip_calls"] == 1 + len(clips.FAILED_WAITS)


def test_what_may_pass_holds_up_a_change_of_model_for_some_twenty_minutes(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "fail=Internal error")
    entry = begun(team, clip)
    SearchIndex.objects.update(is_current=False)

    wait_until(lambda: look(entry).done_at, seconds=30)

    assert sandbox.state()["clip_calls"] == 1 + clips.FEW_WAITS


def test_tries_without_an_answer_do_not_make_the_first_failure_the_last(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "fail=Failed to download the video")
    entry = begun(team, clip)
    SearchEntry.objects.update(attempt_count=20)

    wait_until(lambda: look(entry).failed_count, seconds=30)

    assert entry.done_at is None


def test_what_was_ready_while_nobody_could_look_is_taken_and_not_made_again(team, seeknetic, sandbox, clip):
    entry = begun(team, clip)
    provider = registry.clip_reader(seeknetic)
    wait_until(lambda: provider.fetch(entry.request_id).progress == Progress.SUCCEEDED, seconds=30)
    SearchEntry.objects.update(requested_at=timezone.now() - clips.ENDLESS * 2)

    look(entry)

    assert entry.vector is not None
    assert sandbox.state()["clip_calls"] == 1


def test_one_that_is_worked_on_for_ever_holds_up_a_change_of_model_for_three_hours(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "never")
    entry = begun(team, clip)
    SearchIndex.objects.update(is_current=False)
    codes = []
    for _ in range(3):
        SearchEntry.objects.update(requested_at=timezone.now() - clips.ENDLESS * 2)
        codes.append(look(entry).failure_code)
        if not entry.done_at:
            look(entry)

    assert codes == ["", "", "PROVIDER_ERROR"]


def test_one_clip_that_fails_again_and_again_is_not_taken_for_a_provider_that_is_down(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "500", match="http")
    entry = begun(team, clip)
    for _ in range(4):
        look(entry)

    seeknetic.refresh_from_db()
    assert seeknetic.failure_count < 3
    assert entry.attempt_count == 5


@pytest.mark.parametrize("place", [0, 1], ids=["begun", "leased"])
def test_however_many_wait_those_in_hand_are_counted_by_an_index_of_their_own(team, seeknetic, place):
    spaces.ensure()
    index = spaces.current("clip")
    rows = clips.in_hand(index)[place]

    with transaction.atomic(), connection.cursor() as cursor:
        # References are looked at when a transaction ends, which this one does not.
        cursor.execute(
            "INSERT INTO generations_searchentry"
            " (index_id, generation_id, team_id, request_id, failure_code, attempt_count, failed_count, next_at,"
            " created_at) SELECT %s, gen_random_uuid(), %s, '', '', 0, 0, now(), now() FROM generate_series(1, 50000)",
            [index.pk, team.pk],
        )
        cursor.execute("ANALYZE generations_searchentry")
        plan = rows.explain()
        transaction.set_rollback(True)

    assert ("search_entry_begun", "search_entry_leased")[place] in plan


def test_a_link_that_is_refused_is_no_reason_to_ask_again(team, seeknetic, sandbox, clip):
    set_fault(sandbox, "seeknetic", "reject")

    entry = begun(team, clip)

    assert entry.failure_code
    assert (entry.next_at, entry.request_id) == (None, "")


def test_only_so_many_are_with_the_provider_at_a_time(team, seeknetic, sandbox, monkeypatch, clip):
    monkeypatch.setattr(clips, "IN_HAND", 3)
    set_fault(sandbox, "seeknetic", "never")
    make_clips(team, 8, content=clip)

    for _ in range(3):
        indexing.index()

    for index in SearchIndex.objects.all():
        assert SearchEntry.objects.filter(index=index).exclude(request_id="").count() == 3


def test_two_workers_at_once_begin_each_clip_once(team, seeknetic, sandbox, clip):  # K2
    make_clips(team, 12, content=clip)
    spaces.ensure()
    filling.take_due()

    def work(_turn: int) -> None:
        while rows := clips.claim_due(SearchIndex.Kind.CLIP, 2):
            for entry in rows:
                clips.read(entry)

    race(work, range(3), threads=3)

    asked = sandbox.state()["clips_by_url"]
    assert len(asked) == 12
    assert set(asked.values()) == {1}


def test_a_provider_that_is_down_keeps_nothing_from_being_done_later(team, seeknetic, sandbox, clip):  # P19
    make_clips(team, 10, content=clip)
    set_fault(sandbox, "seeknetic", "down")
    for _ in range(8):
        indexing.index()
        hurry()
    calls = sandbox.state()["clip_calls"]
    seeknetic.refresh_from_db()
    was_down = seeknetic.failure_count

    sandbox.clear_faults()
    index_all()

    assert calls == 0
    assert was_down >= 3
    assert missing() == []


def test_one_whose_file_went_is_let_go(team, seeknetic, clip):
    completed(team, content=clip)
    spaces.ensure()
    filling.take_due()
    Asset.objects.update(deleted_at=timezone.now())

    indexing.index()

    assert not SearchEntry.objects.exists()


def test_one_hidden_while_it_is_read_gets_nothing(team, seeknetic, clip):
    entry = begun(team, clip, kind="tags")
    lifecycle.hide(entry.generation)

    index_all()

    assert not SearchEntry.objects.exists()
    assert not Tag.objects.exists()

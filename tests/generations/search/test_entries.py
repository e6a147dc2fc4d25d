"""What becomes of an entry: it is written once, by whoever holds it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generations import lifecycle
from generations.models import SearchEntry, SearchIndex, Tag
from generations.providers.base import AccountRefused, Busy, NotSent, Unclear
from generations.providers.embedding import MachineTag
from generations.search import entries, filling, spaces
from project.due import claim
from tests.api import completed
from tests.indexing import make_embedder
from tests.races import race

PAN = MachineTag("camera_movement", "pan")


@pytest.fixture
def claimed(team) -> SearchEntry:
    """Of a prompt, in an index of which no vector has told the dimensions yet."""
    make_embedder("scnet", model="any")
    spaces.ensure()
    return claim_of(team)


@pytest.fixture
def of_tags(team) -> SearchEntry:
    make_embedder("seeknetic")
    spaces.ensure()
    return claim_of(team, kind="tags")


def claim_of(team, kind: str = "prompt") -> SearchEntry:
    completed(team)
    filling.take_due()
    rows = SearchEntry.objects.filter(index__kind=kind, done_at=None).select_related("index", "generation")
    return claim(rows, 1)[0]


def now_of(entry: SearchEntry) -> SearchEntry:
    return SearchEntry.objects.get(id=entry.id)


def seconds_until(moment) -> float:
    return (moment - timezone.now()).total_seconds()


def test_the_vector_comes_with_the_end_of_the_work(claimed):
    entries.keep_vector(claimed, (0.5, 0.25, -1.0))

    entry = now_of(claimed)
    assert entry.vector == [0.5, 0.25, -1.0]
    assert (entry.next_at, entry.lease_until, entry.failure_code) == (None, None, "")
    assert entry.done_at is not None


def test_it_is_written_once(claimed):
    entries.keep_vector(claimed, (1.0, 0.0))
    entries.keep_vector(claimed, (0.0, 1.0))
    entries.fail(claimed, "CONTENT_POLICY")

    assert now_of(claimed).vector == [1.0, 0.0]


def test_of_many_at_once_one_writes_it(claimed):  # K2
    vectors = [(float(turn + 1), 0.0) for turn in range(6)]

    race(lambda vector: entries.keep_vector(claimed, vector), vectors, threads=6)

    entry = now_of(claimed)
    assert tuple(entry.vector) in vectors
    assert entry.done_at is not None


def test_whoever_has_lost_the_lease_writes_nothing(claimed):  # K3
    SearchEntry.objects.update(lease_until=timezone.now() + timedelta(seconds=60))

    entries.keep_vector(claimed, (1.0, 0.0))
    entries.later(claimed, seconds=600)
    entries.drop(claimed)

    entry = now_of(claimed)
    assert (entry.done_at, entry.vector) == (None, None)
    assert entry.next_at <= timezone.now()


def test_the_first_vector_tells_the_dimensions_and_one_of_others_fails_by_name(claimed, team):
    entries.keep_vector(claimed, (1.0, 0.0))
    other = claim_of(team)

    entries.keep_vector(other, (1.0, 0.0, 0.0))

    assert SearchIndex.objects.get().dims == 2
    assert (now_of(other).failure_code, now_of(other).vector) == ("DIMS_CHANGED", None)


def test_two_first_vectors_at_once_agree_on_the_dimensions(claimed, team):
    pairs = [(claimed, (1.0, 0.0)), (claim_of(team), (1.0, 0.0, 0.0))]

    race(lambda pair: entries.keep_vector(*pair), pairs, threads=2)

    kept = [each for each in SearchEntry.objects.all() if each.vector]
    assert [len(each.vector) for each in kept] == [SearchIndex.objects.get().dims]


def test_tries_that_fail_come_after_five_seconds_growing_to_ten_minutes(claimed):
    waits = []
    for _ in range(10):
        entries.try_again(claimed, is_down=False)
        waits.append(seconds_until(now_of(claimed).next_at))
        SearchEntry.objects.update(next_at=timezone.now())
        claimed = claim(SearchEntry.objects.all(), 1)[0]

    expected = [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert all(0.75 * wait <= got <= 1.25 * wait for got, wait in zip(waits, expected, strict=True)), waits
    assert len({round(wait, 3) for wait in waits[-3:]}) == 3


def test_a_try_at_a_provider_that_is_down_speaks_against_nothing(claimed):
    for _ in range(entries.MOST_TRIES + 1):
        entries.try_again(claimed, is_down=True)
        SearchEntry.objects.update(lease_until=claimed.lease_until)

    entry = now_of(claimed)
    assert (entry.attempt_count, entry.done_at) == (0, None)
    assert seconds_until(entry.next_at) < 10


def test_one_that_fails_while_others_do_not_is_given_up_after_most_of_a_day(claimed):
    SearchEntry.objects.update(attempt_count=entries.MOST_TRIES - 1)
    claimed.refresh_from_db()

    entries.try_again(claimed, is_down=False)

    assert now_of(claimed).failure_code == "PROVIDER_ERROR"


def test_an_index_that_is_to_take_over_waits_for_a_few_tries_alone(claimed):
    SearchIndex.objects.update(is_current=False)
    SearchEntry.objects.update(attempt_count=entries.FEW_TRIES - 2)
    claimed = SearchEntry.objects.get()
    entries.try_again(claimed, is_down=False)
    before = now_of(claimed).failure_code
    SearchEntry.objects.update(lease_until=claimed.lease_until)

    entries.try_again(SearchEntry.objects.get(), is_down=False)

    assert (before, now_of(claimed).failure_code) == ("", "PROVIDER_ERROR")


@pytest.mark.parametrize("error", [Busy(30), AccountRefused("401"), NotSent("x"), Unclear("x")], ids=repr)
def test_what_brought_nothing_is_due_again(claimed, error):
    entries.after(claimed, error, is_down=False)

    entry = now_of(claimed)
    assert (entry.done_at, entry.lease_until) == (None, None)
    assert entry.attempt_count == (0 if isinstance(error, Busy | AccountRefused) else 1)


def test_tags_are_kept_with_the_end_of_the_work(of_tags):
    entries.keep_tags(of_tags, [PAN])

    assert now_of(of_tags).done_at is not None
    assert list(Tag.objects.values_list("kind", "name")) == [("camera_movement", "pan")]


def test_no_tag_outlives_a_generation_that_is_hidden_while_it_is_read(of_tags, team):
    lifecycle.hide(of_tags.generation)

    race(lambda act: act(), [lambda: entries.keep_tags(of_tags, [PAN]), filling.take_due], threads=2)

    assert not Tag.objects.exists()
    assert not SearchEntry.objects.filter(generation=of_tags.generation).exists()

"""Which indexes there are, and how one takes another's place."""

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from generations import provider_accounts
from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.search import filling, indexing, spaces, tending
from generations.search.spaces import Progress
from project.due import claim
from tests.indexing import make_clips, make_embedder, set_options
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scnet() -> ProviderAccount:
    return make_embedder("scnet", model="old", dims="3")


def likes() -> list[tuple[str, str, int, bool]]:
    """Of those that are kept: kind, model, version, and whether it is the current one."""
    kept = SearchIndex.objects.filter(retired_at=None)
    return sorted(kept.values_list("kind", "model", "version", "is_current"))


def fill(index: SearchIndex) -> None:
    index.refresh_from_db()
    while not filling.fill_chunk(index):
        pass


def do_all(index: SearchIndex) -> None:
    """As if its provider had answered, and the database had built its index."""
    SearchEntry.objects.filter(index=index, done_at=None).update(
        vector=[1, 2, 3], team_code=[1], next_at=None, done_at=Now()
    )
    SearchIndex.objects.filter(id=index.pk).update(built_at=timezone.now())


def test_the_first_index_of_each_kind_is_current_at_once(scnet):
    make_embedder("seeknetic", model="seeing")

    spaces.ensure()

    assert likes() == [("clip", "seeing", 1, True), ("prompt", "old", 1, True), ("tags", "seeing", 1, True)]
    assert spaces.current("prompt").dims == 3
    assert spaces.current("tags").dims == 0


def test_there_is_none_where_nobody_would_fill_it():
    spaces.ensure()

    assert likes() == []
    assert spaces.current("clip") is None


def test_looking_again_changes_nothing(scnet):
    for _ in range(3):
        spaces.ensure()

    assert SearchIndex.objects.count() == 1


def test_several_processes_at_once_make_one(scnet):
    race(lambda _: spaces.ensure(), range(8), threads=8)
    spaces.ensure()

    assert likes() == [("prompt", "old", 1, True)]


def test_an_account_that_is_paused_or_gone_changes_nothing(scnet):
    spaces.ensure()

    provider_accounts.pause(scnet)
    spaces.ensure()
    scnet.delete()
    spaces.ensure()

    assert likes() == [("prompt", "old", 1, True)]


def test_the_account_that_comes_first_says_which(scnet):
    make_embedder("scnet", model="better", dims="3", priority=1)

    spaces.ensure()

    assert likes() == [("prompt", "better", 1, True)]


def test_a_pause_of_the_account_that_comes_first_has_nothing_made_anew(scnet):  # P13
    make_embedder("scnet", model="another", dims="3", priority=200)
    spaces.ensure()

    provider_accounts.pause(scnet)
    spaces.ensure()
    provider_accounts.resume(scnet)
    spaces.ensure()

    assert likes() == [("prompt", "old", 1, True)]
    assert SearchIndex.objects.count() == 1


def test_an_account_with_options_that_can_not_be_is_paused(scnet, mailoutbox, settings):
    settings.MANAGERS = [("op", "op@example.com")]
    set_options(scnet, version="newest")

    spaces.ensure()

    scnet.refresh_from_db()
    assert scnet.paused_reason == "UNUSABLE_OPTION"
    assert [mail.to for mail in mailoutbox] == [["op@example.com"]]
    assert likes() == []


@pytest.mark.parametrize(
    "options",
    [
        {"model": "new", "dims": "3"},
        {"model": "old", "dims": "3", "version": "2"},
        {"model": "old", "dims": "2"},
    ],
)
def test_another_model_or_version_is_filled_while_the_one_before_serves(scnet, options):
    spaces.ensure()
    set_options(scnet, **options)

    spaces.ensure()

    assert len(likes()) == 2
    current = spaces.current("prompt")
    assert (current.model, current.version, current.dims) == ("old", 1, 3)


def test_a_size_that_nobody_told_is_any_size(scnet):
    set_options(scnet, model="old")
    spaces.ensure()
    SearchIndex.objects.update(dims=7)

    spaces.ensure()
    set_options(scnet, model="old", dims="7")
    spaces.ensure()

    assert SearchIndex.objects.count() == 1


def test_the_new_one_takes_over_when_all_is_done_and_built_and_no_sooner(team, scnet):
    make_clips(team, 2)
    spaces.ensure()
    old = spaces.current("prompt")
    set_options(scnet, model="new", dims="3")
    spaces.ensure()
    new = SearchIndex.objects.get(model="new")

    too_soon = [spaces.take_over(new)]
    fill(new)
    too_soon.append(spaces.take_over(new))
    SearchEntry.objects.filter(index=new).update(vector=[1, 2, 3], team_code=[1], next_at=None, done_at=Now())
    too_soon.append(spaces.take_over(new))
    SearchIndex.objects.filter(id=new.pk).update(built_at=timezone.now())
    took_over = spaces.take_over(new)

    old.refresh_from_db()
    assert (too_soon, took_over) == ([False, False, False], True)
    assert spaces.current("prompt") == new
    assert old.retired_at is not None
    assert old.next_at is not None


def test_one_that_hardly_any_vector_could_be_made_for_replaces_nothing(team, scnet):
    make_clips(team, 3)
    spaces.ensure()
    set_options(scnet, model="refusing", dims="3")
    spaces.ensure()
    new = SearchIndex.objects.get(model="refusing")
    fill(new)
    refused = SearchEntry.objects.filter(index=new).order_by("id")[:2].values("id")
    SearchEntry.objects.filter(id__in=refused).update(failure_code="CONTENT_POLICY", next_at=None, done_at=Now())
    do_all(new)

    assert spaces.take_over(new) is False
    assert spaces.current("prompt").model == "old"
    tending.tend(claim(SearchIndex.objects.filter(id=new.pk), 1)[0])
    new.refresh_from_db()
    assert new.next_at > timezone.now() + timezone.timedelta(minutes=4)


def test_what_has_come_since_it_was_filled_keeps_nobody_waiting(team, scnet):
    spaces.ensure()
    set_options(scnet, model="new", dims="3")
    spaces.ensure()
    new = SearchIndex.objects.get(model="new")
    fill(new)
    do_all(new)
    make_clips(team, 1)
    filling.take_due()

    assert SearchEntry.objects.filter(index=new, done_at=None).count() == 1
    assert spaces.take_over(new) is True


def test_going_back_makes_a_new_one_and_no_retired_one_comes_to_life(scnet):
    spaces.ensure()
    for model in ("new", "old"):
        set_options(scnet, model=model, dims="3")
        spaces.ensure()
        index = SearchIndex.objects.get(model=model, is_current=False, retired_at=None)
        fill(index)
        do_all(index)
        assert spaces.take_over(index)

    assert likes() == [("prompt", "old", 1, True)]
    assert SearchIndex.objects.filter(model="old").count() == 2


def test_whoever_changes_their_mind_before_it_is_filled_keeps_the_current_one(scnet):
    spaces.ensure()
    set_options(scnet, model="new", dims="3")
    spaces.ensure()
    set_options(scnet, model="old", dims="3")
    spaces.ensure()

    assert likes() == [("prompt", "old", 1, True)]
    assert SearchIndex.objects.get(model="new").retired_at is not None


def test_two_that_take_over_at_once_leave_one_current(scnet):
    spaces.ensure()
    set_options(scnet, model="new", dims="3")
    spaces.ensure()
    new = SearchIndex.objects.get(model="new")
    fill(new)
    do_all(new)

    took_over = race(lambda _: spaces.take_over(new), range(6), threads=6)

    assert sorted(took_over) == [False] * 5 + [True]
    assert likes() == [("prompt", "new", 1, True)]


def test_progress_counts_what_is_to_come_too(team, scnet, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    make_clips(team, 5)
    spaces.ensure()
    index = spaces.current("prompt")
    before = spaces.progress(index)

    filling.fill_chunk(index)
    first, second = SearchEntry.objects.filter(index=index)
    SearchEntry.objects.filter(id=first.pk).update(vector=[1, 2, 3], team_code=[1], next_at=None, done_at=Now())
    SearchEntry.objects.filter(id=second.pk).update(failure_code="CONTENT_POLICY", next_at=None, done_at=Now())

    assert before == Progress(done=0, failed=0, total=5)
    assert spaces.progress(index) == Progress(done=1, failed=1, total=5)


def test_a_retired_one_is_emptied_and_its_row_stays(team, scnet):
    make_clips(team, 3)
    indexing.index()
    old = spaces.current("prompt")
    assert SearchEntry.objects.filter(index=old).count() == 3

    spaces.retire(old)
    scnet.delete()
    indexing.index()
    SearchIndex.objects.update(retired_at=timezone.now() - timezone.timedelta(minutes=5), next_at=Now())
    indexing.index()

    old.refresh_from_db()
    assert not SearchEntry.objects.exists()
    assert old.next_at is None
    assert likes() == []

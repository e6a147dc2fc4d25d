"""The whole of it: clips are indexed once for each space, through kills, outages and a change of model."""

import random
import threading

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from generations import links, provider_accounts
from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.search import clips, database_index, filling, indexing, jobs, prompts, query, spaces
from tests.api import completed
from tests.indexing import (
    hurry,
    index_all,
    is_indexed,
    make_clips,
    make_embedder,
    missing,
    set_fault,
    set_options,
)
from tests.races import meanwhile
from tests.sandbox_process import wait_until


@pytest.fixture
def accounts(team, sandbox, reachable) -> dict[str, ProviderAccount]:
    return {name: make_embedder(name, at=sandbox.url) for name in ("seeknetic", "scnet")}


def has_database_index(index: SearchIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [database_index.name(index)])
        return cursor.fetchone() == (True,)


def test_the_job_indexes_all_there_is_to_index(team, accounts, clip):
    make_clips(team, 4, content=clip)

    def indexed() -> bool:
        jobs.index()
        hurry()
        return is_indexed()

    wait_until(indexed, seconds=60)

    assert missing() == []
    kept = list(SearchIndex.objects.all())
    assert [each.kind for each in kept if each.built_at] == ["clip", "prompt"]
    assert all(has_database_index(each) for each in kept if each.built_at)
    assert {each.next_at for each in kept} == {None}


def test_while_there_is_nothing_to_index_nobody_is_asked(team, accounts, sandbox):
    for _ in range(3):
        indexing.index()
        hurry()

    state = sandbox.state()
    assert state["text_calls"] + state["clip_calls"] == 0
    assert {each.is_current for each in SearchIndex.objects.all()} == {True}


def test_a_change_of_model_is_made_in_the_background_while_the_one_before_serves(team, accounts, sandbox):  # P19
    accounts["seeknetic"].delete()
    make_clips(team, 6)
    index_all()
    old = spaces.current("prompt")
    set_options(accounts["scnet"], model="Qwen3-Embedding-0.6B")
    spaces.ensure()
    found = query.find(query.Search(q="Clip number"), team_id=team.id, user_id=None, offset=0, limit=24)
    set_fault(sandbox, "scnet", "500")
    for _ in range(3):
        indexing.index()
    meanwhile_current = spaces.current("prompt")
    searched = SearchEntry.objects.filter(index=meanwhile_current, vector__isnull=False).count()
    sandbox.clear_faults()
    index_all()

    new = spaces.current("prompt")
    assert (meanwhile_current, searched) == (old, 6)
    assert (found.notice, found.is_by_meaning) == ("", True)
    assert (new.model, new.dims) == ("Qwen3-Embedding-0.6B", 1024)
    assert missing() == []
    assert has_database_index(new)
    assert not has_database_index(old)
    assert not SearchEntry.objects.filter(index=old).exists()


def test_going_back_to_the_model_before_makes_all_of_it_anew(team, accounts):
    accounts["seeknetic"].delete()
    make_clips(team, 3)
    index_all()
    first = spaces.current("prompt")
    for model in ("Qwen3-Embedding-0.6B", "Qwen3-Embedding-8B"):
        set_options(accounts["scnet"], model=model)
        spaces.ensure()
        index_all()

    now = spaces.current("prompt")
    assert now.model == first.model
    assert now.pk != first.pk
    assert missing() == []


def test_tags_and_vectors_of_a_new_version_are_read_again(team, accounts, clip, sandbox):
    make_clips(team, 3, content=clip)
    index_all()

    provider_accounts.raise_version("seeknetic")
    spaces.ensure()
    index_all()

    assert missing() == []
    assert sorted(SearchIndex.objects.filter(retired_at=None).values_list("kind", "version")) == [
        ("clip", 2),
        ("prompt", 1),
        ("tags", 2),
    ]
    assert set(sandbox.state()["clips_by_url"].values()) == {2}


def test_what_completes_while_a_new_index_is_filled_is_in_it(team, accounts):
    accounts["seeknetic"].delete()
    make_clips(team, 10)
    index_all()
    set_options(accounts["scnet"], model="Qwen3-Embedding-0.6B")
    spaces.ensure()

    for number in range(5):
        completed(team, prompt=f"Later {number}")
        indexing.index()
    index_all()

    assert missing() == []


def test_a_build_that_is_killed_is_made_again(team, accounts, monkeypatch):  # K3
    accounts["seeknetic"].delete()
    make_clips(team, 2)
    build = database_index.build

    def die(index: SearchIndex) -> bool:
        raise SystemExit

    monkeypatch.setattr(database_index, "build", die)
    spaces.ensure()
    filling.take_due()
    prompts.crew.run()
    with pytest.raises(SystemExit):
        indexing.tending.tend(indexing.tending.claim_due(1)[0])
    leased = SearchIndex.objects.get()
    monkeypatch.setattr(database_index, "build", build)
    SearchIndex.objects.update(lease_until=Now())
    index_all()

    assert (leased.built_at, leased.lease_until is None) == (None, False)
    assert has_database_index(SearchIndex.objects.get())


def test_a_current_index_with_many_vectors_is_built_before_all_is_done(team, accounts, monkeypatch):
    monkeypatch.setattr(indexing.tending, "BUILT_FROM", 3)
    accounts["seeknetic"].delete()
    make_clips(team, 4)
    indexing.index()
    SearchEntry.objects.filter(pk=SearchEntry.objects.first().pk).update(
        done_at=None, vector=None, team_code=None, signs=None, next_at=timezone.now() + timezone.timedelta(hours=1)
    )
    SearchIndex.objects.update(next_at=Now(), built_at=None)

    indexing.index()

    assert SearchIndex.objects.get().built_at is not None


def test_deaths_an_outage_and_a_new_model_leave_each_clip_indexed_once(team, accounts, sandbox, clip):  # F1 P19
    """A small one of the long run in tests/faults: whoever claims one of five dies with it."""
    chance = random.Random(7)
    make_clips(team, 12, content=clip)
    is_over = threading.Event()

    def claim_and_die() -> None:
        while not is_over.is_set():
            for kind in (SearchIndex.Kind.CLIP, SearchIndex.Kind.TAGS):
                clips.claim_due(kind, chance.randrange(2))
            prompts.claim_due(chance.randrange(2))
            SearchEntry.objects.filter(lease_until__gt=Now()).update(lease_until=Now())
            is_over.wait(0.1)

    with meanwhile(claim_and_die):
        for turn in range(12):
            if turn == 3:
                set_fault(sandbox, "seeknetic", "down")
                set_options(accounts["scnet"], model="Qwen3-Embedding-0.6B")
            if turn == 8:
                sandbox.clear_faults()
            indexing.index()
            hurry()
        is_over.set()
    SearchEntry.objects.exclude(lease_until=None).update(lease_until=Now())
    index_all()

    assert missing() == []
    assert spaces.current("prompt").model == "Qwen3-Embedding-0.6B"


@pytest.mark.parametrize("step", [(spaces, "ensure"), (filling, "take_due"), (clips, "claim_due")])
def test_what_fails_of_a_run_keeps_the_rest_of_it_going(team, accounts, monkeypatch, step):
    make_clips(team, 2)
    spaces.ensure()
    filling.take_due()

    def fail(*_arguments: object) -> None:
        raise RuntimeError("of the test")

    monkeypatch.setattr(*step, fail)
    for crew in clips.crews if step[0] is clips else ():
        monkeypatch.setattr(crew, "_claim", fail)
    indexing.index()

    assert SearchEntry.objects.filter(index__kind="prompt", vector__isnull=False).count() == 2


def test_the_provider_is_told_a_signed_link_to_our_copy(team, accounts, sandbox, clip):
    made = completed(team, content=clip)

    index_all()

    link = links.url_for_provider(made.assets.get(kind="output"))
    assert sandbox.state()["clips_by_url"] == {f"embedding {link}": 1, f"tagging {link}": 1}

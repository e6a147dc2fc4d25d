"""Vectors of prompts, by calls over HTTP."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from generations import lifecycle
from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.search import filling, indexing, prompts, spaces
from tests.api import completed
from tests.indexing import (
    PATHS,
    hurry,
    index_all,
    make_clips,
    make_embedder,
    missing,
    set_fault,
    set_options,
)
from tests.races import meanwhile, race
from tests.receiver import Receiver, answer, hang
from tests.sandbox_process import wait_until


@pytest.fixture
def scnet(team, sandbox) -> ProviderAccount:
    return make_embedder("scnet", at=sandbox.url)


def texts_of(receiver: Receiver) -> list[list[str]]:
    return [json.loads(each.body)["input"] for each in receiver.requests]


def answered(*vectors: list[float]):
    """OpenAI's envelope around them."""
    data = [{"index": place, "object": "embedding", "embedding": each} for place, each in enumerate(vectors)]
    return answer(200, json.dumps({"object": "list", "data": data, "model": "m"}).encode())


def test_each_prompt_gets_a_vector_five_in_a_call(team, scnet, sandbox):
    make_clips(team, 12)

    index_all()

    state = sandbox.state()
    index = spaces.current("prompt")
    assert (index.provider, index.model, index.dims) == ("scnet", "Qwen3-Embedding-8B", 4096)
    assert missing() == []
    assert set(state["texts_by_text"].values()) == {1}
    assert state["text_calls"] == 3


def test_two_workers_at_once_ask_for_each_prompt_once(team, scnet, sandbox):  # K2
    make_clips(team, 30)
    indexing.spaces.ensure()
    filling.take_due()

    def work(_turn: int) -> None:
        while claimed := prompts.claim_due(2):
            for entry in claimed:
                prompts.embed(entry)

    race(work, range(3), threads=3)

    assert SearchEntry.objects.filter(vector__isnull=False).count() == 30
    assert set(sandbox.state()["texts_by_text"].values()) == {1}


def test_what_a_dead_worker_had_claimed_is_done_by_another(team, scnet):  # K3
    make_clips(team, 3)
    spaces.ensure()
    filling.take_due()
    prompts.claim_due(8)
    SearchEntry.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
    indexing.index()
    before = SearchEntry.objects.filter(vector__isnull=False).count()
    SearchEntry.objects.update(lease_until=timezone.now())

    index_all()

    assert before == 0
    assert missing() == []


def test_a_text_that_is_refused_fails_alone(team, scnet, sandbox):
    make_clips(team, 4)
    bad = completed(team, prompt="Something refused")
    set_fault(sandbox, "scnet", "reject", match="refused")

    index_all()

    failed = SearchEntry.objects.exclude(failure_code="")
    assert [each.generation_id for each in failed] == [bad.id]
    assert SearchEntry.objects.filter(vector__isnull=False).count() == 4


def test_a_text_that_nobody_can_make_sense_of_takes_no_other_down_with_it(team, scnet, sandbox):
    make_clips(team, 4)
    completed(team, prompt="Something odd")
    set_fault(sandbox, "scnet", "500", match="odd")

    def others_are_done() -> bool:
        indexing.index()
        hurry()
        return SearchEntry.objects.filter(vector__isnull=False).count() == 4

    wait_until(others_are_done, seconds=30)
    sandbox.clear_faults()
    index_all()

    assert missing() == []


def test_calls_are_within_the_account_s_reads(team, scnet, sandbox):  # P18
    ProviderAccount.objects.update(reads_a_minute=60)
    make_clips(team, 60)

    began_at = time.monotonic()
    for _ in range(4):
        indexing.index()

    # Two seconds' may run ahead of their time, the rest is left to searches, and each second brings one more.
    assert 2 <= sandbox.state()["text_calls"] <= 4 + time.monotonic() - began_at


def test_another_account_of_the_same_model_takes_over_from_one_that_is_paused(team, scnet, sandbox):
    make_embedder("scnet", at=sandbox.url, priority=200)
    make_clips(team, 3)
    ProviderAccount.objects.filter(id=scnet.id).update(paused_at=timezone.now())

    index_all()

    assert missing() == []
    assert SearchIndex.objects.count() == 1


def test_one_of_another_version_is_not_asked_for_it(team, scnet, sandbox):
    spaces.ensure()
    set_options(scnet, version="2")
    make_clips(team, 2)
    filling.take_due()

    assert prompts.claim_due(8) == []
    assert sandbox.state()["text_calls"] == 0


def test_what_completes_while_another_model_is_filled_is_found_by_the_one_before_too(team, scnet, sandbox):  # P19
    spaces.ensure()
    old = spaces.current("prompt")
    set_options(scnet, model="Qwen3-Embedding-0.6B")
    make_clips(team, 2)
    filling.take_due()

    while claimed := prompts.claim_due(8):
        for entry in claimed:
            prompts.embed(entry)

    assert SearchEntry.objects.filter(index=old, vector__isnull=False).count() == 2


def test_a_provider_that_hangs_stops_nobody_else(team, sandbox, reachable, clip):  # P12
    make_embedder("seeknetic", at=sandbox.url)
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.otherwise = hang(stop)
        account = make_embedder("scnet", model="slow")
        ProviderAccount.objects.filter(id=account.id).update(base_url=receiver.url(PATHS["scnet"]))
        make_clips(team, 4, content=clip)

        def clips_are_done() -> bool:
            indexing.CREWS[2].run()
            indexing.CREWS[3].run()
            hurry()
            return SearchEntry.objects.filter(done_at=None).exclude(index__kind="prompt").count() == 0

        spaces.ensure()
        filling.take_due()
        with meanwhile(indexing.CREWS[-1].run):
            wait_until(lambda: receiver.requests)
            wait_until(clips_are_done, seconds=30)
            in_hand = SearchEntry.objects.filter(done_at=None, index__kind="prompt", lease_until__gt=Now()).count()
            stop.set()
            receiver.otherwise = answer(400, b'{"error": {"message": "no"}}')

    assert in_hand > 0


def test_vectors_of_another_size_say_that_the_version_is_to_be_raised(team):
    with Receiver() as receiver:
        account = make_embedder("scnet", model="any")
        ProviderAccount.objects.filter(id=account.id).update(base_url=receiver.url(PATHS["scnet"]))
        receiver.otherwise = answered([1.0, 0.5])
        first = completed(team)
        indexing.index()
        receiver.otherwise = answered([1.0, 0.5, 0.25])
        second = completed(team)
        indexing.index()

    assert SearchEntry.objects.get(generation=first).vector == pytest.approx([0.8944, 0.4472], abs=1e-3)
    assert SearchEntry.objects.get(generation=second).failure_code == "DIMS_CHANGED"
    assert SearchIndex.objects.get().dims == 2


def test_one_hidden_while_it_waits_is_never_sent(team, scnet, sandbox):
    hidden, shown = make_clips(team, 2)
    spaces.ensure()
    filling.take_due()
    lifecycle.hide(hidden)

    index_all()

    assert list(sandbox.state()["texts_by_text"]) == [shown.prompt]
    assert not SearchEntry.objects.filter(generation=hidden).exists()

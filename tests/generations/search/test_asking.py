"""The vector of what somebody looks for: at once or not at all."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from generations.models import ProviderAccount, SearchIndex
from generations.search import asking, serving, spaces
from generations.submitting import budget
from project.caches import PROCESS
from tests.factories import make_team
from tests.indexing import PATHS, make_embedder, set_fault, set_options
from tests.races import race
from tests.receiver import Receiver, answer, hang


@pytest.fixture
def scnet(team, sandbox) -> ProviderAccount:
    return make_embedder("scnet", at=sandbox.url)


@pytest.fixture
def index(scnet) -> SearchIndex:
    spaces.ensure()
    return spaces.current("prompt")


def calls(sandbox) -> int:
    return sandbox.state()["text_calls"]


def test_a_text_is_asked_about_once_a_day(index, sandbox):
    first = asking.embed_query(index, "A lighthouse")
    again = asking.embed_query(index, "  a  LIGHTHOUSE ")

    assert len(first) == 4096
    assert again == pytest.approx(first, abs=1e-6)
    assert calls(sandbox) == 1


def test_another_text_and_another_index_have_vectors_of_their_own(index, sandbox):
    make_embedder("seeknetic", at=sandbox.url)
    spaces.ensure()

    first = asking.embed_query(index, "一座灯塔")
    other = asking.embed_query(index, "一座城市")
    of_clips = asking.embed_query(spaces.current("clip"), "一座灯塔")

    assert first != other
    assert (len(first), len(of_clips)) == (4096, 512)


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_nothing_is_no_question(index, sandbox, text):
    assert asking.embed_query(index, text) is None
    assert calls(sandbox) == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"paused_at": timezone.now()},
        {"busy_until": timezone.now() + timedelta(hours=1)},
        {"failure_count": 3},
        {"reads_free_at": timezone.now() + timedelta(hours=1)},
        {"options": {"version": "2"}},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_where_nobody_can_be_asked_the_answer_is_there_at_once(index, sandbox, columns):
    ProviderAccount.objects.update(**columns)

    began_at = time.monotonic()
    vector = asking.embed_query(index, "A lighthouse")

    assert vector is None
    assert time.monotonic() - began_at < 0.5
    assert calls(sandbox) == 0


def test_what_is_known_needs_nobody(index, sandbox):
    known = asking.embed_query(index, "A lighthouse")
    ProviderAccount.objects.update(paused_at=timezone.now())

    assert asking.embed_query(index, "A lighthouse") == pytest.approx(known, abs=1e-6)


def test_whoever_hangs_is_waited_for_once(index, scnet):  # P12
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.otherwise = hang(stop)
        ProviderAccount.objects.update(base_url=receiver.url(PATHS["scnet"]))
        began_at = time.monotonic()
        first = asking.embed_query(index, "A lighthouse", seconds=0.5)
        waited = time.monotonic() - began_at
        second = asking.embed_query(index, "A lighthouse at night", seconds=0.5)
        waited_again = time.monotonic() - began_at - waited
        stop.set()
        asked = len(receiver.requests)

    assert (first, second, asked) == (None, None, 1)
    assert 0.4 < waited < 1.5
    assert waited_again < 0.3
    scnet.refresh_from_db()
    assert (scnet.failure_count, scnet.busy_until) == (0, None)


def test_while_the_first_rests_another_account_is_asked(index, scnet, sandbox):
    caches[PROCESS].set(f"rest:{scnet.pk}", True, 60)
    make_embedder("scnet", at=sandbox.url, priority=200)

    assert len(asking.embed_query(index, "A lighthouse")) == 4096


@pytest.mark.parametrize("options", [{"model": "Qwen3-Embedding-0.6B"}, {"dims": "1024"}])
def test_while_another_model_is_filled_the_one_before_is_asked_by_its_name(index, scnet, sandbox, options):  # P19
    known = asking.embed_query(index, "A lighthouse")
    caches[PROCESS].clear()
    set_options(scnet, **options)
    spaces.ensure()

    assert spaces.current("prompt") == index
    assert asking.embed_query(index, "A lighthouse") == pytest.approx(known, abs=1e-6)


def test_one_whose_size_nobody_told_is_asked_without_a_size(scnet):
    with Receiver() as receiver:
        receiver.otherwise = answer(200, b'{"data": [{"index": 0, "embedding": [1.0, 0.5]}]}')
        ProviderAccount.objects.update(base_url=receiver.url(PATHS["scnet"]), options={"model": "own"})
        spaces.ensure()
        SearchIndex.objects.update(dims=2)
        set_options(scnet, model="Qwen3-Embedding-0.6B", dims="1024")

        vector = asking.embed_query(spaces.current("prompt"), "A lighthouse")
        asked = json.loads(receiver.requests[0].body)

    assert len(vector) == 2
    assert (asked["model"], asked.get("dimensions")) == ("own", None)


def test_an_account_that_will_not_have_the_model_before_is_left_alone_and_not_paused(index, scnet):
    with Receiver() as receiver:
        receiver.otherwise = answer(404, b'{"error": {"message": "no such model"}}')
        ProviderAccount.objects.update(base_url=receiver.url(PATHS["scnet"]), options={"model": "new"})
        vectors = [asking.embed_query(index, text) for text in ("A lighthouse", "A boat")]
        asked = len(receiver.requests)

    scnet.refresh_from_db()
    assert (vectors, asked, scnet.paused_at) == ([None, None], 1, None)


def test_an_account_of_the_same_model_that_is_paused_has_nobody_else_asked_for_it(index, scnet, sandbox):
    make_embedder("scnet", at=sandbox.url, model="another")
    ProviderAccount.objects.filter(id=scnet.id).update(paused_at=timezone.now())

    assert asking.embed_query(index, "A lighthouse") is None
    assert calls(sandbox) == 0


def test_a_text_that_is_refused_lets_others_be_asked_about(index, sandbox):
    set_fault(sandbox, "scnet", "reject", match="refused")

    refused = asking.embed_query(index, "Something refused")

    assert refused is None
    assert len(asking.embed_query(index, "A lighthouse")) == 4096


def test_a_team_has_so_many_new_texts_asked_about_in_a_minute(index, team, sandbox, monkeypatch):
    monkeypatch.setattr(asking, "MOST_A_MINUTE", 3)
    monkeypatch.setattr(time, "time", lambda: 1_900_000_000)  # all of it within one minute
    other = make_team()

    answers = [asking.ask_all([index], f"Text {number}", team_id=team.id) for number in range(5)]

    assert [bool(each.vectors) for each in answers] == [True, True, True, False, False]
    assert [each.is_too_fast for each in answers] == [False, False, False, True, True]
    assert asking.ask_all([index], "Text 0", team_id=team.id).vectors
    assert asking.ask_all([index], "Text 4", team_id=other.id).vectors
    assert calls(sandbox) == 4


def test_a_text_counts_once_however_many_indexes_there_are(index, team, sandbox, monkeypatch):
    monkeypatch.setattr(asking, "MOST_A_MINUTE", 1)
    make_embedder("seeknetic", at=sandbox.url)
    spaces.ensure()

    answers = asking.ask_all([index, spaces.current("clip")], "A lighthouse", team_id=team.id)

    assert (len(answers.vectors), answers.is_too_fast) == (2, False)


@pytest.mark.parametrize(("typed", "is_asked"), [("a", False), ("７", False), ("?", False), ("塔", True), ("ab", True)])
def test_a_single_letter_is_asked_about_nowhere(index, team, sandbox, typed, is_asked):
    """Somebody is only beginning to type; a single Chinese character may be a word."""
    answers = asking.ask_all([index], typed, team_id=team.id)

    assert bool(answers.vectors) is is_asked
    assert calls(sandbox) == int(is_asked)
    assert not answers.unanswered


def test_whoever_asks_holds_no_connection_while_all_indexes_are_asked(index, team, sandbox):  # P12
    make_embedder("seeknetic", at=sandbox.url)
    spaces.ensure()
    of_clips = spaces.current("clip")
    assert connection.connection is not None
    answers = asking.ask_all([index, of_clips], "A lighthouse", team_id=team.id)

    assert connection.connection is None
    assert [(each, len(vector)) for each, vector in answers.vectors] == [(index, 4096), (of_clips, 512)]


def test_what_is_indexed_leaves_reads_to_searches(index, scnet):  # P18
    ProviderAccount.objects.update(reads_a_minute=60)
    scnet.refresh_from_db()
    while budget.take(scnet, ahead=serving.WORK_AHEAD):
        pass

    vectors = [asking.embed_query(index, f"Text {number}") for number in range(2)]

    assert all(vectors)


def test_an_account_that_is_refused_is_paused(index, scnet, sandbox):  # P13
    sandbox.set_key("sandbox", "refused")

    assert asking.embed_query(index, "A lighthouse") is None

    scnet.refresh_from_db()
    assert scnet.paused_reason == "INVALID_API_KEY"


@pytest.mark.parametrize("fault", ["500", "502", "reject", "garbage", "truncated", "429=30"])
def test_no_trouble_of_the_provider_s_is_ever_raised(index, sandbox, fault):  # P7
    set_fault(sandbox, "scnet", fault)

    assert asking.embed_query(index, "A lighthouse") is None


def test_a_vector_of_another_size_is_none(index):
    SearchIndex.objects.update(dims=7)
    index.refresh_from_db()

    assert asking.embed_query(index, "A lighthouse") is None


def test_many_threads_at_once_each_get_their_answer(index, sandbox):
    texts = [f"Lighthouse {number % 4}" for number in range(16)]

    vectors = race(lambda text: asking.embed_query(index, text, seconds=10), texts, threads=8)

    assert all(vectors)
    assert len({tuple(round(each, 4) for each in vector) for vector in vectors}) == 4


def test_an_answer_that_breaks_the_contract_is_logged_without_its_words(index, caplog):
    with Receiver() as receiver:
        receiver.otherwise = answer(200, b'{"data": "secret words"}')
        ProviderAccount.objects.update(base_url=receiver.url(PATHS["scnet"]))

        assert asking.embed_query(index, "A lighthouse") is None

    assert "secret" not in caplog.text
    assert "lighthouse" not in caplog.text

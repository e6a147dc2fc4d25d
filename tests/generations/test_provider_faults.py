"""A provider's bad days, row by row, against the sandbox over HTTP: nothing is made twice, and no credit is lost.

P4, P9, P10 and P13 are beside the jobs they are about: git grep -w P4 tests.
"""

import logging
import random
import time
from datetime import timedelta

import httpx
import psutil
import pytest
from django.utils import timezone

from generations import catalog
from generations.models import Asset, Generation, ProviderAccount, State, Submission
from generations.providers.http import Exchange
from generations.submitting import poll, submit, sweep
from sandbox.faults import CUTS
from sandbox.oddities import ODDITIES
from tests.api import asked
from tests.factories import make_account, make_team
from tests.generations.submitting.conftest import account, reachable, team
from tests.pipeline import figures, finish, hurry, media_folder, sandbox, sandbox_process, work
from tests.project.outbound.calling import VECTORS
from tests.receiver import Receiver

__all__ = ["account", "media_folder", "reachable", "sandbox", "sandbox_process", "team"]

NOT_PACKED = sorted(set(ODDITIES) - {"packed"})
# Of a proxy before the provider; 520 to 524 are one vendor's own.
GATEWAY_STATUSES = (500, 502, 503, 504, 520, 521, 522, 523, 524)
WORDS = ("unknown", "Completed", "succeeded", "완료", "almost", "NaN", "<b>done</b>", "x" * 300)
SENTINEL = "sk-video-SENTINEL0123456789"


def state_of(generation: Generation) -> str:
    generation.refresh_from_db()
    return generation.state


def seen(sandbox) -> tuple[int, int]:
    """How often it was asked to make something, and how often it did."""
    state = sandbox.state()
    return state["creates"], state["accepted"]


def set_patience(monkeypatch, **seconds: float) -> None:
    """`read_seconds` and `total_seconds` of every exchange."""
    for name, value in seconds.items():
        monkeypatch.setitem(Exchange.call.__kwdefaults__, name, value)


@pytest.mark.parametrize("wrong", ["refused", "unknown name", "no TLS"])
def test_what_surely_was_not_sent_is_sent_again_and_made_once(team, account, sandbox, wrong):  # P1
    addresses = {
        "refused": "http://127.0.0.1:9/api/v1",
        "unknown name": "http://nowhere.invalid/api/v1",
        "no TLS": sandbox.api_url.replace("http:", "https:"),
    }
    ProviderAccount.objects.update(base_url=addresses[wrong])
    generation = asked(team)

    waits = []
    for _ in range(2):
        submit.crew.run()
        assert state_of(generation) == "queued"
        waits.append((generation.next_at - timezone.now()).total_seconds())
        hurry()
    ProviderAccount.objects.update(base_url=sandbox.api_url)
    finish(generation)

    assert waits == pytest.approx([1, 4], rel=0.25, abs=0.5)
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))
    assert Submission.objects.filter(outcome="not_sent").count() == 2
    assert figures(team) == (985, 0, 15)


def test_a_provider_that_never_answers_is_not_asked_a_second_time(team, account, sandbox, monkeypatch):  # P2
    set_patience(monkeypatch, read_seconds=0.5)
    sandbox.set_fault("hang")
    generation = asked(team)

    submit.crew.run()
    after_the_post, held = state_of(generation), figures(team)
    finish(generation)

    assert (after_the_post, held) == ("unconfirmed", (985, 15, 0))
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.parametrize("fault", ["reset", *(f"cut={place}" for place in CUTS)])
def test_wherever_the_answer_breaks_off_what_was_made_is_found(team, account, sandbox, fault):  # P3
    sandbox.set_fault(fault)
    generation = asked(team)

    submit.crew.run()
    after_the_post = state_of(generation)
    finish(generation)

    assert (after_the_post, generation.state) == ("unconfirmed", "completed")
    assert seen(sandbox) == (1, 1)
    assert figures(team) == (985, 0, 15)


@pytest.mark.parametrize("fault", ["reset", "cut=body"])
def test_where_the_provider_has_no_list_the_credits_come_back_at_the_deadline(team, sandbox, fault):  # P3
    make_account(base_url=sandbox.url, provider="see2ai")
    sandbox.set_fault(fault)
    generation = asked(team)
    submit.crew.run()
    before, held = state_of(generation), figures(team)

    Generation.objects.update(deadline_at=timezone.now())
    sweep.sweep()
    for _ in range(3):
        hurry()
        work()

    assert (before, held) == ("unconfirmed", (985, 15, 0))
    assert (state_of(generation), generation.failure_code) == ("failed", "TIMEOUT")
    assert (seen(sandbox), figures(team)) == ((1, 1), (1000, 0, 0))


@pytest.mark.parametrize(("told", "seconds"), [("0", 1), ("7", 7), ("300", 300), ("9999", 300)])
def test_later_is_obeyed_by_all_for_as_long_as_is_reasonable(team, account, sandbox, told, seconds):  # P5
    sandbox.set_fault(f"429={told}")
    generations = [asked(team) for _ in range(20)]

    submit.crew.run()
    first = sandbox.state()["creates"]
    waits = (ProviderAccount.objects.get().busy_until - timezone.now()).total_seconds()
    ProviderAccount.objects.update(busy_until=timezone.now() + timedelta(minutes=1))
    hurry()
    submit.crew.run()
    while_busy = sandbox.state()["creates"] - first
    ProviderAccount.objects.update(busy_until=timezone.now())
    hurry()
    submit.crew.run()
    probes = sandbox.state()["creates"] - first - while_busy

    assert waits == pytest.approx(seconds, abs=3)
    assert first <= submit.PER_ACCOUNT
    assert (while_busy, probes) == (0, 1)
    assert {state_of(generation) for generation in generations} == {"queued"}
    assert seen(sandbox)[1] == 0


@pytest.mark.parametrize(("fault", "state"), [("500", "failed"), ("502", "failed"), ("503", "queued")])
def test_what_the_provider_says_itself_of_a_failure_is_its_word(team, account, sandbox, fault, state):  # P6
    sandbox.set_fault(fault)
    generation = asked(team)

    submit.crew.run()

    assert state_of(generation) == state
    assert seen(sandbox) == (1, 0)
    assert figures(team) == ((1000, 0, 0) if state == "failed" else (985, 15, 0))


@pytest.mark.parametrize("status", GATEWAY_STATUSES)
def test_what_a_proxy_says_of_a_failure_is_nobody_s_word(team, account, sandbox, status):  # P6
    sandbox.set_fault(f"gateway={status}")
    generation = asked(team)

    submit.crew.run()
    after_the_post, held = state_of(generation), figures(team)
    finish(generation)

    assert (after_the_post, held) == ("unconfirmed", (985, 15, 0))
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.parametrize("odd", NOT_PACKED)
def test_an_answer_that_makes_no_sense_leaves_it_open_and_what_was_made_is_found(team, account, sandbox, odd):  # P7
    sandbox.set_fault(f"odd={odd}")
    generation = asked(team)
    before = psutil.Process().memory_info().rss

    submit.crew.run()
    grown = psutil.Process().memory_info().rss - before
    after_the_post = state_of(generation)
    finish(generation)

    assert after_the_post == "unconfirmed"
    assert grown < 20_000_000
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.parametrize("odd", NOT_PACKED)
def test_a_poll_that_makes_no_sense_is_no_end(team, account, sandbox, odd):  # P7
    sandbox.set_fault(f"odd_poll={odd}")
    generation = asked(team)
    submit.crew.run()
    before = psutil.Process().memory_info().rss

    hurry()
    poll.crew.run()
    grown = psutil.Process().memory_info().rss - before
    after_an_odd_one = state_of(generation)
    finish(generation)

    assert after_an_odd_one == "running"
    assert grown < 20_000_000
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_nobody_knows_is_no_end(team, account, sandbox, word):  # P8
    sandbox.set_fault(f"status_word={word},slow=60")
    generation = asked(team)
    submit.crew.run()

    for _ in range(3):
        hurry()
        poll.crew.run()

    submission = Submission.objects.get()
    assert (state_of(generation), submission.ended_at) == ("running", None)
    assert submission.unknown_word
    assert figures(team) == (985, 15, 0)


def test_an_answer_that_only_drips_is_left_in_time(team, account, sandbox, monkeypatch):  # P12
    set_patience(monkeypatch, total_seconds=2)
    sandbox.set_fault("drip=0.3")
    generation = asked(team)
    started = time.monotonic()

    submit.crew.run()
    took, after_the_post = time.monotonic() - started, state_of(generation)
    finish(generation)

    assert took < 4
    assert after_the_post == "unconfirmed"
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.faults
def test_an_answer_of_one_byte_a_second_is_left_after_a_minute(team, account, sandbox):  # P12
    sandbox.set_fault("drip=1")
    generation = asked(team)
    started = time.monotonic()

    submit.crew.run()
    took, after_the_post = time.monotonic() - started, state_of(generation)
    finish(generation)

    assert took == pytest.approx(60, abs=4)
    assert (after_the_post, generation.state) == ("unconfirmed", "completed")
    assert seen(sandbox) == (1, 1)


def some_request(chance: random.Random) -> dict[str, object]:
    """Choices of seedance-2.0, drawn."""
    fields = catalog.MODELS["seedance-2.0"].fields
    return {each.name: chance.choice(each.choices) for each in fields} | {"prompt": f"Drawn {chance.random()}"}


def assert_sent_as_priced(sandbox, generations: list[Generation]) -> None:
    requests = httpx.get(f"{sandbox.url}/sandbox/requests", trust_env=False).json()["requests"]
    sent = {each["json"]["prompt"]: each["json"] for each in requests}
    for generation in generations:
        body, (line,) = sent[generation.prompt], generation.quote
        chosen = {name: body[name] for name in ("resolution", "duration", "aspect_ratio", "generate_audio")}
        assert chosen == {name: generation.params[name] for name in chosen}
        assert line["conditions"] == {name: body[name] for name in line["conditions"]}
        assert line["credits"] == generation.held_credits


def send_drawn(sandbox, count: int, seed: int) -> None:
    """Of one account it takes only so many at once; what is not sent at first is sent at last."""
    sandbox.set_fault("never")
    chance, team = random.Random(seed), make_team(granted=180 * count)
    generations = [asked(team, **some_request(chance)) for _ in range(count)]
    while Generation.objects.filter(state=State.QUEUED).exists():
        hurry()
        submit.crew.run()

    assert_sent_as_priced(sandbox, generations)


def test_what_is_sent_is_what_was_priced(account, sandbox):  # P14
    send_drawn(sandbox, 25, seed=1)


@pytest.mark.faults
def test_what_is_sent_is_what_was_priced_five_hundred_times(account, sandbox):  # P14
    send_drawn(sandbox, 500, seed=random.randrange(10**9))


def test_a_result_that_leads_inside_is_not_fetched(team, account, sandbox, settings):  # P15 S1
    settings.ALLOW_PRIVATE_HOSTS = ()
    with Receiver() as inside:
        there = [f"http://127.0.0.1:{inside.port}/x", f"http://localhost:{inside.port}/", f"http://[::1]:{inside.port}"]
        written = [row["url"] for row in VECTORS["refuse"] if row["url"].isascii() and "," not in row["url"]][:20]
        generations = []
        for url in (*there, *written):
            sandbox.clear_faults()
            sandbox.set_fault(f"link={url}")
            generations.append(asked(team, prompt=f"Leads to {url}"[:200]))
            submit.crew.run()
        finish(*generations, seconds=60)
        reached = inside.requests

    assert reached == []
    assert {generation.failure_code for generation in generations} == {"ARCHIVE_FAILED"}
    assert not Asset.objects.exists()
    assert figures(team) == (1000, 0, 0)


@pytest.mark.parametrize("fault", ["odd=packed", "odd_poll=packed"])
def test_a_small_answer_that_unpacks_to_a_gigabyte_is_not_unpacked(team, account, sandbox, fault):  # P16
    sandbox.set_fault(fault)
    generation = asked(team)
    before = psutil.Process().memory_info().rss

    submit.crew.run()
    hurry()
    poll.crew.run()
    grown = psutil.Process().memory_info().rss - before
    finish(generation)

    assert grown < 100_000_000
    assert (generation.state, seen(sandbox)) == ("completed", (1, 1))


@pytest.mark.parametrize(
    "fault",
    ["401", "402", "500", "reset", "odd=html", "poll_500=1", "gateway=502", "fail=No", "cut=headers", "link_404"],
)
def test_the_key_is_in_no_line_of_the_log_and_no_row(team, sandbox, caplog, fault):  # P17 A8
    make_account(base_url=sandbox.api_url, key=SENTINEL)
    sandbox.set_fault(fault)
    asked(team)
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            work()
            hurry()
    ProviderAccount.objects.update(base_url="http://127.0.0.1:9/api/v1")
    asked(team)
    with caplog.at_level(logging.DEBUG):
        work()

    rows = [*Submission.objects.values(), *Generation.objects.values(), *ProviderAccount.objects.values()]
    told = "\n".join([caplog.text, *(str(record.exc_info) for record in caplog.records), *map(str, rows)])
    assert SENTINEL not in told

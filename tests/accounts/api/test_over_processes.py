"""What must hold for a key whichever process its requests come to, by HTTP over real ones."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import cycle
from threading import Event, Lock

import httpx
import pytest

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import ApiKey, ApiSecret, RateWindow
from tests.factories import make_key
from tests.races import meanwhile, race
from tests.sandbox_process import wait_until
from tests.web import web_processes

CREATES, READS = "/api/v1/generations", "/api/v1/key"


@pytest.fixture
def eight(transactional_db) -> Iterator[list[str]]:
    with web_processes(8) as urls:
        yield urls


def asker(urls: list[str]):
    """(secret, method, path) -> answer, from one process after the other over kept connections."""
    clients = cycle([httpx.Client(base_url=url, timeout=60, trust_env=False) for url in urls])
    lock = Lock()

    def ask(secret: str, method: str, path: str, **options) -> httpx.Response:
        with lock:
            client = next(clients)
        return client.request(method, path, headers={"Authorization": f"Bearer {secret}"}, **options)

    return ask


def test_over_eight_processes_a_key_has_exactly_its_requests(eight):  # D8
    """Empty bodies: each is counted as a create, and refused for what it lacks."""
    key, secret = make_key(rate_plan="pro")
    ask = partial(asker(eight), secret)

    answers = race(lambda _: ask("POST", CREATES, json={}), range(1_060), threads=16)

    assert Counter(answer.status_code for answer in answers) == {400: 1_000, 429: 60}
    let_through = [answer for answer in answers if answer.status_code == 400]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert sorted(int(answer.headers["X-RateLimit-Remaining"]) for answer in let_through) == list(range(1_000))
    end = RateWindow.objects.get(api_key=key).started_at + timedelta(hours=1)
    for answer in answers:
        assert answer.headers["X-RateLimit-Limit"] == "1000"
        assert 0 <= int(answer.headers["X-RateLimit-Reset"]) - end.timestamp() < 1
    for answer in refused:
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        assert answer.headers["Retry-After"] == answer.headers["X-RateLimit-RetryAfter"]
        assert 3_300 < int(answer.headers["Retry-After"]) <= 3_600
        assert answer.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"

    # Another plan counts at once, in each process, and what was let through is not forgotten.
    assert {ask("GET", READS).status_code for _ in range(8)} == {200}
    keys.change_some(key, {"rate_plan": "free"}, by=INSTALLATION)
    assert {standing(ask("POST", CREATES, json={})) for _ in range(8)} == {(429, "10", "0")}
    own = {"rate_plan": "own", "rate_limit": 1_004, "rate_seconds": 3_600}
    keys.change_some(key, own, by=INSTALLATION)
    assert [standing(ask("POST", CREATES, json={})) for _ in range(8)] == [
        *[(400, "1004", str(left)) for left in (3, 2, 1, 0)],
        *[(429, "1004", "0")] * 4,
    ]
    keys.change_some(key, {"rate_plan": "enterprise", "rate_limit": None, "rate_seconds": None}, by=INSTALLATION)
    assert {standing(ask("POST", CREATES, json={})) for _ in range(8)} == {(400, None, None)}
    keys.change_some(key, {"rate_plan": "pro"}, by=INSTALLATION)
    assert {standing(ask("POST", CREATES, json={})) for _ in range(8)} == {(429, "1000", "0")}


def standing(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    headers = answer.headers
    return answer.status_code, headers.get("X-RateLimit-Limit"), headers.get("X-RateLimit-Remaining")


@pytest.fixture
def two(transactional_db) -> Iterator[list[str]]:
    with web_processes(2) as urls:
        yield urls


def test_a_revoked_key_ends_at_once_in_every_process(two):  # A6
    ask = asker(two)
    for _ in range(100):
        key, secret = make_key(rate_plan="enterprise")
        assert [ask(secret, "GET", READS).status_code for _ in two] == [200, 200]

        keys.revoke(key, by=INSTALLATION)

        assert [ask(secret, "GET", READS).status_code for _ in two] == [401, 401]


def test_a_key_is_rotated_under_load_without_one_failure(two):
    """A program sends on without a pause; at some point it has the new secret, and later the old one ends."""
    key, old = make_key(rate_plan="enterprise")
    ask, in_use, done, answers = asker(two), [old], Event(), []

    def send_on(_: int) -> None:
        while not done.is_set():
            secret = in_use[0]
            answers.append((secret, ask(secret, "GET", READS)))

    def wait_for(number: int) -> None:
        target = len(answers) + number
        wait_until(lambda: len(answers) >= target, seconds=60)

    with meanwhile(lambda: race(send_on, range(4), threads=4)):
        try:
            wait_for(50)
            new = keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
            wait_for(50)
            in_use[0] = new
            wait_for(50)
            ApiSecret.objects.filter(hint=old[-4:]).update(valid_until=key.created_at)  # its grace is over
            wait_for(50)
        finally:
            done.set()

    assert {answer.status_code for _, answer in answers} == {200}
    assert {answer.json()["data"]["id"] for _, answer in answers} == {str(key.pk)}
    assert {answer.json()["data"]["hint"] for secret, answer in answers if secret == new} == {new[-4:]}
    assert [ask(old, "GET", READS).status_code for _ in two] == [401, 401]
    assert ApiKey.objects.count() == 1

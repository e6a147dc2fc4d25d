"""What every adapter must do, shown over HTTP against the sandbox. A new adapter is one more row in CONTRACTED."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generations.failures import FAILURES
from generations.intake import GenerationRequest
from generations.providers.base import (
    AccountRefused,
    Busy,
    NotSent,
    Progress,
    Provider,
    Refused,
    TaskMissing,
    Unclear,
)
from generations.providers.registry import ADAPTERS
from generations.providers.see2ai import See2ai
from generations.providers.seedance2api import Seedance2api
from generations.providers.vibegen import Vibegen
from tests.pipeline import sandbox, sandbox_process
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess, wait_until

__all__ = ["sandbox", "sandbox_process"]

KEY = "sk-video-contract"
REQUEST = GenerationRequest(
    prompt="A lone lighthouse", duration=5, aspect_ratio="16:9", resolution="480p", generate_audio=False
)


@dataclass(frozen=True, kw_only=True)
class Contracted:
    """An adapter with a request that its provider can make; `path` is that of its base URL."""

    make: type[Any]
    model: str
    path: str = ""
    request: GenerationRequest = REQUEST
    lists_tasks: bool = False
    calls_back: bool = True


CONTRACTED = {
    "vibegen": Contracted(make=Vibegen, model="seedance 2.0", path="/api/v1", lists_tasks=True),
    "see2ai": Contracted(make=See2ai, model="doubao-seedance-2-0-fast-260128", calls_back=False),
    "seedance2api": Contracted(
        make=Seedance2api, model="seedance-1.5-pro", request=replace(REQUEST, resolution="720p", fps=24)
    ),
}


# Documented by some alone.
LISTING = sorted(name for name, each in CONTRACTED.items() if each.lists_tasks)
CALLING_BACK = sorted(name for name, each in CONTRACTED.items() if each.calls_back)


@pytest.fixture(params=sorted(CONTRACTED))
def contracted(request: pytest.FixtureRequest) -> Contracted:
    return CONTRACTED[request.param]


@pytest.fixture
def adapter(contracted: Contracted, sandbox: SandboxProcess) -> Provider:
    return contracted.make(sandbox.url + contracted.path, KEY)


def submit(adapter: Provider, contracted: Contracted, *, callback_url: str = "http://127.0.0.1:9/"):
    return adapter.submit(contracted.request, model=contracted.model, callback_url=callback_url)


def ended(adapter: Provider, task_id: str):
    """The last report on a task."""

    def ask():
        report = adapter.fetch(task_id)
        return report if report.progress != Progress.RUNNING else None

    return wait_until(ask)


def test_every_registered_adapter_is_under_contract():
    assert set(CONTRACTED) == set(ADAPTERS)


def test_a_task_runs_to_its_link(adapter, contracted):
    report = ended(adapter, submit(adapter, contracted).provider_task_id)

    assert report.progress == Progress.SUCCEEDED
    assert len(report.output_urls) == 1
    assert report.link_expires_at > datetime.now(UTC)


def test_a_task_that_fails_says_why_in_our_words(adapter, contracted, sandbox):
    sandbox.set_fault("fail=Content policy violation")

    report = ended(adapter, submit(adapter, contracted).provider_task_id)

    assert (report.progress, report.failure_code) == (Progress.FAILED, "CONTENT_POLICY")


def test_a_failure_in_words_nobody_knows_is_the_providers(adapter, contracted, sandbox):
    sandbox.set_fault("fail=Flux capacitor exhausted")

    report = ended(adapter, submit(adapter, contracted).provider_task_id)

    assert report.failure_code == "PROVIDER_ERROR"


def test_an_unknown_status_word_is_still_running(adapter, contracted, sandbox):  # P8
    sandbox.set_fault("status_word=simmering")
    sandbox.set_fault("never")

    report = adapter.fetch(submit(adapter, contracted).provider_task_id)

    assert report.progress == Progress.RUNNING
    assert "simmering" in report.unknown_word


def test_a_documented_refusal_made_nothing(adapter, contracted, sandbox):
    sandbox.set_fault("reject")

    with pytest.raises(Refused) as caught:
        submit(adapter, contracted)

    assert caught.value.failure_code in FAILURES
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(("asked", "waited"), [(7, 7), (9000, 300)])
def test_a_busy_provider_says_how_long(adapter, contracted, sandbox, asked, waited):  # P5
    sandbox.set_fault(f"429={asked}")

    with pytest.raises(Busy) as caught:
        submit(adapter, contracted)

    assert caught.value.retry_after_seconds == waited


@pytest.mark.parametrize("state", ["refused", "out_of_credits"])
def test_an_account_turned_away_is_the_operators_problem(adapter, contracted, sandbox, state):  # P13
    sandbox.set_key(KEY, state)

    with pytest.raises(AccountRefused) as caught:
        submit(adapter, contracted)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("fault", ["502_after_accepting", "truncated", "garbage", "reset"])
def test_an_answer_lost_after_accepting_is_unclear(adapter, contracted, sandbox, fault):  # P3 P7
    sandbox.set_fault(fault)

    with pytest.raises(Unclear):
        submit(adapter, contracted)

    assert sandbox.state()["accepted"] == 1


def test_a_closed_port_was_surely_not_sent(adapter, contracted):  # P1
    unreachable = type(adapter)("http://127.0.0.1:9/api/v1", KEY)

    with pytest.raises(NotSent):
        submit(unreachable, contracted)


def test_an_id_nobody_made_is_missing(adapter):
    with pytest.raises(TaskMissing):
        adapter.fetch("550e8400-e29b-41d4-a716-446655440000")


def test_what_lists_tasks_says_so(adapter, contracted):
    assert adapter.lists_tasks == contracted.lists_tasks


@pytest.mark.parametrize("contracted", LISTING, indirect=True)
def test_a_lost_task_is_listed_with_all_that_it_is_known_by(adapter, contracted):
    made = submit(adapter, contracted)

    (listed,) = adapter.list_tasks(offset=0)

    assert (listed.provider_task_id, listed.model, listed.prompt) == (
        made.provider_task_id,
        contracted.model,
        contracted.request.prompt,
    )
    assert abs(datetime.now(UTC) - listed.created_at) < timedelta(minutes=1)


@pytest.mark.parametrize("contracted", LISTING, indirect=True)
def test_a_list_is_read_page_by_page_the_newest_first_with_one_request_each(adapter, contracted, sandbox):
    made = [submit(adapter, contracted).provider_task_id for _ in range(3)]

    pages = [adapter.list_tasks(offset=offset) for offset in (0, 2, 3)]

    assert [[task.provider_task_id for task in page] for page in pages] == [made[::-1], made[:1], []]
    assert sandbox.state()["lists"] == 3


@pytest.mark.parametrize("contracted", CALLING_BACK, indirect=True)
def test_a_callback_names_its_task(adapter, contracted):
    with Receiver() as receiver:
        made = submit(adapter, contracted, callback_url=receiver.url("/hook"))
        came = wait_until(lambda: list(receiver.requests))

    named = {adapter.read_callback(headers=dict(each.headers), body=each.body) for each in came}

    assert named == {made.provider_task_id}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"\xff", b'{"task_id": 7}', b'{"task_id": ""}', b"[" * 100000]
)
def test_a_callback_that_names_no_task_is_malformed(adapter, body):  # W11
    with pytest.raises(ValueError):
        adapter.read_callback(headers={}, body=body)

"""Looking for a task whose answer was lost, in the list of its provider."""

import json
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone

from generations.models import ProviderAccount, Submission
from generations.providers.vibegen import Vibegen
from generations.submitting import budget, poll, submit
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import hurry
from tests.receiver import Receiver, answer, reset

STRETCH, SLOW = ((budget.MINUTE + budget.AHEAD) / (reads_a_minute - 1) for reads_a_minute in (900, 60))


def listed(task_id: str, prompt: str, created_at: datetime) -> dict[str, str]:
    """A task as vibegen lists it."""
    at = created_at.isoformat()
    return {"id": task_id, "status": "processing", "model": "seedance 2.0", "prompt": prompt, "created_at": at}


def test_a_look_up_reads_short_pages_to_the_task_and_pays_for_each(team):  # P18
    made_at, tasks = timezone.now(), []

    def give(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "POST":
            reset(handler)
            return
        offset = int(parse_qs(urlsplit(handler.path).query)["offset"][0])
        body = {"success": True, "data": {"tasks": tasks[offset : offset + 7]}}
        answer(200, json.dumps(body).encode())(handler)

    with Receiver() as receiver:
        receiver.otherwise = give
        account = make_account(base_url=receiver.url("/api/v1"))
        generation = asked(team, prompt="Lost")
        tasks += [listed(f"other {number}", "Another", made_at) for number in range(20)]
        tasks += [listed("mine", "Lost", made_at), listed("old", "Lost", made_at - timedelta(hours=1))]
        submit.crew.run()
        hurry()
        poll.crew.run()
        reads = [each.path for each in receiver.requests if each.method == "GET"]

    generation.refresh_from_db()
    account.refresh_from_db()
    assert generation.state == "running"
    assert Submission.objects.get().provider_task_id == "mine"
    assert len(reads) == 4
    assert account.reads_free_at >= made_at + 4 * STRETCH


def test_a_look_up_ends_where_the_budget_does(team):  # P18
    page = [listed(str(number), "Another", timezone.now()) for number in range(20)]
    with Receiver() as receiver:
        receiver.answers.append(reset)
        receiver.otherwise = answer(200, json.dumps({"success": True, "data": {"tasks": page}}).encode())
        make_account(base_url=receiver.url("/api/v1"))
        asked(team)
        submit.crew.run()
        hurry()
        due = poll.claim_due(1)[0]
        started_at = timezone.now()
        left = started_at + budget.AHEAD - 2.5 * SLOW
        ProviderAccount.objects.update(reads_a_minute=60, reads_free_at=left)
        due.account.refresh_from_db()
        poll.poll(due)
        elapsed = timezone.now() - started_at

    reads = len([each for each in receiver.requests if each.method == "GET"])
    assert 3 <= reads <= 3 + elapsed / SLOW + 1
    assert reads < poll.PAGES


def test_a_look_up_reads_only_so_far_back(team):
    page = [listed(str(number), "Another", timezone.now()) for number in range(20)]
    with Receiver() as receiver:
        receiver.answers.append(reset)
        receiver.otherwise = answer(200, json.dumps({"success": True, "data": {"tasks": page}}).encode())
        make_account(base_url=receiver.url("/api/v1"))
        asked(team)
        submit.crew.run()
        hurry()
        poll.poll(poll.claim_due(1)[0])

    assert len([each for each in receiver.requests if each.method == "GET"]) == poll.PAGES


def test_a_provider_that_lists_nothing_is_not_asked_for_a_list(team, account, sandbox, monkeypatch):
    monkeypatch.setattr(Vibegen, "lists_tasks", False)
    sandbox.set_fault("reset")
    asked(team)
    submit.crew.run()
    Submission.objects.update(next_at=timezone.now())

    poll.crew.run()

    assert sandbox.state()["lists"] == 0

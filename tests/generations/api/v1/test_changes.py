"""Cancel, retry and delete."""

import pytest

from accounts.models import CreditBalance
from generations import lifecycle
from generations.models import Generation, State
from tests.api import asked, completed, failed, post, running


def books(team) -> tuple[int, int]:
    balance = CreditBalance.objects.get(team=team)
    return balance.available, balance.held


def cancelled(team) -> Generation:
    generation = asked(team)
    lifecycle.advance(generation, State.CANCELLED)
    return generation


def test_a_queued_task_is_cancelled_and_its_credits_come_back(client, team):
    generation = asked(team)

    response = post(client, f"/tasks/{generation.id}/cancel")

    task = response.json()["data"]
    assert (response.status_code, task["status"], task["stage"]) == (200, "cancelled", "cancelled")
    assert (task["cost"]["held"], task["cost"]["refunded"], task["error"]) == (0, 15, None)
    assert books(team) == (1000, 0)


def test_to_cancel_again_is_harmless(client, team):
    generation = asked(team)
    first = post(client, f"/tasks/{generation.id}/cancel")

    again = post(client, f"/tasks/{generation.id}/cancel")

    assert (again.status_code, again.json()) == (200, first.json())
    assert books(team) == (1000, 0)


@pytest.mark.parametrize(("given", "state"), [(running, "running"), (completed, "completed"), (failed, "failed")])
def test_what_a_provider_has_or_has_ended_can_not_be_cancelled(client, team, given, state):
    generation = given(team)
    before = books(team)

    response = post(client, f"/tasks/{generation.id}/cancel")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")
    assert response.json()["error"]["details"] == {"state": state}
    generation.refresh_from_db()
    assert (generation.state, books(team)) == (state, before)


@pytest.mark.parametrize("given", [failed, cancelled])
def test_a_task_that_failed_or_was_cancelled_can_be_asked_for_again(client, team, given):
    before = given(team)

    response = post(client, f"/tasks/{before.id}/retry")

    task = response.json()["data"]
    assert (response.status_code, task["status"], task["retry_of"]) == (201, "pending", str(before.id))
    generation = Generation.objects.get(id=task["id"])
    assert (generation.params, generation.prompt) == (before.params, before.prompt)
    assert generation.api_key is not None
    assert books(team) == (985, 15)


def test_a_retry_asks_for_all_that_was_asked_before(client, team):
    given = {
        "resolution": "720p",
        "image_urls": ["https://example.com/a.png"],
        "callback_url": "https://example.com/hook",
        "metadata": {"order": "7"},
    }
    before = failed(team, **given)

    response = post(client, f"/tasks/{before.id}/retry")

    generation = Generation.objects.get(id=response.json()["data"]["id"])
    assert generation.params["image_urls"] == ["https://example.com/a.png"]
    assert generation.params["resolution"] == "720p"
    assert generation.callback_url == "https://example.com/hook"
    assert (generation.metadata, generation.task_type) == ({"order": "7"}, "image_to_video")


@pytest.mark.parametrize("given", [asked, running, completed])
def test_nothing_else_can_be_retried(client, team, given):
    generation = given(team)
    before = books(team)

    response = post(client, f"/tasks/{generation.id}/retry")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")
    assert (Generation.objects.count(), books(team)) == (1, before)


def test_a_retry_with_the_same_idempotency_key_is_made_once(client, team):
    before = failed(team)
    first = post(client, f"/tasks/{before.id}/retry", Idempotency_Key="again")

    second = post(client, f"/tasks/{before.id}/retry", Idempotency_Key="again")

    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Generation.objects.count() == 2


def test_a_retry_is_counted_as_a_create(client, team):
    response = post(client, f"/tasks/{failed(team).id}/retry")

    assert response.headers["X-RateLimit-Remaining"] == "999"
    assert client.get("/api/v1/credits").headers["X-RateLimit-Remaining"] == "999"


@pytest.mark.parametrize("given", [completed, failed, cancelled])
def test_a_final_task_is_deleted_and_not_found_any_more(client, team, given):
    generation = given(team)
    before = books(team)

    response = client.delete(f"/api/v1/tasks/{generation.id}")

    assert response.status_code == 200
    assert response.json() == {"success": True, "data": {"id": str(generation.id), "deleted": True}}
    assert client.get(f"/api/v1/tasks/{generation.id}").status_code == 404
    assert client.delete(f"/api/v1/tasks/{generation.id}").status_code == 404
    assert post(client, f"/tasks/{generation.id}/retry").status_code == 404
    assert client.get("/api/v1/tasks").json()["data"]["pagination"]["total"] == 0
    assert books(team) == before


@pytest.mark.parametrize("given", [asked, running])
def test_a_task_on_its_way_can_not_be_deleted(client, team, given):
    generation = given(team)

    response = client.delete(f"/api/v1/tasks/{generation.id}")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")
    assert client.get(f"/api/v1/tasks/{generation.id}").status_code == 200


@pytest.mark.parametrize("path", ["cancel", "retry"])
def test_to_look_is_not_to_change(client, team, path):
    response = client.get(f"/api/v1/tasks/{asked(team).id}/{path}")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")

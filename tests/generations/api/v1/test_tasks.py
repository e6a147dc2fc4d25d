import pytest
from django.test import Client

from accounts import credits
from generations import lifecycle
from generations.models import Asset, Generation, State
from generations.webhook_body import iso
from tests.api import asked, completed, completed_images, failed, keep, running

PARAMS = {"resolution": "480p", "duration": 5, "aspect_ratio": "16:9", "generate_audio": False}
LINE = {
    "conditions": {"resolution": "480p", "duration": 5, "generate_audio": False},
    "unit": "clip",
    "quantity": 1,
    "unit_credits": 15,
    "credits": 15,
}


def get(client: Client, generation: Generation, **headers: str):
    return client.get(f"/api/v1/tasks/{generation.id}", headers=headers)


def test_a_running_task_has_the_documented_fields_and_ours(client, team):
    generation = running(team, metadata={"order": "7"})
    lifecycle.report_progress(generation, 40)

    answer = get(client, generation).json()

    cost = {"estimated": 15, "held": 15, "charged": 0, "refunded": 0, "price_version": 1, "lines": [LINE]}
    assert answer == {
        "success": True,
        "data": {
            "id": str(generation.id),
            "status": "processing",
            "stage": "running",
            "progress": 40,
            "model": "seedance 2.0",
            "task_type": "text_to_video",
            "prompt": "A gate, and light",
            "params": PARAMS,
            "video_url": None,
            "images": [],
            "poster_url": None,
            "expires_at": None,
            "cost": cost,
            "error": None,
            "error_message": None,
            "error_detail": None,
            "warnings": [],
            "retry_of": None,
            "batch_id": None,
            "metadata": {"order": "7"},
            "tags": [],
            "found_by": None,
            "created_at": iso(generation.created_at),
            "started_at": None,
            "completed_at": None,
            "failed_at": None,
        },
    }


def test_a_completed_task_links_to_our_copy_for_whoever_has_the_link(client, team):
    generation = completed(team)

    task = get(client, generation).json()["data"]

    assert (task["status"], task["progress"], task["error"]) == ("completed", 100, None)
    assert task["completed_at"] == iso(generation.ended_at)
    assert (task["cost"]["held"], task["cost"]["charged"], task["cost"]["refunded"]) == (0, 15, 0)
    played = Client().get(task["video_url"].removeprefix("http://localhost:8000"))
    assert b"".join(played.streaming_content) == b"0123456789" * 100
    assert task["expires_at"] > task["completed_at"]
    assert task["poster_url"] not in (None, task["video_url"])


def test_what_the_operator_refunded_is_seen(client, team):
    generation = completed(team)
    credits.refund(generation.hold_id, 10, note="blurred")
    credits.refund(generation.hold_id, 3, note="and late")

    cost = get(client, generation).json()["data"]["cost"]

    assert (cost["held"], cost["charged"], cost["refunded"]) == (0, 15, 13)


def test_a_failed_task_says_why_in_the_documented_words(client, team):
    generation = failed(team)

    task = get(client, generation).json()["data"]

    assert (task["status"], task["video_url"], task["completed_at"]) == ("failed", None, None)
    assert task["error"] == task["error_message"] == "Content policy violation"
    assert task["error_detail"] == {
        "code": "CONTENT_POLICY",
        "message": "Content policy violation",
        "retryable": False,
        "charged": False,
    }
    assert task["failed_at"] == iso(generation.ended_at)
    assert (task["cost"]["charged"], task["cost"]["refunded"]) == (0, 15)


def test_a_clip_that_arrived_late_is_there_although_the_task_failed(client, team):
    generation = failed(team, code="TIMEOUT")
    keep(generation, b"late", kind=Asset.Kind.OUTPUT, content_type="video/mp4")
    lifecycle.note_late_arrival(generation)

    task = get(client, generation).json()["data"]

    assert (task["status"], task["warnings"]) == ("failed", ["arrived_late"])
    assert task["video_url"].startswith("http://localhost:8000/media/")


def test_the_images_of_a_set_come_in_order(client, team):
    generation = completed_images(team, 4)

    task = get(client, generation).json()["data"]

    paths = [link.removeprefix("http://localhost:8000") for link in task["images"]]
    assert [b"".join(Client().get(path).streaming_content) for path in paths] == [b"0", b"1", b"2", b"3"]
    assert (task["video_url"], task["task_type"], task["model"]) == (None, "text_to_image", "seedream 4.0")
    poster = Client().get(task["poster_url"].removeprefix("http://localhost:8000"))
    assert b"".join(poster.streaming_content) == b"still0"
    assert task["expires_at"] is not None


def test_a_set_is_found_and_counted_by_its_task_type(client, team):
    generation, _clip = completed_images(team, 2), completed(team)

    page = client.get("/api/v1/tasks?task_type=text_to_image").json()["data"]

    assert [each["id"] for each in page["tasks"]] == [str(generation.id)]
    assert page["pagination"]["total"] == 1


# K6
@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.QUEUED, "pending"),
        (State.SUBMITTING, "pending"),
        (State.UNCONFIRMED, "processing"),
        (State.RUNNING, "processing"),
        (State.ARCHIVING, "processing"),
    ],
)
def test_each_stage_has_its_documented_status(client, team, state, status):
    generation = asked(team)
    path = [State.SUBMITTING, State.UNCONFIRMED, State.RUNNING, State.ARCHIVING]
    for step in path[: path.index(state) + 1] if state in path else []:
        lifecycle.advance(generation, step)

    task = get(client, generation).json()["data"]

    assert (task["stage"], task["status"]) == (state, status)


# A1
def test_another_teams_task_is_not_found(stranger, team):
    generation = completed(team)

    response = get(stranger, generation)

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "TASK_NOT_FOUND"
    assert response.json()["error"]["message"] == "Task not found"


@pytest.mark.parametrize("id", ["01890000-0000-7000-8000-000000000000", "1", "nothing", "x" * 500])
def test_an_unknown_or_malformed_id_is_not_found_in_the_same_words(client, id):
    error = client.get(f"/api/v1/tasks/{id}").json()["error"]

    assert (error["code"], error["message"], error["details"]) == ("TASK_NOT_FOUND", "Task not found", {})


def test_an_unchanged_task_is_304_until_something_happens(client, team):
    generation = running(team)
    tag = get(client, generation).headers["ETag"]

    unchanged = get(client, generation, if_none_match=tag)
    lifecycle.report_progress(generation, 50)
    changed = get(client, generation, if_none_match=tag)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == tag
    assert unchanged.headers["X-RateLimit-Limit"] == "1000"
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_task_takes_four_queries_beside_key_and_limit(client, team, django_assert_num_queries):
    generation = completed(team)
    get(client, generation)

    with django_assert_num_queries(6):
        get(client, generation)


def test_other_methods_are_refused_in_json(client, team):
    response = client.put(f"/api/v1/tasks/{asked(team).id}")

    assert (response.status_code, response.headers["Allow"]) == (405, "DELETE, GET")
    assert response.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_an_address_that_is_none_is_a_404_in_json(client):
    response = client.get("/api/v1/nothing")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_request_id_goes_through_to_the_error(client):
    response = client.get("/api/v1/tasks/1", headers={"X-Request-Id": "mine-1"})

    assert response.headers["X-Request-Id"] == "mine-1"
    assert response.json()["error"]["request_id"] == "mine-1"

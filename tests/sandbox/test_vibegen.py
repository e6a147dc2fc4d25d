import re

import httpx
import pytest

DOCUMENTED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_a_create_is_answered_as_documented(create):
    response = create(prompt="写实风格,晴朗的蓝天之下", duration=5, aspect_ratio="16:9", resolution="720p")

    data = response.json()["data"]
    assert response.status_code == 201
    assert DOCUMENTED_TIME.fullmatch(data.pop("created_at"))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", data.pop("id"))
    assert response.json()["success"] is True
    assert data == {"status": "pending", "model": "seedance 2.0", "task_type": "text_to_video"}


def test_images_make_it_image_to_video(create):
    response = create(image_urls=["https://example.com/girl-with-fox.png"], aspect_ratio="adaptive")

    assert response.json()["data"]["task_type"] == "image_to_video"


def test_a_task_under_way_is_shown_as_documented(api, make, sandbox):
    sandbox.set(seconds=60)
    task_id = make(prompt="一座未来城市")

    data = api.get(f"/tasks/{task_id}").json()["data"]

    assert DOCUMENTED_TIME.fullmatch(data.pop("created_at"))
    assert data == {
        "id": task_id,
        "status": "pending",
        "model": "seedance 2.0",
        "task_type": "text_to_video",
        "prompt": "一座未来城市",
        "video_url": None,
        "completed_at": None,
        "error": None,
    }


def test_a_task_goes_from_pending_over_processing_to_completed(api, make, sandbox, wait_for_status):
    sandbox.set(seconds=1.5)

    task_id = make()

    assert wait_for_status(task_id, "pending")["video_url"] is None
    assert wait_for_status(task_id, "processing")["video_url"] is None
    completed = wait_for_status(task_id, "completed")
    assert completed["video_url"] == f"{sandbox.url}/files/{task_id}.mp4"
    assert DOCUMENTED_TIME.fullmatch(completed["completed_at"])
    assert completed["error"] is None


@pytest.mark.parametrize("prompt", ["Something Forbidden", "违禁的东西"])
def test_a_prompt_against_the_content_policy_is_accepted_and_fails(api, make, prompt):
    task_id = make(prompt=prompt)

    data = api.get(f"/tasks/{task_id}").json()["data"]
    assert (data["status"], data["error"]) == ("failed", "Content policy violation")
    assert (data["video_url"], data["completed_at"]) == (None, None)


def test_a_task_that_takes_longer_than_the_documented_limit_fails(api, make, sandbox):
    sandbox.set(timeout_seconds=0)

    task_id = make(fault="slow=700")

    assert api.get(f"/tasks/{task_id}").json()["data"]["status"] == "failed"


@pytest.mark.parametrize("key", ["", "Basic sk-video-x", "Bearer", "Bearer other-key"])
def test_without_a_good_key_nothing_is_told_or_made(sandbox, key):
    headers = {"authorization": key} if key else {}
    body = {"model": "seedance 2.0", "prompt": "x"}

    answers = [
        httpx.post(f"{sandbox.api_url}/generations", json=body, headers=headers),
        httpx.get(f"{sandbox.api_url}/tasks", headers=headers),
        httpx.get(f"{sandbox.api_url}/tasks/1", headers=headers),
    ]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.json() == {"error": {"code": "INVALID_API_KEY", "message": "Invalid or missing API key"}}
    assert sandbox.state()["accepted"] == 0


def test_a_key_may_be_refused_by_control_call(create, sandbox):
    sandbox.set_key("sk-video-tests", "refused")

    assert create().status_code == 401


def test_a_key_out_of_credits_is_told_the_documented_price(create, sandbox):
    sandbox.set_key("sk-video-tests", "out_of_credits")

    response = create(resolution="1080p", duration=10, generate_audio=True)

    assert response.status_code == 402
    message = "Insufficient credits. Required: 180, Available: 0"
    assert response.json() == {"error": {"code": "INSUFFICIENT_CREDITS", "message": message}}
    assert sandbox.state()["accepted"] == 0


def test_an_unknown_task_is_not_found(api):
    response = api.get("/tasks/550e8400-e29b-41d4-a716-446655440000")

    assert response.status_code == 404
    assert response.json() == {"error": {"code": "TASK_NOT_FOUND", "message": "Task not found"}}


def test_another_keys_task_does_not_exist(api, make, sandbox):
    task_id = make()
    stranger = {"authorization": "Bearer sk-video-stranger"}

    fetched = httpx.get(f"{sandbox.api_url}/tasks/{task_id}", headers=stranger)
    listed = httpx.get(f"{sandbox.api_url}/tasks", headers=stranger)

    assert api.get(f"/tasks/{task_id}").status_code == 200
    assert fetched.status_code == 404
    assert listed.json()["data"]["tasks"] == []


def test_the_list_is_newest_first_in_documented_pages(api, make):
    made = [make(prompt=f"clip {number}") for number in range(5)]

    first, last = (api.get(f"/tasks?limit=2&offset={offset}").json()["data"] for offset in (0, 4))

    assert [task["id"] for task in first["tasks"]] == [made[4], made[3]]
    assert first["pagination"] == {"page": 1, "pageSize": 2, "total": 5, "total_pages": 3}
    assert [task["id"] for task in last["tasks"]] == [made[0]]
    assert last["pagination"] == {"page": 3, "pageSize": 2, "total": 5, "total_pages": 3}


def test_a_listed_task_looks_as_a_fetched_one(api, make):
    task_id = make()

    listed = api.get("/tasks").json()

    assert listed["success"] is True
    assert listed["data"]["tasks"] == [api.get(f"/tasks/{task_id}").json()["data"]]
    assert listed["data"]["pagination"] == {"page": 1, "pageSize": 20, "total": 1, "total_pages": 1}


def test_the_list_can_be_of_one_status(api, make):
    make()
    failed = make(prompt="forbidden")

    listed = api.get("/tasks?status=failed").json()["data"]

    assert [task["id"] for task in listed["tasks"]] == [failed]
    assert listed["pagination"]["total"] == 1


@pytest.mark.parametrize("query", ["status=done", "limit=0", "limit=101", "limit=x", "offset=-1"])
def test_a_wrong_list_is_refused(api, query):
    response = api.get(f"/tasks?{query}")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_PARAMETER"


def test_a_limit_on_requests_holds_for_each_key_and_kind(api, create, sandbox):
    sandbox.set(requests_a_minute=2)

    codes = [create().status_code for _ in range(3)]
    refused = create()

    assert codes == [201, 201, 429]
    assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert api.get("/tasks").status_code == 200

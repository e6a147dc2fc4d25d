import httpx
import pytest


def test_counters_tell_creates_by_prompt_and_what_was_accepted(api, create, make, sandbox):
    task_id = make(prompt="a fox")
    create(prompt="a fox", fault="500")
    create(prompt="a cat")
    api.get(f"/tasks/{task_id}")
    api.get("/tasks")

    state = sandbox.state()

    assert (state["creates"], state["accepted"], state["fetches"], state["lists"]) == (3, 2, 1, 1)
    assert state["creates_by_prompt"] == {"a fox": 2, "a cat": 1}
    assert state["accepted_by_prompt"] == {"a fox": 1, "a cat": 1}


def test_a_reset_forgets_everything(make, sandbox):
    sandbox.set(seconds=60)
    sandbox.set_fault("never")
    make()

    sandbox.reset()

    state = sandbox.state()
    assert (state["creates"], state["tasks"], state["faults"]) == (0, 0, [])
    assert state["settings"]["seconds"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("settings", {"unknown": 1}),
        ("settings", {"seconds": "6"}),
        ("settings", {"seconds": -1}),
        ("settings", {"seconds": True}),
        ("settings", []),
        ("keys", {"key": "sk-video-x", "state": "strange"}),
        ("faults", {"fault": "never", "count": 0}),
        ("faults", {"fault": "never", "match": 5}),
        ("signature", {"scheme": "md5", "secret": "x"}),
        ("signature", {"scheme": "standard_webhooks"}),
        ("signature", {"scheme": "standard_webhooks", "secret": "whsec_x"}),
        ("signature", {"scheme": "", "secret": "x"}),
        ("signature", {"scheme": "hmac_sha256", "secret": 5}),
    ],
)
def test_a_wrong_control_call_is_told_why_and_changes_nothing(sandbox, path, body):
    before = sandbox.state()

    response = httpx.post(f"{sandbox.url}/sandbox/{path}", json=body)

    assert response.status_code == 400
    assert response.json()["error"]
    assert sandbox.state() == before


def test_a_body_over_a_mebibyte_is_refused(api, sandbox):
    response = api.post("/generations", content=b" " * (1024 * 1024 + 1))

    assert response.status_code == 400
    assert response.json()["error"] == {"code": "INVALID_PARAMETER", "message": "Request body too large"}
    assert sandbox.state()["creates"] == 0


def test_other_methods_and_paths_are_refused(api, sandbox):
    wrong_method = api.get("/generations")

    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert httpx.get(f"{sandbox.url}/elsewhere").status_code == 404

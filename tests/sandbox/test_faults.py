import json

import httpx
import pytest

from sandbox.faults import CUTS, DEFAULTS, FaultBook, StandingFault, UnknownFault, parse
from sandbox.oddities import ODDITIES, UNPACKED_BYTES


@pytest.mark.parametrize(
    ("fault", "status", "code", "retry_after"),
    [
        ("reject", 400, "INVALID_PARAMETER", None),
        ("401", 401, "INVALID_API_KEY", None),
        ("402", 402, "INSUFFICIENT_CREDITS", None),
        ("429=7", 429, "RATE_LIMIT_EXCEEDED", "7"),
        ("500", 500, "INTERNAL_ERROR", None),
        ("502", 502, "PROVIDER_ERROR", None),
        ("503=9", 503, "SERVICE_UNAVAILABLE", "9"),
    ],
)
def test_a_refusal_has_the_documented_envelope_and_makes_nothing(create, sandbox, fault, status, code, retry_after):
    response = create(fault=fault)

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers.get("retry-after") == retry_after
    assert (sandbox.state()["creates"], sandbox.state()["accepted"]) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [("502_after_accepting", 502, "text/html"), ("garbage", 200, "text/html"), ("truncated", 201, "application/json")],
)
def test_a_spoiled_answer_hides_a_task_that_was_made(api, create, sandbox, fault, status, content_type):
    response = create(fault=fault)

    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


def test_a_cut_connection_hides_a_task_that_was_made(api, create):
    with pytest.raises(httpx.RemoteProtocolError):
        create(fault="reset")

    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


def test_a_hanging_create_made_its_task(api, create):
    api.timeout = httpx.Timeout(0.5)

    with pytest.raises(httpx.ReadTimeout):
        create(fault="hang")

    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


def test_a_slow_answer_comes_after_the_task_is_made(api, create, sandbox):
    api.timeout = httpx.Timeout(0.3)

    with pytest.raises(httpx.ReadTimeout):
        create(fault="slow_answer=0.6")

    assert sandbox.state()["accepted"] == 1


def test_a_failed_task_carries_its_message(api, make):
    task_id = make(fault="fail=No capacity for this clip")

    data = api.get(f"/tasks/{task_id}").json()["data"]
    assert (data["status"], data["error"]) == ("failed", "No capacity for this clip")


@pytest.mark.parametrize(("fault", "status"), [("never", "processing"), ("slow=60", "pending")])
def test_a_task_that_does_not_end(api, make, fault, status):
    task_id = make(fault=fault)

    assert api.get(f"/tasks/{task_id}").json()["data"]["status"] == status


def test_an_unknown_status_word_is_reported_until_the_end(api, make, wait_for_status):
    task_id = make(fault="status_word=succeeded,slow=1")

    fetched = api.get(f"/tasks/{task_id}").json()["data"]

    assert (fetched["status"], fetched["video_url"]) == ("succeeded", None)
    assert wait_for_status(task_id, "completed")["video_url"]


def test_the_first_fetches_fail(api, make):
    missing, broken = make(fault="poll_404=2"), make(fault="poll_500=1")

    assert [api.get(f"/tasks/{missing}").status_code for _ in range(3)] == [404, 404, 200]
    assert [api.get(f"/tasks/{broken}").status_code for _ in range(2)] == [500, 200]


def test_a_marker_in_the_prompt_is_a_fault_and_stays_there(api, create, make):
    refused = create(prompt="A fox [[fault:429=3]]")
    task_id = make(prompt="A fox [[fault:fail=Too foxy]]")

    data = api.get(f"/tasks/{task_id}").json()["data"]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert (data["error"], data["prompt"]) == ("Too foxy", "A fox [[fault:fail=Too foxy]]")


def test_a_standing_fault_meets_so_many_matching_prompts(create, sandbox):
    sandbox.set_fault("reject", count=2, match="fox")

    codes = [create(prompt=prompt).status_code for prompt in ("a fox", "a cat", "foxes", "a fox")]

    assert codes == [400, 201, 400, 201]
    assert sandbox.state()["faults"] == []


def test_a_standing_fault_without_count_ends_when_cleared(create, sandbox):
    sandbox.set_fault("500")

    before = [create().status_code for _ in range(3)]
    sandbox.clear_faults()

    assert before == [500, 500, 500]
    assert create().status_code == 201


@pytest.mark.parametrize("fault", ["nonsense", "slow=fast", "429=-1", "cut=nowhere", "odd=even"])
def test_an_unknown_fault_is_told_and_makes_nothing(create, sandbox, fault):
    assert create(fault=fault).status_code == 400
    assert httpx.post(f"{sandbox.url}/sandbox/faults", json={"fault": fault}).status_code == 400
    assert sandbox.state()["accepted"] == 0


def test_several_faults_are_parted_by_commas():
    assert parse("slow=3, lost_callback") == {"slow": "3", "lost_callback": ""}


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_fault_may_be_named_alone(name):
    assert parse(name) == {name: DEFAULTS[name]}


def test_there_is_a_bound_on_standing_faults():
    book = FaultBook([StandingFault({"never": ""})] * 1000)

    with pytest.raises(ValueError, match="At most 1000"):
        book.stand(StandingFault({"never": ""}))


def test_a_marker_must_name_a_known_fault():
    with pytest.raises(UnknownFault, match="nonsense"):
        FaultBook().meeting(prompt="[[fault:nonsense]]", header="")


@pytest.mark.parametrize("status", [500, 504, 520])
def test_a_gateway_s_page_of_any_status_hides_a_task_that_was_made(api, create, status):
    response = create(fault=f"gateway={status}")

    assert (response.status_code, response.headers["content-type"]) == (status, "text/html")
    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


@pytest.mark.parametrize("place", CUTS)
def test_an_answer_that_is_cut_hides_a_task_that_was_made(api, create, place):
    with pytest.raises(httpx.RemoteProtocolError):
        create(fault=f"cut={place}")

    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


def test_a_dripping_answer_comes_byte_by_byte(api, create, sandbox):
    api.timeout = httpx.Timeout(0.3)

    with pytest.raises(httpx.ReadTimeout):
        create(fault="drip=2")

    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize("name", [name for name in ODDITIES if name not in ("huge", "packed")])
def test_an_odd_answer_is_no_documented_one(api, create, name):
    response = create(fault=f"odd={name}")

    try:
        known = json.loads(response.content.decode("utf-8"))["data"]["id"]
    except (ValueError, RecursionError, TypeError, KeyError):
        known = None
    assert not (isinstance(known, str) and 0 < len(known) < 100)
    assert api.get("/tasks").json()["data"]["pagination"]["total"] == 1


def test_a_huge_answer_is_of_a_hundred_megabytes(api, create):
    assert len(create(fault="odd=huge").content) > 99_000_000


def test_a_packed_answer_is_a_megabyte_that_unpacks_to_a_thousand_times_that(api):
    body = {"model": "seedance 2.0", "prompt": "A lone lighthouse [[fault:odd=packed]]"}
    with api.stream("POST", "/generations", json=body) as response:
        packed = sum(len(chunk) for chunk in response.iter_raw())

    assert response.headers["content-encoding"] == "gzip"
    assert packed < 1_500_000
    assert UNPACKED_BYTES == 1024**3


def test_the_first_two_fetches_may_be_odd(api, make):
    task_id = make(fault="odd_poll=html")

    types = [api.get(f"/tasks/{task_id}").headers["content-type"] for _ in range(3)]

    assert types == ["text/html", "text/html", "application/json"]


def test_a_link_may_lead_elsewhere(api, make, wait_for_status):
    task_id = make(fault="link=http://169.254.169.254/latest")

    assert wait_for_status(task_id, "completed")["video_url"] == "http://169.254.169.254/latest"

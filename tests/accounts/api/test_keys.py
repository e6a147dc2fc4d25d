"""/api/v1/keys: a program with the scope manage and its team's keys."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import credits, keys
from accounts.actors import INSTALLATION
from accounts.api.answers import iso
from accounts.key_settings import KeySettings
from accounts.models import ApiKey, ApiSecret, AuditEntry
from tests.api import ensure_prices, post
from tests.factories import make_key, make_team

FIELDS = {
    "name": "robot",
    "scopes": ["read"],
    "allowed_models": ["seedance-2.0"],
    "allowed_networks": ["10.0.0.0/8", "2001:db8::7"],
    "rate_plan": "own",
    "rate_limit": 5,
    "rate_seconds": 30,
    "max_in_progress": 2,
    "monthly_budget_credits": 0,
    "lifetime_budget_credits": 10**12,
    "expires_at": "2031-01-01T00:00:00Z",
}
DEFAULTS = {
    "scopes": ["generate", "read"],
    "allowed_models": [],
    "allowed_networks": [],
    "rate_plan": "standard",
    "rate_limit": None,
    "rate_seconds": None,
    "max_in_progress": None,
    "monthly_budget_credits": None,
    "lifetime_budget_credits": None,
    "expires_at": None,
}
# A10: what nobody sets by sending it.
NOT_THEIRS = {
    "id": str(uuid4()),
    "team": str(uuid4()),
    "team_id": str(uuid4()),
    "created_by": None,
    "created_by_id": str(uuid4()),
    "created_at": "2020-01-01T00:00:00Z",
    "revoked_at": None,
    "expiry_told_at": None,
    "digest": "0" * 64,
    "secret": "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA",
    "hint": "0000",
    "is_live": True,
    "budget": {},
    "used_credits": 0,
}
# L12 and the types of the others: each is refused by the name of its field.
BAD = [
    *((name, value) for name in ("max_in_progress", "monthly_budget_credits", "lifetime_budget_credits")
      for value in (-1, 0.1, 5.0, "5", True, 2**63, [5])),
    ("max_in_progress", 0),
    ("monthly_budget_credits", 10**12 + 1),
    ("rate_limit", 5),
    ("rate_plan", "gold"),
    ("rate_plan", "own"),
    ("rate_plan", None),
    ("name", ""),
    ("name", "  "),
    ("name", "a" * 101),
    ("name", "a\tb"),
    ("name", 7),
    ("name", None),
    ("scopes", []),
    ("scopes", ["admin"]),
    ("scopes", "read"),
    ("scopes", [1]),
    ("scopes", None),
    ("allowed_models", ["sora"]),
    ("allowed_networks", ["here"]),
    ("allowed_networks", [f"10.0.0.{number}" for number in range(21)]),
    ("allowed_networks", "10.0.0.0/8"),
    ("expires_at", "2020-01-01T00:00:00Z"),
    ("expires_at", "2031-01-01T00:00:00"),
    ("expires_at", "9999-12-31T23:59:59-12:00"),
    ("expires_at", "tomorrow"),
    ("expires_at", 1900000000),
    ("expires_at", True),
]  # fmt: skip


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def client(team):
    """A program with the scope manage."""
    _, secret = make_key(team=team, name="manager", scopes=("manage",))
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def robot(team) -> ApiKey:
    return make_key(team=team, name="robot", monthly_budget_credits=100)[0]


def send(client: Client, method: str, path: str, body=None):
    return client.generic(method.upper(), f"/api/v1{path}", json.dumps(body or {}), "application/json")


def error_of(response) -> dict:
    return response.json()["error"]


def snapshot() -> list:
    rows = (ApiKey.objects.values(), ApiSecret.objects.values("id", "valid_until"), AuditEntry.objects.values())
    return [list(each.order_by("id")) for each in rows]


def test_a_key_is_made_with_every_setting(client, team):
    response = send(client, "post", "/keys", FIELDS)

    assert response.status_code == 201
    made = response.json()["data"]
    key = ApiKey.objects.get(name="robot")
    assert {name: made[name] for name in FIELDS} == FIELDS
    assert (made["id"], key.team, key.created_by) == (str(key.pk), team, None)
    assert keys.authenticate(made["secret"]) == key
    assert response.headers["Cache-Control"] == "private, no-store"
    assert made["limits"] == {
        "creates": {"limit": 5, "seconds": 30},
        "reads": {"limit": 1000, "seconds": 60},
    }
    entry = AuditEntry.objects.get(subject_id=key.pk)
    assert (entry.action, entry.api_key.name, entry.ip) == ("key.created", "manager", "127.0.0.1")


def test_what_is_not_named_has_its_default(client):
    made = send(client, "post", "/keys", {"name": "plain"}).json()["data"]

    assert {name: made[name] for name in DEFAULTS} == DEFAULTS
    assert made["is_live"]
    assert made["budget"]["lifetime"] == {"limit": None, "used": 0, "left": None, "resets_at": None}
    assert [secret["hint"] for secret in made["secrets"]] == [made["secret"][-4:]]


def test_no_other_answer_holds_a_secret(client, robot):  # A5
    made = send(client, "post", "/keys", {"name": "plain"}).json()["data"]

    answers = [client.get(f"/api/v1/keys{path}") for path in ("", f"/{made['id']}")]
    answers += [
        send(client, "patch", f"/keys/{made['id']}", {"name": "x"}),
        send(client, "delete", f"/keys/{made['id']}"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    for answer in answers:
        assert made["secret"][9:39] not in answer.content.decode()
        assert "digest" not in answer.content.decode()


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_setting_is_refused_by_name_and_nothing_changes(client, robot, field, value):
    before = snapshot()

    answers = [
        send(client, "post", "/keys", {"name": "other", field: value}),
        send(client, "patch", f"/keys/{robot.pk}", {field: value}),
    ]

    for answer in answers:
        assert answer.status_code == 400
        named = error_of(answer)["details"]["field"]
        assert named == ("rate_limit" if (field, value) == ("rate_plan", "own") else field)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("given", "field", "constraint", "limit", "message"),
    [
        ({"scopes": []}, "scopes", "min_length", 1, "scopes must have at least 1 item."),
        ({"name": "a" * 101}, "name", "max_length", 100, "name must have at most 100 characters."),
        ({"name": 7}, "name", "type", "a string", "name must be a string."),
        ({"foo": 1, "bar": 2}, "bar, foo", "unknown", None, "Unknown parameters: bar, foo"),
        (
            {"expires_at": "2031-01-01T00:00:00"}, "expires_at", "type", "date-time",
            "expires_at must include a time zone.",
        ),
        (
            {"expires_at": "tomorrow"}, "expires_at", "type", "a moment such as 2031-01-31T12:00:00Z",
            "expires_at must be a moment such as 2031-01-31T12:00:00Z.",
        ),
        (
            {"monthly_budget_credits": 2**62}, "monthly_budget_credits", "range", [0, 10**12],
            "This must be from 0 to 1000000000000.",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_words_with_its_limit(client, given, field, constraint, limit, message):
    error = error_of(send(client, "post", "/keys", {"name": "robot", **given}))

    assert error["message"] == message
    assert error["details"] == {"field": field, "constraint": constraint, "limit": limit, "value": None}


@pytest.mark.parametrize("field", NOT_THEIRS)
def test_what_is_not_a_setting_is_refused_by_name(client, robot, field):  # A10
    before = snapshot()

    answers = [
        send(client, "post", "/keys", {"name": "other", field: NOT_THEIRS[field]}),
        send(client, "patch", f"/keys/{robot.pk}", {field: NOT_THEIRS[field]}),
        send(client, "post", f"/keys/{robot.pk}/rotate", {field: NOT_THEIRS[field]}),
    ]

    for answer in answers:
        assert (answer.status_code, error_of(answer)["code"]) == (400, "INVALID_PARAMETER")
        assert error_of(answer)["details"]["field"] == field
    assert snapshot() == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"name=a",
        b'{"name":"a","name":"b"}',
        b'{"name":"a\\u0000"}',
        b'{"name":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"name":"a","allowed_networks":["\\udc00"]}',
        b'{"name":"a","max_in_progress":NaN}',
        b'{"name":"a","max_in_progress":' + b"1" * 4301 + b"}",
        b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name":"\xff"}',
    ],
)
def test_a_hostile_body_is_refused(client, robot, body):  # M11
    before = snapshot()

    for method, path in (("post", "/keys"), ("patch", f"/keys/{robot.pk}"), ("post", f"/keys/{robot.pk}/rotate")):
        if body == b"" and path.endswith("/rotate"):
            continue  # that asks for the default
        response = getattr(client, method)(f"/api/v1{path}", body, content_type="application/json")
        assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_PARAMETER")

    assert snapshot() == before


def test_a_large_body_is_413_and_another_type_415(client):
    large = client.post("/api/v1/keys", b'{"name":"' + b"a" * (1 << 20) + b'"}', content_type="application/json")
    form = client.post("/api/v1/keys", {"name": "a"})

    assert (large.status_code, error_of(large)["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert (form.status_code, error_of(form)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_keys_are_listed_newest_first_and_revoked_ones_too(client, team, django_assert_num_queries):
    made = [make_key(team=team, name=f"key {number}")[0] for number in range(3)]
    make_key(name="another team's")
    keys.revoke(made[1], by=INSTALLATION)
    client.get("/api/v1/keys")

    with django_assert_num_queries(5):  # key, limit, keys, their secrets, total
        listed = client.get("/api/v1/keys").json()["data"]

    assert [key["name"] for key in listed["keys"]] == ["key 2", "key 1", "key 0", "manager"]
    assert [key["is_live"] for key in listed["keys"]] == [True, False, True, True]
    assert [key["revoked_at"] is None for key in listed["keys"]] == [True, False, True, True]
    assert listed["pagination"] == {"total": 4, "limit": 20, "offset": 0, "has_more": False}


def test_the_list_is_turned_by_limit_and_offset(client, team):
    for number in range(3):
        make_key(team=team, name=f"key {number}")

    pages = [client.get(f"/api/v1/keys?limit=2&offset={offset}").json()["data"] for offset in (0, 2, 4)]

    assert [[key["name"] for key in page["keys"]] for page in pages] == [["key 2", "key 1"], ["key 0", "manager"], []]
    assert [page["pagination"]["has_more"] for page in pages] == [True, False, False]
    assert client.get("/api/v1/keys?limit=101").status_code == 400


def test_one_key_tells_its_settings_budgets_and_the_secrets_that_are_good(client, robot, team):
    credits.hold(team.pk, 30, hold_id=uuid4(), api_key_id=robot.pk)
    keys.rotate(robot, grace=timedelta(hours=1), by=INSTALLATION)

    shown = client.get(f"/api/v1/keys/{robot.pk}").json()["data"]

    assert shown["name"] == "robot"
    assert shown["budget"]["monthly"].items() >= {"limit": 100, "used": 30, "left": 70}.items()
    assert [secret["valid_until"] is None for secret in shown["secrets"]] == [True, False]


def test_a_key_tells_when_it_was_last_used_whatever_its_secrets_became(client, robot):
    def last_used():
        shown = client.get(f"/api/v1/keys/{robot.pk}").json()["data"]
        return shown["last_used_at"], [secret["last_used_at"] for secret in shown["secrets"]]

    never = last_used()
    keys.touch(robot.secrets.get(), "192.0.2.7")
    used_at = iso(robot.secrets.get().last_used_at)
    keys.rotate(robot, grace=timedelta(0), by=INSTALLATION)
    rotated = last_used()
    keys.revoke(robot, by=INSTALLATION)

    assert [never, rotated, last_used()] == [(None, [None]), (used_at, [None]), (used_at, [])]


def test_old_secrets_are_ended_by_a_call(client, robot, team):
    secret = keys.rotate(robot, grace=timedelta(hours=1), by=INSTALLATION)

    first = send(client, "post", f"/keys/{robot.pk}/end-old-secrets")
    before = snapshot()
    again = client.post(f"/api/v1/keys/{robot.pk}/end-old-secrets")

    assert [first.status_code, again.status_code] == [200, 200]
    assert [each["hint"] for each in first.json()["data"]["secrets"]] == [secret[-4:]]
    assert snapshot() == before
    entry = AuditEntry.objects.get(action="key.changed")
    assert (entry.detail, entry.api_key.name) == ({"ended_secrets": 1}, "manager")


def test_a_rotation_that_names_the_secret_it_replaces_happens_once(client, team):
    robot, old = make_key(team=team)
    body = {"grace_seconds": 3600, "current_hint": old[-4:]}

    first = send(client, "post", f"/keys/{robot.pk}/rotate", body)
    before = snapshot()
    again = send(client, "post", f"/keys/{robot.pk}/rotate", body)

    assert [first.status_code, again.status_code] == [200, 409]
    assert error_of(again)["code"] == "CONFLICT"
    assert error_of(again)["details"] == {"state": "replaced", "current_hint": first.json()["data"]["secret"][-4:]}
    assert snapshot() == before


@pytest.mark.parametrize("hint", ["abc", "abcde", 1234, ["a"], ""])
def test_what_is_no_hint_is_refused_and_nothing_is_rotated(client, robot, hint):
    before = snapshot()

    response = send(client, "post", f"/keys/{robot.pk}/rotate", {"current_hint": hint})

    assert (response.status_code, error_of(response)["details"]["field"]) == (400, "current_hint")
    assert snapshot() == before


def test_the_two_hundred_and_first_key_is_a_conflict(client, team):
    ApiKey.objects.bulk_create(ApiKey(team=team, name="one of many") for _ in range(199))
    before = snapshot()

    response = send(client, "post", "/keys", {"name": "one more"})

    assert (response.status_code, error_of(response)["code"]) == (409, "CONFLICT")
    assert error_of(response)["details"] == {"constraint": "max_keys", "limit": 200}
    assert snapshot() == before


def test_a_plan_can_be_left_without_naming_its_figures(client, team):
    robot, _ = make_key(team=team, rate_plan="own", rate_limit=5, rate_seconds=60)

    changed = send(client, "patch", f"/keys/{robot.pk}", {"rate_plan": "pro"})

    assert changed.status_code == 200
    shown = changed.json()["data"]
    assert (shown["rate_plan"], shown["rate_limit"], shown["rate_seconds"]) == ("pro", None, None)


def test_only_what_is_named_is_changed(client, robot):
    response = send(client, "patch", f"/keys/{robot.pk}", {"monthly_budget_credits": None, "scopes": ["read"]})

    assert response.status_code == 200
    changed = ApiKey.objects.get(pk=robot.pk)
    assert KeySettings.of(changed) == KeySettings(name="robot", scopes=("read",))
    assert response.json()["data"]["scopes"] == ["read"]
    entry = AuditEntry.objects.get(action="key.changed")
    assert entry.detail == {"scopes": ["generate, read", "read"], "monthly_budget_credits": [100, None]}
    assert entry.api_key.name == "manager"


def test_a_change_of_nothing_is_harmless(client, robot):
    before = snapshot()

    responses = [send(client, "patch", f"/keys/{robot.pk}", body) for body in ({}, {"name": "robot"})]

    assert [response.status_code for response in responses] == [200, 200]
    assert snapshot() == before


def test_every_setting_can_be_changed_and_taken_away(client, robot):
    changed = send(client, "patch", f"/keys/{robot.pk}", FIELDS).json()["data"]
    cleared = send(client, "patch", f"/keys/{robot.pk}", DEFAULTS).json()["data"]

    assert {name: changed[name] for name in FIELDS} == FIELDS
    assert {name: cleared[name] for name in DEFAULTS} == DEFAULTS


def test_a_new_budget_holds_at_once_over_the_api(client, team):
    robot, secret = make_key(team=team)
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    send(client, "patch", f"/keys/{robot.pk}", {"lifetime_budget_credits": 15})

    answers = [post(program, "/generations", {"prompt": "a"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 402]
    details = error_of(answers[1])["details"]
    assert details.items() >= {"limit_source": "key_budget", "required": 15, "available": 0}.items()
    own = program.get("/api/v1/key").json()["data"]["budget"]["lifetime"]
    assert own == {"limit": 15, "used": 15, "left": 0, "resets_at": None}


def test_a_rotated_key_has_a_new_secret_under_its_id(client, team):
    robot, old = make_key(team=team)

    response = send(client, "post", f"/keys/{robot.pk}/rotate", {"grace_seconds": 3600})

    assert response.status_code == 200
    told = response.json()["data"]
    assert told["id"] == str(robot.pk)
    assert keys.authenticate(told["secret"]) == keys.authenticate(old) == robot
    assert [secret["hint"] for secret in told["secrets"]] == [told["secret"][-4:], old[-4:]]
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_the_grace_is_a_day_where_none_is_chosen(client, team, body):
    robot, old = make_key(team=team)

    client.post(f"/api/v1/keys/{robot.pk}/rotate", body, content_type="application/json")

    valid_until = keys.authenticate(old).secret.valid_until
    assert timedelta(hours=23, minutes=59) < valid_until - datetime.now(UTC) <= timedelta(days=1)


@pytest.mark.parametrize("grace", [-1, 2_592_001, 0.5, "60", True, None, 2**63])
def test_a_bad_grace_is_refused_and_nothing_is_rotated(client, robot, grace):
    before = snapshot()

    response = send(client, "post", f"/keys/{robot.pk}/rotate", {"grace_seconds": grace})

    assert response.status_code == 400
    assert error_of(response)["details"]["field"] == "grace_seconds"
    assert snapshot() == before


def test_a_program_can_rotate_its_own_key_and_go_on_with_the_new_secret(team):
    key, secret = make_key(team=team, scopes=("manage",))

    for _ in range(3):
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        response = send(client, "post", f"/keys/{key.pk}/rotate", {"grace_seconds": 0})
        secret = response.json()["data"]["secret"]
        assert client.get("/api/v1/key").status_code == 401

    assert keys.authenticate(secret) == key


def test_a_revoked_key_is_told_as_such_and_again_is_harmless(client, robot):
    first = send(client, "delete", f"/keys/{robot.pk}")
    before = snapshot()
    again = send(client, "delete", f"/keys/{robot.pk}")

    assert [first.status_code, again.status_code] == [200, 200]
    assert first.json() == again.json()
    assert first.json()["data"]["revoked_at"] is not None
    assert first.json()["data"]["secrets"] == []
    assert snapshot() == before


def test_a_revoked_key_is_a_conflict_to_change(client, robot):
    keys.revoke(robot, by=INSTALLATION)
    before = snapshot()

    answers = [
        send(client, "patch", f"/keys/{robot.pk}", {"name": "a"}),
        send(client, "post", f"/keys/{robot.pk}/rotate"),
        send(client, "post", f"/keys/{robot.pk}/end-old-secrets"),
    ]

    assert [(answer.status_code, error_of(answer)["code"]) for answer in answers] == [(409, "CONFLICT")] * 3
    assert error_of(answers[0])["details"] == {"state": "revoked"}
    assert snapshot() == before


@pytest.mark.parametrize("method", ["get", "patch", "delete", "rotate"])
@pytest.mark.parametrize("whose", ["another team's", "nobody's", "no id"])
def test_any_other_key_is_not_found(client, method, whose):  # A1
    foreign, secret = make_key(name="theirs")
    key_id = {"another team's": foreign.pk, "nobody's": uuid4(), "no id": "0"}[whose]
    before = snapshot()

    if method == "rotate":
        response = send(client, "post", f"/keys/{key_id}/rotate")
    else:
        response = send(client, method, f"/keys/{key_id}", {"name": "mine"})

    assert (response.status_code, error_of(response)["code"]) == (404, "NOT_FOUND")
    assert "theirs" not in response.content.decode()
    assert snapshot() == before
    assert keys.authenticate(secret) == foreign


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/keys", "GET, POST"), ("/keys/{}", "DELETE, GET, PATCH"), ("/keys/{}/rotate", "POST")],
)
def test_other_methods_are_refused(client, robot, path, allowed):
    response = send(client, "put", path.format(robot.pk))

    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


def test_an_expired_key_is_shown_without_secrets(client, robot):
    ApiKey.objects.filter(pk=robot.pk).update(expires_at=timezone.now() - timedelta(hours=1))

    shown = client.get(f"/api/v1/keys/{robot.pk}").json()["data"]

    assert (shown["is_live"], shown["revoked_at"], shown["secrets"]) == (False, None, [])

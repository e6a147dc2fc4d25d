import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from accounts import credits
from accounts.actors import INSTALLATION, Actor
from accounts.audit_log import record, record_of_account
from accounts.models import ApiKey, AuditAction, AuditEntry, Role, Team
from accounts.views import audit_log
from tests.factories import make_member, make_team, make_user

URL = "/team/audit-log/"
CSV = "/team/audit-log.csv"
# session, user, membership with team and balance, entries, people and keys to choose from, how many are in progress
QUERIES = 7
HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


@pytest.fixture
def owner(db):
    return make_user(name="Grace")


@pytest.fixture
def team(owner):
    """With nothing in its log, not even that it was made."""
    team = Team.objects.create(name="Lumière")
    credits.open_balance(team)
    make_member(team=team, role=Role.OWNER, user=owner)
    return team


def key_of(team: Team, name: str) -> ApiKey:
    return ApiKey.objects.create(team=team, name=name)


def subjects(response):
    return [line.entry.subject for line in response.context["lines"]]


def rows_of(response):
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline="")))


def note(team, subject, *, action=AuditAction.TEAM_CHANGED, by=INSTALLATION, **detail) -> None:
    record(by, action, team=team, subject=subject, **detail)


def test_it_says_who_did_what_to_what_and_from_where(team, owner, sign_in):
    by = Actor(user=owner, ip="203.0.113.9")
    note(team, "bob@example.com", action=AuditAction.MEMBER_ROLE_CHANGED, by=by, role=["member", "admin"])

    page = sign_in(owner).get(URL).content.decode()

    for words in ("Grace", owner.email, "Role changed", "bob@example.com", "203.0.113.9"):
        assert words in page
    assert "Role: <bdi>Member</bdi> → <bdi>Admin</bdi>" in page


def test_what_a_key_did_bears_its_name(team, owner, sign_in):
    key = key_of(team, "the deployer")
    note(team, "another key", action=AuditAction.KEY_REVOKED, by=Actor(api_key=key))

    line = sign_in(owner).get(URL).context["lines"][0]

    assert (line.who, line.email) == ("the deployer", "")


def test_what_the_installation_did_bears_its_name(team, owner, sign_in):
    note(team, "a code")

    assert sign_in(owner).get(URL).context["lines"][0].who == "Filmgate"


def test_an_operator_is_not_named_to_a_team(team, owner, sign_in):
    operator = make_user(email="root@filmgate.test", name="Root")
    type(operator).objects.filter(pk=operator.pk).update(is_staff=True)
    operator.refresh_from_db()
    by = Actor(user=operator, ip="203.0.113.66")
    note(team, "100 credits", action=AuditAction.CREDITS_GRANTED, by=by, credits=100)

    response = sign_in(owner).get(URL)

    assert response.context["lines"][0].who == "Operator"
    for told in (response.content.decode(), sign_in(owner).get(CSV).getvalue().decode()):
        assert "root@filmgate.test" not in told
        assert "203.0.113.66" not in told


def test_an_operator_who_is_a_member_is_named(team, owner, sign_in):
    type(owner).objects.filter(pk=owner.pk).update(is_staff=True)
    owner.refresh_from_db()
    note(team, "x", by=Actor(user=owner))

    assert sign_in(owner).get(URL).context["lines"][0].who == "Grace"


def test_sign_ins_of_members_are_in_it(team, owner, sign_in):
    member = make_member(team=team)
    record_of_account(Actor(user=member, ip="203.0.113.7"), AuditAction.SIGNED_IN, user=member)
    record_of_account(Actor(ip="203.0.113.8"), AuditAction.SIGN_IN_FAILED, user=member)

    page = sign_in(owner).get(URL)

    assert subjects(page) == [member.email, member.email]
    assert [line.who for line in page.context["lines"]] == ["Unknown", member.display_name]


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"credits": 1000}, ["Credits: 1,000"]),
        ({"monthly_budget_credits": [None, 5000]}, ["Monthly budget: none → 5,000"]),
        ({"requires_two_factor": [False, True]}, ["Two-factor sign-in required: no → yes"]),
        ({"scopes": "generate, read"}, ["Scopes: Generate, Read"]),
        ({"scopes": ["generate, read", "manage"]}, ["Scopes: Generate, Read → Manage"]),
        ({"scopes": "generate, of another time"}, ["Scopes: Generate, of another time"]),
        ({"allowed_networks": [[], ["10.0.0.0/8"]]}, ["Networks: none → 10.0.0.0/8"]),
        ({"rate_plan": ["standard", "free"]}, ["Rate plan: Standard: 1,000 a minute → Free: 10 an hour"]),
        ({"amount": 1900, "currency": "usd"}, ["Amount: USD\N{NO-BREAK SPACE}19.00"]),
        ({"amount": 1900, "currency": "jpy"}, ["Amount: JPY\N{NO-BREAK SPACE}1,900"]),
        ({"expires_at": [None, "2026-12-01T00:00:00+00:00"]}, ["Expires: none → Dec 1, 2026, 12:00 AM UTC"]),
        ({"grace_seconds": 3600}, ["Old secret valid for: 1 hour"]),
        ({"grace_seconds": 604800}, ["Old secret valid for: 7 days"]),
        ({"rate_seconds": [None, 90]}, ["Within: none → 90 seconds"]),
        ({"grace_seconds": 0}, ["Old secret valid for: 0 seconds"]),
        ({"something_new": "x"}, ["Something new: x"]),
        ({"name": ["a", ""]}, ["Name: a → none"]),
        ({"method": "password, totp"}, ["Method: password, authenticator app"]),
        ({"change": "passkey added"}, ["Change: passkey added"]),
        ({"change": "of another time"}, ["Change: of another time"]),
        ({"browser": "Safari", "system": "iPhone", "address": "::1"}, ["Address: ::1", "Device: Safari on iPhone"]),
        ({"browser": "", "system": ""}, ["Device: Unknown device"]),
        ({"is_active": [True, False]}, ["Active: yes → no"]),
        ({}, []),
    ],
)
def test_details_are_told_in_words(team, owner, sign_in, detail, words):
    note(team, "x", **detail)

    line = sign_in(owner).get(URL).context["lines"][0]

    assert [str(each) for each in line.details] == words


def test_by_what_was_done(team, owner, sign_in):
    note(team, "a key", action=AuditAction.KEY_CREATED)
    note(team, "a member", action=AuditAction.MEMBER_INVITED)
    browser = sign_in(owner)

    assert subjects(browser.get(URL, {"group": "key"})) == ["a key"]
    assert subjects(browser.get(URL, {"group": "member"})) == ["a member"]
    assert subjects(browser.get(URL, {"group": "credits"})) == []
    assert subjects(browser.get(URL)) == ["a member", "a key"]


def test_by_person_what_they_did_and_what_was_done_to_them(team, owner, sign_in):
    member = make_member(team=team)
    record(Actor(user=member), AuditAction.MEMBER_LEFT, team=team, subject="did")
    record(INSTALLATION, AuditAction.MEMBER_JOINED, team=team, subject="was done to", subject_id=member.pk)
    note(team, "neither", by=Actor(user=owner))

    assert subjects(sign_in(owner).get(URL, {"person": member.pk})) == ["was done to", "did"]


def test_by_key_what_it_did_and_what_was_done_to_it(team, owner, sign_in):
    key = key_of(team, "a key")
    record(Actor(api_key=key), AuditAction.KEY_CREATED, team=team, subject="did")
    record(INSTALLATION, AuditAction.KEY_REVOKED, team=team, subject="was done to", subject_id=key.pk)
    note(team, "neither")

    assert subjects(sign_in(owner).get(URL, {"key": key.pk})) == ["was done to", "did"]


def test_who_has_left_can_still_be_asked_for(team, owner, sign_in):
    former = make_user()
    note(team, "before leaving", by=Actor(user=former))

    assert subjects(sign_in(owner).get(URL, {"person": former.pk})) == ["before leaving"]


def test_by_days_of_the_teams_time_zone(team, owner, sign_in):
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Shanghai")
    for subject, hour in (("the first", 15), ("the second", 16)):
        at = datetime(2026, 11, 1, hour, tzinfo=UTC)
        AuditEntry.objects.create(team=team, action=AuditAction.TEAM_CHANGED, subject=subject, created_at=at)
    browser = sign_in(owner)

    assert subjects(browser.get(URL, {"until": "2026-11-01"})) == ["the first"]
    assert subjects(browser.get(URL, {"since": "2026-11-02"})) == ["the second"]


@pytest.mark.parametrize("url", [URL, CSV])
@pytest.mark.parametrize("name", ["key", "person"])
def test_another_teams_key_or_person_gives_nothing(team, owner, sign_in, url, name):  # A1
    stranger = make_user(name="a stranger")
    other = make_team(owner=stranger)
    key = key_of(other, "a key of theirs")
    note(other, "only theirs", by=Actor(user=stranger))

    response = sign_in(owner).get(url, {name: {"key": key.pk, "person": stranger.pk}[name]})

    page = response.content.decode()
    assert response.status_code == 422
    for word in ("a stranger", "a key of theirs", "only theirs"):
        assert word not in page


def test_another_teams_entries_are_not_shown(team, owner, sign_in):  # A1
    note(make_team(), "only theirs")
    record(INSTALLATION, AuditAction.CODES_ISSUED, team=None, subject="nobody's")
    note(team, "ours")

    assert subjects(sign_in(owner).get(URL)) == ["ours"]
    assert [row[5] for row in rows_of(sign_in(owner).get(CSV))[1:]] == ["ours"]


@pytest.mark.parametrize("url", [URL, CSV])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"since": "x"}, "From: Enter a date such as 2026-11-30."),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "To: The last day comes before the first."),
        ({"group": "x"}, "What: Select a valid choice."),
        ({"person": "x"}, "Person: Select a valid choice."),
        ({"key": str(uuid4())}, "API key: Select a valid choice."),
    ],
)
def test_a_filter_that_is_wrong_is_told(team, owner, sign_in, url, asked, told):
    response = sign_in(owner).get(url, asked)

    assert response.status_code == 422
    assert told in response.content.decode()


def test_nothing_that_fits_says_so_and_offers_to_clear(team, owner, sign_in):
    page = sign_in(owner).get(URL, {"group": "credits"}).content.decode()

    assert "Nothing in the log fits these filters." in page
    assert f'<a class="button primary" href="{URL}">Clear the filters</a>' in page


def test_pages_follow_one_another_without_a_gap(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE_SIZE", 3)
    for number in range(5):
        note(team, str(number))
    browser = sign_in(owner)

    first = browser.get(URL)
    second = browser.get(URL, {"before": first.context["next_before"]})

    assert subjects(first) + subjects(second) == ["4", "3", "2", "1", "0"]
    assert second.context["next_before"] is None


def test_htmx_gets_the_rows_or_the_log_alone(team, owner, sign_in):
    note(team, "x")
    browser = sign_in(owner, htmx=True)

    assert browser.get(URL, {"before": uuid4()}).content.strip()[:4] in (b"<tr>", b"")
    assert browser.get(URL).content.strip().startswith(b'<div class="stack" id="audit-log">')


@pytest.mark.parametrize("before", ["", "x", "1", "\x00"])
def test_a_cursor_that_is_no_id_is_not_found(team, owner, sign_in, before):
    assert sign_in(owner).get(URL, {"before": before}).status_code == 404


def test_the_csv_has_the_same_entries_in_words(team, owner, sign_in):
    by = Actor(user=owner, ip="203.0.113.9")
    note(team, "bob@example.com", action=AuditAction.MEMBER_ROLE_CHANGED, by=by, role=["member", "admin"])
    note(team, "a key", action=AuditAction.KEY_CREATED)

    rows = rows_of(sign_in(owner).get(CSV, {"group": "member"}))

    assert [cell.partition(" (")[0] for cell in rows[0]] == [
        "Time", "Who", "E-mail", "What", "Action", "Subject", "Details", "Address"
    ]  # fmt: skip
    assert rows[1][1:] == [
        "Grace", owner.email, "Role changed", "member.role_changed", "bob@example.com", "Role: Member → Admin",
        "203.0.113.9",
    ]  # fmt: skip
    assert len(rows) == 2


def test_formulas_in_the_csv_are_text(team, owner, sign_in):  # B10
    note(team, "=1+1", name="@SUM(A1)")

    row = rows_of(sign_in(owner).get(CSV))[1]

    assert row[5] == "'=1+1"


def test_the_csv_is_read_in_batches(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(audit_log, "BATCH", 2)
    for number in range(5):
        note(team, str(number))

    rows = rows_of(sign_in(owner).get(CSV))

    assert [row[5] for row in rows[1:]] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_subjects_and_details_are_text(team, owner, sign_in, payload):  # B1
    note(team, payload[:254], name=[payload, payload])

    page = sign_in(owner).get(URL).content.decode()

    for markup in (
        "<script>alert",
        "<svg/onload",
        '<div hx-get="/api',
        "<b hx-on",
        "<form action=//",
        "<meta http-equiv",
        "<video src=x",
    ):
        assert markup not in page


@pytest.mark.parametrize("url", [URL, CSV])
@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.MEMBER, 403), (Role.VIEWER, 403)])
def test_owners_and_admins_may_see_it(team, sign_in, url, role, status):
    assert sign_in(make_member(team=team, role=role)).get(url).status_code == status


@pytest.mark.parametrize("url", [URL, CSV])
def test_signed_out_it_leads_to_the_sign_in_page(db, url):
    assert Client().get(url).url == f"/sign/login/?next={url}"


@pytest.mark.parametrize("url", [URL, CSV])
def test_posting_is_refused(team, owner, sign_in, url):
    assert sign_in(owner).post(url).status_code == 405


@pytest.mark.parametrize("entries", [1, 3])
def test_the_queries_do_not_grow_with_the_entries(team, owner, sign_in, django_assert_num_queries, entries):
    for number in range(entries):
        note(team, str(number), by=Actor(user=make_member(team=team)))
    browser = sign_in(owner)

    with django_assert_num_queries(QUERIES):
        browser.get(URL)

"""Endpoints by their service: who may, what is refused, what a repeat does, and what a race does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import teams
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditEntry, EventType, Role, WebhookDelivery, WebhookEndpoint, WebhookSecret
from accounts.refusals import InvalidSetting, TeamClosing
from accounts.roles import NotAllowed
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoints import MAX_ENDPOINTS, AlreadyCreated, TooManyEndpoints
from project.outbound import UrlRefused
from tests.factories import make_delivery, make_endpoint, make_key, make_member, make_team
from tests.races import race

URL = "https://hooks.example.com/filmgate?token=hidden"
HOUR = timedelta(hours=1)
State = WebhookDelivery.State


@pytest.fixture
def owner_of():
    return lambda team: Actor(user=team.members.get(memberships__role=Role.OWNER), ip="192.0.2.1")


def create(team, **given):
    return endpoints.create(team, **{"url": URL, "events": ["task.failed"], "by": INSTALLATION, **given})


def fresh(endpoint):
    return WebhookEndpoint.objects.get(pk=endpoint.pk)


def last_entry():
    return AuditEntry.objects.latest("id")


def test_an_endpoint_is_made_with_a_secret_that_is_kept_encrypted(team, owner_of):
    by = owner_of(team)

    endpoint, secret = create(team, events=["credits.low", "task.failed", "task.failed"], description=" Shop ", by=by)

    row = fresh(endpoint)
    assert (row.url, row.description, row.events) == (URL, "Shop", ["task.failed", "credits.low"])
    assert (signing.current(row), row.created_by) == (secret, by.user)
    assert secret.encode() not in bytes(row.secret)
    entry = last_entry()
    assert (entry.action, entry.subject, entry.subject_id) == ("endpoint.created", "hooks.example.com", row.pk)
    assert entry.detail == {"url": "https://hooks.example.com", "events": "task.failed, credits.low"}


def test_the_path_of_a_url_is_not_in_the_audit_log(team):
    endpoint, _secret = create(team)

    endpoints.change(endpoint, by=INSTALLATION, url="https://hooks.example.com/another?token=too")

    assert "token" not in str(list(AuditEntry.objects.values("subject", "detail")))


@pytest.mark.parametrize(
    ("given", "field", "constraint"),
    [
        ({"events": []}, "events", "one_of"),
        ({"events": [EventType.TEST]}, "events", "one_of"),
        ({"events": ["task.failed", "task.exploded"]}, "events", "one_of"),
        ({"description": "x" * 201}, "description", "max_length"),
        ({"description": "a\0b"}, "description", "text"),
        ({"description": "a\u202eb"}, "description", "text"),
    ],
)
def test_settings_that_cannot_be_had_are_refused(team, given, field, constraint):
    endpoint, _secret = create(team)
    for act in (lambda: create(team, **given), lambda: endpoints.change(endpoint, by=INSTALLATION, **given)):
        with pytest.raises(InvalidSetting) as refused:
            act()
        assert (refused.value.field, refused.value.constraint) == (field, constraint)

    assert list(WebhookEndpoint.objects.all()) == [endpoint]


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://filmgate.internal/", "https://hooks.example.com:8443/"])
def test_a_url_that_is_not_sent_to_is_refused_at_saving(team, url):  # C11
    endpoint, _secret = create(team)
    for act in (lambda: create(team, url=url), lambda: endpoints.change(endpoint, by=INSTALLATION, url=url)):
        with pytest.raises(UrlRefused):
            act()

    assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == [URL]


def every_call(endpoint, by):
    """Everything that is done to endpoints, as functions to call."""
    return [
        lambda: create(endpoint.team, by=by),
        lambda: endpoints.change(endpoint, description="mine", by=by),
        lambda: endpoints.rotate(endpoint, grace=HOUR, by=by),
        lambda: endpoints.rotate_of_team(endpoint.team, grace=HOUR, by=by),
        lambda: endpoints.pause(endpoint, by=by),
        lambda: endpoints.resume(endpoint, by=by),
        lambda: endpoints.send_test(endpoint, by=by),
        lambda: endpoints.enable(endpoint, send_failed=True, by=by),
        lambda: endpoints.delete(endpoint, by=by),
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, None])
def test_who_may_not_manage_webhooks_is_refused_everything(team, role):
    endpoint = make_endpoint(team=team)
    stranger = make_team().members.get()
    by = Actor(user=make_member(team=team, role=role) if role else stranger)
    before = list(WebhookEndpoint.objects.values()), AuditEntry.objects.count()

    for call in every_call(endpoint, by):
        with pytest.raises(NotAllowed):
            call()

    assert (list(WebhookEndpoint.objects.values()), AuditEntry.objects.count()) == before
    assert not WebhookSecret.objects.exists()


@pytest.mark.parametrize("scopes", [("generate", "read"), ("manage",)])
def test_a_key_manages_webhooks_if_it_has_the_scope(team, scopes):
    endpoint, key = make_endpoint(team=team), make_key(team=team, scopes=scopes)[0]
    for call in every_call(endpoint, Actor(api_key=key)):
        if "manage" in scopes:
            call()
        else:
            with pytest.raises(NotAllowed):
                call()

    assert bool(fresh(endpoint).deleted_at) is ("manage" in scopes)


def test_an_admin_does_all_of_it(team):
    endpoint = make_endpoint(team=team)
    for call in every_call(endpoint, Actor(user=make_member(team=team, role=Role.ADMIN))):
        call()

    assert fresh(endpoint).deleted_at


def test_the_same_form_makes_one(team):
    endpoint_id = uuid4()
    create(team, endpoint_id=endpoint_id)

    with pytest.raises(AlreadyCreated):
        create(team, endpoint_id=endpoint_id)

    assert WebhookEndpoint.objects.get().pk == endpoint_id


def test_a_team_has_so_many_and_deleted_ones_do_not_count(team):
    made = [create(team)[0] for _ in range(MAX_ENDPOINTS)]
    with pytest.raises(TooManyEndpoints):
        create(team)

    endpoints.delete(made[0], by=INSTALLATION)
    create(team)

    assert team.webhook_endpoints.kept().count() == MAX_ENDPOINTS


def test_of_many_made_at_once_no_more_than_the_limit_are_there(team):
    for _ in range(MAX_ENDPOINTS - 2):
        create(team)

    def attempt(_number):
        try:
            return bool(create(team))
        except TooManyEndpoints:
            return False

    assert sum(race(attempt, range(6), threads=6)) == 2
    assert team.webhook_endpoints.kept().count() == MAX_ENDPOINTS


def test_a_team_that_is_being_closed_gets_none(team):
    teams.close(team, by=INSTALLATION)

    with pytest.raises(TeamClosing):
        create(team)

    assert not WebhookEndpoint.objects.exists()


def test_what_waits_goes_to_the_new_url_and_what_has_ended_stays(team):
    endpoint = make_endpoint(team=team)
    waiting, ended = (make_delivery(team=team, endpoint=endpoint) for _ in range(2))
    WebhookDelivery.objects.filter(pk=ended.pk).update(state=State.FAILED, next_at=None, ended_at=timezone.now())

    endpoints.change(endpoint, by=INSTALLATION, url="https://other.example.com/in")

    told = {row.pk: (row.url, row.host) for row in WebhookDelivery.objects.all()}
    assert told[waiting.pk] == ("https://other.example.com/in", "other.example.com")
    assert told[ended.pk][1] == "hooks.example.com"


def test_a_change_says_what_it_was_before_and_one_that_changes_nothing_says_nothing(team):
    endpoint = make_endpoint(team=team, description="Shop")
    for _ in range(2):
        endpoints.change(endpoint, by=INSTALLATION, description="Website", events=["task.failed", "credits.low"])

    entry = last_entry()
    assert entry.detail == {
        "description": ["Shop", "Website"],
        "events": ["task.completed, task.failed", "task.failed, credits.low"],
    }
    assert AuditEntry.objects.filter(action="endpoint.changed").count() == 1


def test_two_changes_at_once_both_stay(team):
    endpoint = make_endpoint(team=team)
    changes = [{"description": "Shop"}, {"events": ["credits.low"]}]

    race(lambda given: endpoints.change(endpoint, by=INSTALLATION, **given), changes, threads=2)

    assert (fresh(endpoint).description, fresh(endpoint).events) == ("Shop", ["credits.low"])

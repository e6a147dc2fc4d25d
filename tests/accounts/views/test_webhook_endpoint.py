from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import AuditAction, AuditEntry, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import endpoints, signing
from accounts.webhooks.versions import version_of
from tests.factories import make_delivery, make_endpoint
from tests.pages import SURE, queries, text_of
from tests.webhook_forms import HOOK, disable, endpoint_url, errors_of, rotate_form, secret_in, seen_in, settings_form

State = WebhookDelivery.State


@pytest.fixture
def endpoint(team):
    return make_endpoint(team=team, description="Website")


def fresh(endpoint):
    return WebhookEndpoint.objects.get(pk=endpoint.pk)


def failed(delivery, at=None):
    at = at or timezone.now()
    row = WebhookDelivery.objects.filter(pk=delivery.pk)
    row.update(state=State.FAILED, next_at=None, ended_at=at, updated_at=at)
    return delivery


def test_the_page_shows_all_of_an_endpoint(owner, endpoint, sign_in):
    delivery = make_delivery(team=endpoint.team, endpoint=endpoint)

    page = text_of(sign_in(owner).get(endpoint_url(endpoint)))

    assert "<bdi>Website</bdi>" in page
    assert f'value="{HOOK}"' in page
    assert f"/webhooks/deliveries/{delivery.pk}/" in page
    assert f"/webhooks/deliveries/?endpoint={endpoint.pk}" in page
    assert signing.current(endpoint) not in page
    assert "Pause this endpoint" in page


def test_the_page_takes_as_many_queries_for_many_deliveries_as_for_one(owner, endpoint, sign_in):
    browser = sign_in(owner)
    for number in (1, 12):
        for _ in range(number):
            make_delivery(team=endpoint.team, endpoint=endpoint)
        browser.get(endpoint_url(endpoint))
        # session, user, membership, endpoint, its figures, latest deliveries, how many are in progress
        with queries(7):
            response = browser.get(endpoint_url(endpoint))
    assert len(response.context["latest"]) == 10


def test_settings_are_saved(owner, endpoint, sign_in):
    browser = sign_in(owner)
    seen = seen_in(browser.get(endpoint_url(endpoint)))

    form = settings_form(url=f"{HOOK}/too", description="Shop", events=["task.failed"], seen=seen)
    saved = browser.post(endpoint_url(endpoint), form, follow=True)

    endpoint = fresh(endpoint)
    assert (endpoint.url, endpoint.description, endpoint.events) == (f"{HOOK}/too", "Shop", ["task.failed"])
    assert saved.redirect_chain == [(endpoint_url(endpoint), 302)]
    assert "Saved." in text_of(saved)


def test_what_someone_else_changed_meanwhile_stays(owner, endpoint, sign_in):
    browser = sign_in(owner)
    seen = seen_in(browser.get(endpoint_url(endpoint)))
    endpoints.change(endpoint, by=INSTALLATION, events=["credits.low"])

    shown = ["task.failed", "task.completed"]  # as it was, in another order
    browser.post(endpoint_url(endpoint), settings_form(description="Shop", events=shown, seen=seen))

    assert (fresh(endpoint).description, fresh(endpoint).events) == ("Shop", ["credits.low"])


def test_settings_that_are_not_touched_leave_no_trace(owner, endpoint, sign_in):
    browser = sign_in(owner)
    seen = seen_in(browser.get(endpoint_url(endpoint)))

    form = settings_form(description="Website", events=["task.completed", "task.failed"], seen=seen)
    browser.post(endpoint_url(endpoint), form)

    assert not AuditEntry.objects.filter(action=AuditAction.ENDPOINT_CHANGED).exists()


def test_a_url_that_could_not_be_chosen_any_more_is_kept_when_the_rest_is_saved(owner, endpoint, sign_in):
    WebhookEndpoint.objects.update(url="https://hooks.example.com:8443/")
    browser = sign_in(owner)
    seen = seen_in(browser.get(endpoint_url(endpoint)))

    form = settings_form(url="https://hooks.example.com:8443/", description="Shop", seen=seen)
    saved = browser.post(endpoint_url(endpoint), form)

    assert (saved.status_code, fresh(endpoint).description) == (302, "Shop")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"url": "http://127.0.0.1/"}, "url"), ({"events": []}, "events"), ({"description": "a\u202eb"}, "description")],
)
def test_settings_that_are_wrong_change_nothing(owner, endpoint, sign_in, given, field):
    refused = sign_in(owner).post(endpoint_url(endpoint), settings_form(**given))

    assert (refused.status_code, list(errors_of(refused))) == (422, [field])
    assert "Nothing was changed" in text_of(refused)
    assert (fresh(endpoint).url, fresh(endpoint).description) == (HOOK, "Website")


def test_a_rotated_secret_is_shown_once_and_the_old_one_signs_along(owner, endpoint, sign_in):  # C10
    before, browser = signing.current(endpoint), sign_in(owner)

    rotated = browser.post(endpoint_url(endpoint, "rotate/"), rotate_form(endpoint))

    secret = secret_in(rotated)
    assert secret == signing.current(fresh(endpoint)) != before
    assert "The old secret signs along until" in text_of(rotated)
    page = text_of(browser.get(endpoint_url(endpoint)))
    assert secret not in page
    assert "The old secret signs along until" in page
    entry = AuditEntry.objects.get(action=AuditAction.ENDPOINT_ROTATED)
    assert (entry.user, entry.detail) == (owner, {"grace_seconds": 3600})


def test_htmx_gets_the_new_secret_alone(owner, endpoint, sign_in):
    rotated = sign_in(owner, htmx=True).post(endpoint_url(endpoint, "rotate/"), rotate_form(endpoint))

    assert text_of(rotated).strip().startswith('<section class="card stack" id="secret"')


@pytest.mark.parametrize("htmx", [False, True])
def test_the_same_form_rotates_once(owner, endpoint, sign_in, htmx):
    browser, form = sign_in(owner, htmx=htmx), rotate_form(endpoint)
    secret = secret_in(browser.post(endpoint_url(endpoint, "rotate/"), form))

    again = browser.post(endpoint_url(endpoint, "rotate/"), form)

    assert again.headers.get("HX-Redirect" if htmx else "Location") == endpoint_url(endpoint)
    assert "new-secret" not in text_of(again)
    assert signing.current(fresh(endpoint)) == secret


def test_to_rotate_at_once_is_asked_before(owner, endpoint, sign_in):
    browser, form = sign_in(owner), rotate_form(endpoint, grace="0")

    asked = browser.post(endpoint_url(endpoint, "rotate/"), form)
    kept = version_of(fresh(endpoint))
    done = browser.post(endpoint_url(endpoint, "rotate/"), {**form, **SURE})

    assert "Make a new secret and sign with that one alone?" in text_of(asked)
    assert kept == form["current"]
    assert secret_in(done) == signing.current(fresh(endpoint))
    assert "The old secret signs along until" not in text_of(done)


def test_a_test_event_is_on_its_way_and_in_the_list(owner, endpoint, sign_in):
    browser = sign_in(owner)

    sent = browser.post(endpoint_url(endpoint, "test/"), follow=True)

    delivery = WebhookDelivery.objects.get()
    assert (delivery.endpoint, delivery.event.type, delivery.state) == (endpoint, "endpoint.test", State.PENDING)
    assert "The test event is on its way." in text_of(sent)
    assert f"/webhooks/deliveries/{delivery.pk}/" in text_of(sent)


def test_a_test_event_to_a_paused_endpoint_is_said_to_wait(owner, endpoint, sign_in):
    endpoints.pause(endpoint, by=INSTALLATION)

    sent = text_of(sign_in(owner).post(endpoint_url(endpoint, "test/"), follow=True))

    assert WebhookDelivery.objects.get().state == State.PENDING
    assert "The endpoint is paused: the test event waits until it is resumed." in sent
    assert "on its way" not in sent


def test_htmx_gets_the_latest_deliveries_with_the_test_event(owner, endpoint, sign_in):
    sent = sign_in(owner, htmx=True).post(endpoint_url(endpoint, "test/"), {"shown": "in-service"})

    page = text_of(sent)
    assert page.strip().startswith('<section class="card flush latest"')
    assert f"/webhooks/deliveries/{WebhookDelivery.objects.get().pk}/" in page
    assert "hx-swap-oob" not in page


def test_a_disabled_endpoint_is_sent_no_test_event(owner, endpoint, sign_in):
    disable(endpoint)

    told = sign_in(owner).post(endpoint_url(endpoint, "test/"), follow=True)

    assert not WebhookDelivery.objects.exists()
    assert "It is disabled, and nothing was sent." in text_of(told)
    assert "Send test event" not in text_of(told)


def test_the_page_asks_for_what_moves_and_is_told_when_nothing_has(owner, endpoint, sign_in):
    browser = sign_in(owner, htmx=True)
    delivery = make_delivery(team=endpoint.team, endpoint=endpoint)
    version = browser.get(endpoint_url(endpoint), {"shown": "in-service"}).context["version"]

    same = browser.get(endpoint_url(endpoint), {"shown": "in-service", "version": version})
    failed(delivery)
    moved = browser.get(endpoint_url(endpoint), {"shown": "in-service", "version": version})

    assert same.status_code == 204
    assert moved.status_code == 200
    assert "Failed" in text_of(moved)
    assert "hx-swap-oob" not in text_of(moved)


def test_when_its_state_has_changed_what_asks_is_told_that_too(owner, endpoint, sign_in):
    disable(endpoint)

    page = text_of(sign_in(owner, htmx=True).get(endpoint_url(endpoint), {"shown": "in-service"}))

    assert page.count("hx-swap-oob") == 2
    assert "This endpoint is disabled" in page
    assert "Enable again" in page


def test_an_endpoint_is_paused_and_resumed(owner, endpoint, sign_in):
    browser = sign_in(owner)
    make_delivery(team=endpoint.team, endpoint=endpoint)

    paused = text_of(browser.post(endpoint_url(endpoint, "pause/"), follow=True))
    is_paused = fresh(endpoint).is_paused
    resumed = text_of(browser.post(endpoint_url(endpoint, "resume/"), follow=True))

    assert is_paused
    assert "This endpoint is paused" in paused
    assert "1 delivery waits." in paused
    assert not fresh(endpoint).is_paused
    assert "What has waited is sent first." in resumed


def test_pausing_and_resuming_twice_is_harmless(owner, endpoint, sign_in):
    browser = sign_in(owner)

    answers = [browser.post(endpoint_url(endpoint, f"{action}/")) for action in ("pause", "pause", "resume", "resume")]

    assert [answer.status_code for answer in answers] == [302] * 4
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions)[-2:] == ["endpoint.paused", "endpoint.resumed"]


def test_a_failing_endpoint_says_when_it_will_be_disabled(owner, endpoint, sign_in):
    endpoint = disable(endpoint, status_code=500)

    page = text_of(sign_in(owner).get(endpoint_url(endpoint)))

    assert "Failing since" in page
    assert f'datetime="{(endpoint.failing_since + timedelta(days=5)).isoformat()}"' in page


@pytest.mark.parametrize(("form", "sent"), [({"send_failed": "on"}, 2), ({}, 0)])
def test_a_disabled_endpoint_is_enabled_with_what_failed_or_without(owner, endpoint, sign_in, form, sent):
    failed(make_delivery(team=endpoint.team, endpoint=endpoint), at=timezone.now() - timedelta(days=9))
    disable(endpoint)
    for _ in range(2):
        failed(make_delivery(team=endpoint.team, endpoint=endpoint))
    browser = sign_in(owner)

    page = text_of(browser.get(endpoint_url(endpoint)))
    enabled = text_of(browser.post(endpoint_url(endpoint, "enable/"), form, follow=True))

    assert "Send again the 2 that failed since" in page
    assert 'name="send_failed" id="send-failed" checked' in " ".join(page.split())
    assert not fresh(endpoint).is_disabled
    assert endpoint.deliveries.filter(state=State.PENDING).count() == sent
    assert ("2 deliveries are sent again." in enabled) is bool(sent)
    assert "Enabled again." in enabled


def test_enabling_one_that_is_in_service_changes_nothing(owner, endpoint, sign_in):
    failed(make_delivery(team=endpoint.team, endpoint=endpoint))

    sign_in(owner).post(endpoint_url(endpoint, "enable/"), {"send_failed": "on"})

    assert endpoint.deliveries.get().state == State.FAILED
    assert not AuditEntry.objects.filter(action=AuditAction.ENDPOINT_ENABLED).exists()


def test_deleting_says_what_is_lost_and_is_asked_before(owner, endpoint, sign_in):
    for _ in range(2):
        make_delivery(team=endpoint.team, endpoint=endpoint)
    browser = sign_in(owner)

    asked = text_of(browser.post(endpoint_url(endpoint, "delete/")))
    kept = fresh(endpoint).deleted_at
    deleted = browser.post(endpoint_url(endpoint, "delete/"), SURE, follow=True)

    assert "Delete Website?" in asked
    assert "2 deliveries that wait are cancelled." in asked
    assert kept is None
    assert fresh(endpoint).deleted_at
    assert set(endpoint.deliveries.values_list("state", flat=True)) == {State.CANCELLED}
    assert deleted.redirect_chain == [("/webhooks/", 302)]
    assert "The endpoint has been deleted." in text_of(deleted)
    assert browser.post(endpoint_url(endpoint, "delete/"), SURE).status_code == 404

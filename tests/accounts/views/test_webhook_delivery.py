import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import WebhookDelivery, WebhookEndpoint
from tests.factories import make_delivery, make_endpoint, make_team, make_user
from tests.pages import queries, text_of
from tests.webhook_pages import again_of, attempted, ended, failed, page_of, states

# session, user, membership with team and balance, delivery, attempts, disabled endpoints for the banner, how many are
# in progress
QUERIES = 6
HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


def test_a_delivery_tells_all_of_it(team, owner, sign_in):
    delivery = failed(team, body={"event": "task.completed", "prompt": "雏菊"})
    attempted(delivery, 1, status=None, error_code="endpoint_timeout")
    attempted(delivery, 2, response={"server": "nginx"}, excerpt="it broke")

    response = sign_in(owner).get(page_of(delivery))

    page = text_of(response)
    assert [told["outcome"] for told in response.context["attempts"]] == ["HTTP 500", "Timed out"]
    for words in ("All of the 15 seconds went by", "Your server failed", "server: nginx", "it broke", "123 ms"):
        assert words in page
    assert delivery.event.message_id in page
    assert "{&quot;event&quot;:&quot;task.completed&quot;,&quot;prompt&quot;:&quot;雏菊&quot;}" in page  # as sent
    assert "  &quot;prompt&quot;: &quot;雏菊&quot;" in page  # to be read
    assert "curl -X POST http://localhost:3000/" in page


def test_what_is_pending_tells_the_schedule_and_asks_again(team, owner, sign_in):
    delivery = make_delivery(team=team)
    browser = sign_in(owner)

    page = text_of(browser.get(page_of(delivery)))
    assert "every 2s" in page
    assert "5 seconds, 5 minutes, 30 minutes, 2 hours, 5 hours, 10 hours, 10 hours" in page
    WebhookDelivery.objects.filter(pk=delivery.pk).update(attempt_count=7)
    assert "it was the last attempt" in text_of(browser.get(page_of(delivery)))
    ended(delivery, state="delivered")
    assert "every 2s" not in text_of(browser.get(page_of(delivery)))


def test_only_attempts_that_are_not_on_the_page_come_to_it(team, owner, sign_in):
    delivery = make_delivery(team=team)
    attempted(delivery, 1)
    browser = sign_in(owner, htmx=True)
    first = browser.get(page_of(delivery))
    version = first.context["version"]
    assert browser.get(page_of(delivery), {"version": version, "shown": 1}).status_code == 204
    attempted(delivery, 2)
    ended(delivery, state="failed", attempt_count=2)

    response = browser.get(page_of(delivery), {"version": version, "shown": 1})

    assert [told["attempt"].number for told in response.context["attempts"]] == [2]
    assert text_of(response).strip().startswith("<section")
    assert "every 2s" not in text_of(response)
    for odd in ("x", "-1", "9" * 30, ""):
        assert len(browser.get(page_of(delivery), {"shown": odd}).context["attempts"]) == 2
    assert len(sign_in(owner).get(page_of(delivery), {"shown": 9}).context["attempts"]) == 2


def test_as_many_queries_for_one_attempt_as_for_many(team, owner, sign_in):
    delivery = make_delivery(team=team)
    browser = sign_in(owner)
    browser.get(page_of(delivery))
    for number in (1, 2, 3):
        attempted(delivery, number)
        with queries(QUERIES):
            browser.get(page_of(delivery))


def test_what_receivers_answer_is_text(team, owner, sign_in):  # B1
    delivery = failed(team, body={"event": "task.completed", "error_message": "</pre><script>x</script>"})
    for number, text in enumerate([*HOSTILE, "</pre><script>x</script>"], start=1):
        text = text.replace("\0", "")
        attempted(delivery, number, response={"items": text, "x": text}, excerpt=text)

    response = sign_in(owner).get(page_of(delivery))

    page = text_of(response)
    assert len(response.context["attempts"]) == len(HOSTILE) + 1
    for tag in ("<script>", "<img src=x", "</pre><script", "<svg on", "onerror=alert(1)>"):
        assert tag not in page


def test_one_is_sent_again(team, owner, sign_in):
    delivery = failed(team)

    answer = sign_in(owner).post(again_of(delivery), follow=True)

    assert answer.redirect_chain == [(page_of(delivery), 302)]
    assert "It is sent again." in text_of(answer)
    delivery.refresh_from_db()
    assert delivery.state == "pending"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"disabled_at": "now", "disabled_reason": "gone"}, "Its endpoint is disabled."),
        ({"deleted_at": "now"}, "Its endpoint is deleted: nothing more is sent there."),
    ],
)
def test_to_an_endpoint_that_is_out_nothing_is_sent_again(team, owner, sign_in, columns, words):
    endpoint = make_endpoint(team=team)
    delivery = failed(team, endpoint=endpoint)
    columns = {name: timezone.now() if value == "now" else value for name, value in columns.items()}
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**columns)
    before, browser = states(team), sign_in(owner)

    page = text_of(browser.get(page_of(delivery)))
    answer = browser.post(again_of(delivery), follow=True)

    assert words in page
    assert 'id="send-again"' not in page
    assert "Nothing is sent to an endpoint that is disabled or deleted." in text_of(answer)
    assert states(team) == before


def test_to_a_paused_endpoint_it_is_said_to_wait(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    delivery = failed(team, endpoint=endpoint)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(paused_at=timezone.now())

    answer = sign_in(owner).post(again_of(delivery), follow=True)

    assert "as soon as its endpoint is resumed" in text_of(answer)


def test_one_that_is_under_way_is_said_to_be_sent_just_now(team, owner, sign_in):
    delivery = make_delivery(team=team)
    lease = timezone.now() + timedelta(minutes=1)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(lease_until=lease)
    before = states(team)

    answer = sign_in(owner).post(again_of(delivery), follow=True)

    assert "It is being sent just now." in text_of(answer)
    assert "It is sent again." not in text_of(answer)
    assert states(team) == before


def test_another_teams_delivery_is_not_found(team, owner, sign_in):  # A1
    delivery = failed(make_team(owner=make_user()))
    before, browser = states(delivery.team), sign_in(owner)

    assert browser.get(page_of(delivery)).status_code == 404
    assert browser.post(again_of(delivery)).status_code == 404
    assert states(delivery.team) == before


def test_how_to_verify_is_to_be_copied_and_read(team, owner, sign_in):  # C9
    page = text_of(sign_in(owner).get("/webhooks/verify/"))

    for words in ("def verify(", "timingSafeEqual", "openssl dgst", "FILMGATE_WEBHOOK_SECRET"):
        assert words in page
    for words in ("webhook-id", "sequence", "updated_at", "within 15 seconds", "410 Gone", "10 hours and 10 hours"):
        assert words in page
    assert 'data-copy="#verifier-text-Python"' in page
    assert '<label for="verifier-3">curl</label>' in page

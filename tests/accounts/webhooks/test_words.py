import pytest

from accounts.models import WebhookAttempt, WebhookDelivery
from accounts.webhooks import words


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (None, "", ""),
        (204, "", "HTTP 204"),
        (500, "", "HTTP 500"),
        (None, "endpoint_timeout", "Timed out"),
        (None, "endpoint_unreachable", "No answer"),
        (None, "bad_answer", "Broken answer"),
        (None, "too_large", "Answer too large"),
        (None, "internal_error", "Not sent: an error of ours"),
        (None, "endpoint_disabled", "Not sent: endpoint disabled"),
        (500, "endpoint_disabled", "Not sent: endpoint disabled"),
        (None, "of_another_time", "of_another_time"),
    ],
)
def test_what_came_of_it_in_words(status, code, told):
    delivery = WebhookDelivery(state="failed", last_status_code=status, last_error_code=code)

    assert words.of_last(delivery) == told


def test_what_is_sent_after_all_was_not_refused():
    delivery = WebhookDelivery(state="pending", last_error_code="endpoint_disabled")

    assert words.of_last(delivery) == ""


@pytest.mark.parametrize("status", [300, 308, 400, 401, 403, 404, 405, 410, 413, 418, 429, 499, 500, 503, 599])
def test_every_failure_that_was_answered_says_what_to_do(status):
    assert words.advice(WebhookAttempt(status_code=status)).endswith(".")


@pytest.mark.parametrize(
    "code", ["endpoint_unreachable", "endpoint_timeout", "bad_answer", "too_large", "internal_error"]
)
def test_every_failure_without_an_answer_says_what_to_do(code):
    assert words.advice(WebhookAttempt(error_code=code)).endswith(".")


def test_what_cannot_be_seen_is_told():  # B11
    text = "a\tb\r\nc\x1b[31m\u202ed\u2066\u0085\N{ZERO WIDTH JOINER}雏"

    assert words.visible(text) == "a\tb\nc\\u001b[31m\\u202ed\\u2066\\u0085\N{ZERO WIDTH JOINER}雏"


def test_a_success_says_nothing():
    assert words.advice(WebhookAttempt(status_code=204)) == ""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditAction, AuditEntry, WebhookSecret
from accounts.webhooks import signing
from tests.pages import SURE, text_of
from tests.webhook_forms import (
    ROTATE_SIGNING_URL,
    SIGNING_URL,
    URL,
    rotate_form,
    secret_in,
)


def test_the_signing_secret_is_shown_only_when_asked_for(team, owner, sign_in):
    browser = sign_in(owner)

    before = text_of(browser.get(URL))
    shown = browser.post(SIGNING_URL)

    secret = signing.current(signing.secrets_of(team))
    assert secret not in before
    assert secret_in(shown, "signing-secret-value") == secret
    assert shown.headers["Cache-Control"] == "private, no-store"


def test_to_look_at_the_page_makes_no_signing_secret(team, owner, sign_in):
    sign_in(owner).get(URL)

    assert not WebhookSecret.objects.exists()


def test_who_saw_the_signing_secret_is_in_the_audit_log(team, owner, sign_in):
    response = sign_in(owner, htmx=True).post(SIGNING_URL)

    entry = AuditEntry.objects.get(action=AuditAction.SIGNING_SECRET_SHOWN)
    assert text_of(response).strip().startswith('<div class="card stack" id="signing-secret">')
    assert (entry.user, entry.team, entry.ip) == (owner, team, "127.0.0.1")
    assert signing.current(signing.secrets_of(team)) not in str(vars(entry))


def test_the_signing_secret_is_rotated_and_the_old_one_signs_along(team, owner, sign_in):  # C10
    before = signing.current(signing.secrets_of(team))
    browser, now = sign_in(owner, htmx=True), timezone.now()

    rotated = browser.post(ROTATE_SIGNING_URL, rotate_form(signing.secrets_of(team), grace="604800"))

    row = WebhookSecret.objects.get(team=team)
    secret = secret_in(rotated, "signing-secret-value")
    assert (secret == signing.current(row), secret != before) == (True, True)
    assert row.old_secret_until - now > timedelta(days=6, hours=23)
    assert "The old secret signs along until" in text_of(rotated)
    entry = AuditEntry.objects.get(action=AuditAction.SIGNING_SECRET_ROTATED)
    assert (entry.user, entry.detail) == (owner, {"grace_seconds": 604800})


def test_the_same_form_rotates_the_signing_secret_once(team, owner, sign_in):
    browser, form = sign_in(owner), {"current": "", "grace": "3600"}
    secret = secret_in(browser.post(ROTATE_SIGNING_URL, form), "signing-secret-value")

    again = browser.post(ROTATE_SIGNING_URL, form, follow=True)

    assert "That secret had been replaced already" in text_of(again)
    assert signing.current(signing.secrets_of(team)) == secret


def test_to_end_the_signing_secret_at_once_is_asked_before(team, owner, sign_in):
    browser, before = sign_in(owner), signing.current(signing.secrets_of(team))
    form = rotate_form(signing.secrets_of(team), grace="0")

    asked = browser.post(ROTATE_SIGNING_URL, form)
    kept = signing.current(signing.secrets_of(team))
    done = browser.post(ROTATE_SIGNING_URL, {**form, **SURE})

    assert "Make a new secret and sign with that one alone?" in text_of(asked)
    assert kept == before
    assert secret_in(done, "signing-secret-value") == signing.current(signing.secrets_of(team)) != before
    assert "The old secret signs along until" not in text_of(done)


@pytest.mark.parametrize("grace", ["", "-1", "604801", "soon"])
def test_a_grace_that_is_not_offered_is_refused(team, owner, sign_in, grace):
    before = signing.current(signing.secrets_of(team))

    refused = sign_in(owner).post(ROTATE_SIGNING_URL, rotate_form(signing.secrets_of(team), grace=grace))

    assert refused.status_code == 422
    assert signing.current(signing.secrets_of(team)) == before

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.urls import reverse

from accounts.models import AuditAction, AuditEntry
from tests.factories import make_team
from tests.pages import text_of

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def factor(db):
    team = make_team()
    return TOTP.activate(team.members.get(), SECRET).instance


def url_of(factor, what):
    return reverse(f"admin:mfa_authenticator_{what}", args=[factor.pk])


def test_no_page_shows_the_secret_of_a_second_factor(admin_client, factor):  # A8
    stored = str(factor.data["secret"])

    pages = [
        admin_client.get(reverse("admin:mfa_authenticator_changelist"), {"q": "a"}),
        admin_client.get(url_of(factor, "change")),
        admin_client.get(url_of(factor, "delete")),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert factor.user.email in text_of(pages[0])
    assert not any(secret in text_of(page) for page in pages for secret in (SECRET, stored))


def test_a_factor_is_neither_made_nor_changed_here(admin_client, factor):
    answers = [
        admin_client.post(
            reverse("admin:mfa_authenticator_add"), {"user": factor.user.pk, "type": "totp", "data": "{}"}
        ),
        admin_client.post(url_of(factor, "change"), {"data": "{}"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert Authenticator.objects.get().data == factor.data


def test_a_lost_factor_is_taken_away_and_that_is_in_the_audit_log(admin_client, admin_user, factor):
    assert admin_client.post(url_of(factor, "delete"), {"post": "yes"}).status_code == 302

    assert Authenticator.objects.count() == 0
    log = AuditEntry.objects.get(action=AuditAction.TWO_FACTOR_CHANGED, user=admin_user)
    assert (log.team, log.subject) == (factor.user.teams.get(), factor.user.email)
    assert log.detail == {"change": "authenticator app removed"}


def test_sessions_whose_keys_would_open_them_have_no_page():  # A8
    assert not admin.site.is_registered(UserSession)

from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.formats import date_format

from accounts import credits
from accounts.actors import INSTALLATION
from accounts.billing import redeem
from accounts.models import AuditEntry, CreditBalance, RedeemCode, Role, Team
from tests.factories import make_member, make_team, make_user

URL = "/credits/buy/"
REDEEM = "/credits/redeem/"


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner)


def code_for(amount: int) -> str:
    (code,) = redeem.issue(1, amount, note="", expires_at=None, by=INSTALLATION)
    return code


def available(team: Team) -> int:
    return CreditBalance.objects.get(team=team).available


def test_a_code_adds_its_credits_and_says_the_new_balance(team, owner, sign_in):
    credits.grant(team, 1000, note="")

    response = sign_in(owner).post(REDEEM, {"code": code_for(500)}, follow=True)

    assert response.redirect_chain == [(URL, 302)]
    assert "500 credits added. Your team now has 1,500." in response.content.decode()
    assert available(team) == 1500


def test_how_a_code_is_written_does_not_matter(team, owner, sign_in):
    code = code_for(500)

    sign_in(owner).post(REDEEM, {"code": f"  {code.lower().replace('-', ' ')}  "})

    assert available(team) == 500


def test_a_code_sent_twice_is_worth_once(team, owner, sign_in):  # L13
    code = code_for(500)
    browser = sign_in(owner)
    browser.post(REDEEM, {"code": code})

    response = browser.post(REDEEM, {"code": code})

    assert response.status_code == 422
    at = timezone.localtime(RedeemCode.objects.get().redeemed_at, ZoneInfo(team.time_zone))
    told = f"Your team has redeemed this code already, on {date_format(at, 'DATE_FORMAT')}."
    assert told in response.content.decode()
    assert available(team) == 500


def test_a_code_that_another_team_redeemed_says_no_more_than_that(team, owner, sign_in):
    code = code_for(500)
    redeem.redeem(code, make_team(), by=INSTALLATION)

    page = sign_in(owner).post(REDEEM, {"code": code}).content.decode()

    assert "This code has been redeemed already." in page
    assert "Your team has redeemed" not in page


@pytest.mark.parametrize("code", ["FG-00000-00000-00000-00000", "x", "字", "'; --", "\x00"])
def test_a_code_that_is_none_gives_nothing(team, owner, sign_in, code):
    response = sign_in(owner).post(REDEEM, {"code": code})

    assert response.status_code == 422
    assert any(words in response.content.decode() for words in ("There is no such code.", "Null characters"))
    assert available(team) == 0


def test_no_code_at_all_is_asked_for(team, owner, sign_in):
    response = sign_in(owner).post(REDEEM, {"code": " "})

    assert response.status_code == 422
    assert "Enter the code." in response.content.decode()


def test_an_expired_code_is_told_as_such(team, owner, sign_in):
    code = code_for(500)
    RedeemCode.objects.update(expires_at="2020-01-01T00:00:00Z")

    page = sign_in(owner).post(REDEEM, {"code": code}).content.decode()

    assert "This code has expired." in page
    assert available(team) == 0


def test_guessing_is_slowed_down(team, owner, sign_in):
    cache.clear()
    browser = sign_in(owner)
    for _ in range(redeem.TRIES):
        browser.post(REDEEM, {"code": "x"})

    response = browser.post(REDEEM, {"code": code_for(500)})

    assert response.status_code == 422
    assert "Too many tries. Wait a minute and try again." in response.content.decode()
    assert available(team) == 0


def test_the_code_is_in_no_message_and_no_log_entry(team, owner, sign_in):  # A8
    code = code_for(500)

    page = sign_in(owner).post(REDEEM, {"code": code}, follow=True).content.decode()

    assert code not in page
    assert not any(code in str(entry.detail) + entry.subject for entry in AuditEntry.objects.all())


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_members_may_not_redeem(team, sign_in, role):
    code = code_for(500)

    response = sign_in(make_member(team=team, role=role)).post(REDEEM, {"code": code})

    assert (response.status_code, available(team)) == (403, 0)
    assert RedeemCode.objects.get().redeemed_at is None


def test_redeeming_is_a_post(team, owner, sign_in):
    assert sign_in(owner).get(REDEEM).headers["Location"] == "/credits/buy/"
    assert sign_in(owner).put(REDEEM).status_code == 405

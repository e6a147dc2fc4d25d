import pytest
from django.urls import reverse

from accounts.actors import INSTALLATION
from accounts.billing import redeem
from accounts.models import (
    Allowance,
    ApiKey,
    AuditEntry,
    CreditBalance,
    CreditEntry,
    CreditPackage,
    Membership,
    Purchase,
    RedeemCode,
    Team,
    User,
)
from tests.factories import make_key, make_package, make_team
from tests.pages import text_of

pytestmark = pytest.mark.django_db

READ_ONLY = [Allowance, ApiKey, AuditEntry, CreditBalance, CreditEntry, Purchase, RedeemCode]


@pytest.fixture
def team():
    """One of everything."""
    team = make_team(granted=100)
    make_key(team=team)
    make_package(name="<script>alert(1)</script>")
    Purchase.objects.create(team=team, name="Large", credits=10, amount=1900, currency="usd", checkout_id="cs_1")
    Allowance.objects.create(team=team, period="2030-04", credits=7)
    redeem.issue(1, 5, note="a fair", expires_at=None, by=INSTALLATION)
    return team


def page_of(name, *args):
    return reverse(f"admin:accounts_{name}", args=args)


@pytest.mark.parametrize("model", [*READ_ONLY, User, Team, CreditPackage])
def test_an_operator_can_look_at_everything(admin_client, team, model):
    name = model._meta.model_name

    listed = admin_client.get(page_of(f"{name}_changelist"), {"q": "a"})
    opened = admin_client.get(page_of(f"{name}_change", model.objects.first().pk))

    assert (listed.status_code, opened.status_code) == (200, 200)
    assert "<script>alert" not in text_of(listed) + text_of(opened)


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_others_write_has_no_form(admin_client, team, model):  # L9
    name = model._meta.model_name
    row = model.objects.first()
    before = list(model.objects.values())

    answers = [
        admin_client.post(page_of(f"{name}_add"), {}),
        admin_client.post(page_of(f"{name}_change", row.pk), {"available": 1, "note": "x", "credits": 1}),
        admin_client.post(page_of(f"{name}_delete", row.pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert list(model.objects.values()) == before


def test_no_page_holds_the_digest_of_a_secret(admin_client, team):  # A8
    code, secret = RedeemCode.objects.get(), ApiKey.objects.get().secrets.get()

    pages = [
        admin_client.get(page_of("redeemcode_change", code.pk)),
        admin_client.get(page_of("redeemcode_changelist")),
        admin_client.get(page_of("apikey_change", ApiKey.objects.get().pk)),
    ]

    assert not any(each.digest in text_of(page) for page in pages for each in (code, secret))


def test_the_lists_of_a_team_hold_its_rows_alone(admin_client, team):
    other = make_team(name="Pathé", granted=55)
    page = text_of(admin_client.get(page_of("team_change", team.pk)))

    for name in ("creditentry", "purchase", "redeemcode", "auditentry"):
        link = f"{page_of(f'{name}_changelist')}?team__id__exact={team.pk}"
        assert link in page
        listed = admin_client.get(link)
        assert listed.status_code == 200
        assert other.name not in text_of(listed)


def test_only_operators_come_in(client, team):
    client.force_login(Membership.objects.get(team=team).user)

    for name in ("purchase_changelist", "auditentry_changelist", "redeemcode_issue"):
        assert client.get(page_of(name)).status_code == 302
    assert client.post(page_of("team_grant", team.pk), {"credits": 5}).status_code == 302
    assert CreditBalance.objects.get(team=team).available == 100


def test_a_package_can_be_made_and_changed(admin_client):
    figures = {"name": "Large", "credits": 1000, "amount": 1900, "currency": "eur", "position": 1, "is_offered": "on"}
    assert admin_client.post(page_of("creditpackage_add"), figures).status_code == 302
    package = CreditPackage.objects.get()

    changed = admin_client.post(page_of("creditpackage_change", package.pk), figures | {"credits": 1200})
    refused = admin_client.post(page_of("creditpackage_change", package.pk), figures | {"credits": 0})

    assert (changed.status_code, refused.status_code) == (302, 200)
    assert CreditPackage.objects.values_list("credits", "amount", "currency").get() == (1200, 1900, "eur")


def test_an_operator_can_make_a_user(admin_client):
    response = admin_client.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "Louis@Example.com",
            "usable_password": "true",
            "password1": "gate-of-1895",
            "password2": "gate-of-1895",
        },
    )

    assert response.status_code == 302
    assert User.objects.get(email="louis@example.com").check_password("gate-of-1895")


def test_the_admin_is_entered_through_the_common_door(client):
    response = client.get(reverse("admin:login"))

    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))

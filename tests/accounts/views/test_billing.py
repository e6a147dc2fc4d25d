import re
from uuid import uuid4

import pytest
from django.test import Client

from accounts import credits
from accounts.billing import purchases
from accounts.models import CreditBalance, CreditPackage, Purchase, Role, Team
from accounts.views import billing
from tests.factories import make_member, make_team, make_user
from tests.races import race
from tests.stripe_stand_in import StripeStandIn

URL = "/credits/buy/"
REDEEM = "/credits/redeem/"
# session, user, membership with team and balance, packages, purchases, how many generations are in progress
QUERIES = 6


@pytest.fixture
def stripe(settings):
    with StripeStandIn() as stand_in:
        for name, value in stand_in.settings().items():
            setattr(settings, name, value)
        yield stand_in


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner)


def make_package(**changed) -> CreditPackage:
    package = {"name": "Small", "credits": 1000, "amount": 1900, "currency": "usd"}
    return CreditPackage.objects.create(**package | changed)


def make_purchase(team: Team, **changed) -> Purchase:
    fields = {"name": "Small", "credits": 1000, "amount": 1900, "currency": "usd"}
    return Purchase.objects.create(team=team, bought_by=None, **fields | changed)


def pay(purchase: Purchase) -> None:
    amount, currency = purchase.amount, purchase.currency
    purchases.paid(purchase.pk, checkout_id=f"cs_{purchase.pk}", amount=amount, currency=currency)


def refund(purchase: Purchase, amount: int) -> None:
    purchases.refunded(purchase.pk, amount=purchase.amount, currency=purchase.currency, refunded_amount=amount)


def available(team: Team) -> int:
    return CreditBalance.objects.get(team=team).available


def form_key_of(page: str) -> str:
    return re.search(r'name="form_key" value="(\w+)"', page)[1]


def test_the_packages_are_shown_with_their_price_and_what_a_credit_costs(stripe, team, owner, sign_in):
    make_package()
    make_package(name="日本", credits=2000, amount=3000, currency="jpy")

    page = sign_in(owner).get(URL).content.decode()

    for words in (
        "1,000 credits",
        "USD\xa019.00",
        "USD\xa00.019",
        "2,000 credits",
        "JPY\xa03,000",
        "JPY\xa01.5",
        "日本",
    ):
        assert words in page
    assert 'value="19.00"' in page


def test_a_package_that_is_not_offered_is_not_shown(stripe, team, owner, sign_in):
    make_package(name="of last year", is_offered=False)

    page = sign_in(owner).get(URL).content.decode()

    assert "of last year" not in page
    assert page.index('name="code"') < page.index("Credits cannot be bought here.")


def test_without_stripe_only_codes_can_be_redeemed(team, owner, sign_in):
    make_package()

    page = sign_in(owner).get(URL).content.decode()

    assert page.index('name="code"') < page.index("Credits cannot be bought here.")
    assert "/credits/buy/0" not in page
    assert f'action="{REDEEM}"' in page


def test_forms_of_this_page_alone_may_lead_to_stripe(stripe, team, owner, sign_in):
    browser = sign_in(owner)

    of_buy = browser.get(URL).headers["Content-Security-Policy"]
    of_credits = browser.get("/credits/").headers["Content-Security-Policy"]

    assert f"form-action 'self' {stripe.base}" in of_buy
    assert stripe.base not in of_credits
    assert "form-action 'self'" in of_credits


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.MEMBER, 403), (Role.VIEWER, 403)])
def test_owners_and_admins_may_see_it(team, sign_in, role, status):
    assert sign_in(make_member(team=team, role=role)).get(URL).status_code == status


def test_signed_out_it_leads_to_the_sign_in_page(db):
    assert Client().get(URL).url == f"/sign/login/?next={URL}"


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_do_not_grow(stripe, team, owner, sign_in, django_assert_num_queries, count):
    for _ in range(count):
        make_package()
        make_purchase(team)
    browser = sign_in(owner)

    with django_assert_num_queries(QUERIES):
        browser.get(URL)


@pytest.mark.django_db(transaction=True)
def test_buying_leads_to_stripes_page(stripe, team, owner, sign_in):
    package = make_package()

    response = sign_in(owner).post(f"{URL}{package.pk}/", {"form_key": uuid4().hex})

    assert (response.status_code, response.url) == (303, stripe.session.url)
    purchase = Purchase.objects.get()
    assert (purchase.team, purchase.bought_by, purchase.credits, purchase.amount) == (team, owner, 1000, 1900)
    assert stripe.session.form["success_url"].endswith(f"{URL}?purchase={purchase.pk}")
    assert available(team) == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_once_starts_one_checkout(stripe, team, owner, sign_in):
    package = make_package()
    browsers = [sign_in(owner) for _ in range(4)]
    form_key = form_key_of(browsers[0].get(URL).content.decode())

    answers = race(lambda browser: browser.post(f"{URL}{package.pk}/", {"form_key": form_key}).url, browsers, threads=4)

    assert set(answers) == {stripe.session.url}
    assert (stripe.calls, Purchase.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_another_form_starts_another(stripe, team, owner, sign_in):
    package = make_package()
    browser = sign_in(owner)

    for _ in range(2):
        form_key = form_key_of(browser.get(URL).content.decode())
        browser.post(f"{URL}{package.pk}/", {"form_key": form_key})

    assert Purchase.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form_key", ["", "x", "\x00", "字" * 300])
def test_a_form_key_that_is_none_is_as_good_as_a_new_one(stripe, team, owner, sign_in, form_key):
    package = make_package()

    response = sign_in(owner).post(f"{URL}{package.pk}/", {"form_key": form_key})

    assert response.url == stripe.session.url


@pytest.mark.django_db(transaction=True)
def test_when_stripe_is_down_nothing_is_bought_and_the_page_says_so(stripe, team, owner, sign_in, settings):
    package = make_package()
    stripe.close()

    response = sign_in(owner).post(f"{URL}{package.pk}/", {"form_key": uuid4().hex}, follow=True)

    assert response.redirect_chain == [(URL, 303)]
    assert "Stripe cannot be reached at the moment. Nothing was charged." in response.content.decode()
    assert available(team) == 0


@pytest.mark.django_db(transaction=True)
def test_without_stripe_nothing_can_be_bought(team, owner, sign_in):
    package = make_package()

    response = sign_in(owner).post(f"{URL}{package.pk}/")

    assert (response.status_code, response.url, Purchase.objects.count()) == (303, URL, 0)


def test_a_package_that_is_not_offered_is_not_sold(stripe, team, owner, sign_in):
    package = make_package(is_offered=False)

    for package_id in (package.pk, uuid4()):
        assert sign_in(owner).post(f"{URL}{package_id}/").status_code == 404
    assert (stripe.calls, Purchase.objects.count()) == (0, 0)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_members_may_not_buy(stripe, team, sign_in, role):
    package = make_package()

    response = sign_in(make_member(team=team, role=role)).post(f"{URL}{package.pk}/")

    assert (response.status_code, stripe.calls, Purchase.objects.count()) == (403, 0, 0)


def test_buying_is_a_post(stripe, team, owner, sign_in):
    assert sign_in(owner).get(f"{URL}{make_package().pk}/").headers["Location"] == URL


def test_while_stripe_has_told_us_nothing_the_page_asks_again(stripe, team, owner, sign_in):
    purchase = make_purchase(team)

    page = sign_in(owner).get(URL, {"purchase": purchase.pk}).content.decode()

    assert "Waiting for Stripe to confirm your payment." in page
    assert f'hx-get="{URL}?purchase={purchase.pk}&amp;poll=1" hx-trigger="load delay:2s"' in page


def test_it_does_not_ask_for_ever(stripe, team, owner, sign_in):
    purchase = make_purchase(team)

    page = sign_in(owner).get(URL, {"purchase": purchase.pk, "poll": billing.MAX_POLLS}).content.decode()

    assert "Stripe has not confirmed your payment yet." in page
    assert "load delay" not in page


def test_once_paid_it_says_what_was_added_and_shows_the_new_balance(stripe, team, owner, sign_in):
    purchase = make_purchase(team)
    pay(purchase)

    page = sign_in(owner, htmx=True).get(URL, {"purchase": purchase.pk, "poll": 3}).content.decode()

    assert "Paid: 1,000 credits were added." in page
    assert "load delay" not in page
    assert page.count('hx-swap-oob="true"') == 2  # the balance in the rail, the purchases
    assert "<form" not in page


def test_who_cancelled_is_told_that_nothing_was_charged(stripe, team, owner, sign_in):
    purchase = make_purchase(team)

    page = sign_in(owner).get(URL, {"purchase": purchase.pk, "cancelled": 1}).content.decode()

    assert "You came back without paying. Nothing was charged." in page
    assert "load delay" not in page


def test_who_paid_and_then_went_back_is_told_that_it_is_paid(stripe, team, owner, sign_in):
    purchase = make_purchase(team)
    pay(purchase)

    page = sign_in(owner).get(URL, {"purchase": purchase.pk, "cancelled": 1}).content.decode()

    assert "Paid: 1,000 credits were added." in page


def test_a_payment_that_expired_is_told(stripe, team, owner, sign_in):
    purchase = make_purchase(team)
    purchases.expired(purchase.pk, checkout_id="cs_1")

    page = sign_in(owner).get(URL, {"purchase": purchase.pk}).content.decode()

    assert "Stripe closed this payment unpaid. Nothing was charged." in page
    assert "load delay" not in page


def test_another_teams_purchase_is_not_found(stripe, team, owner, sign_in):  # A1
    theirs = make_purchase(make_team(), name="only theirs")

    for id in (theirs.pk, uuid4(), "x", ""):
        assert sign_in(owner).get(URL, {"purchase": id}).status_code == 404
    assert "only theirs" not in sign_in(owner).get(URL).content.decode()


@pytest.mark.parametrize("poll", ["", "-1", "x", "９", "1" * 30])
def test_a_count_that_is_none_begins_anew(stripe, team, owner, sign_in, poll):
    response = sign_in(owner).get(URL, {"purchase": make_purchase(team).pk, "poll": poll})

    assert response.context["next_poll"] == 1


def test_purchases_are_listed_with_their_state(stripe, team, owner, sign_in):
    make_purchase(team, name="waiting")
    expired, paid, refunded = (make_purchase(team, name=name) for name in ("over", "good", "returned"))
    purchases.expired(expired.pk, checkout_id="cs_1")
    pay(paid)
    pay(refunded)
    credits.withdraw(team, 1700, note="as if spent")
    refund(refunded, 950)

    page = sign_in(owner).get(URL).content.decode()

    for words in (
        "Pending",
        "Expired",
        "Paid",
        "Refunded",
        "USD\xa09.50",
        "300 taken back",
        "200 could not be taken back",
    ):
        assert words in page


def test_hostile_names_are_text(stripe, team, owner, sign_in):  # B1
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    make_package(name=hostile)
    make_purchase(team, name=hostile)

    page = sign_in(owner).get(URL).content.decode()

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}") == 3

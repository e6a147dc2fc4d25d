"""The operator's page on which prices change: asked, previewed, made; nothing is written before that."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from generations import pricing
from generations.models import Price, PriceList, Submission
from tests.api import completed, ensure_prices
from tests.factories import make_account, make_submission, make_team, make_user
from tests.pages import SURE, browser_of, queries, text_of

pytestmark = pytest.mark.django_db
PAGE = "/operator/generations/pricelist/of/seedance-2.0/"
TOMORROW = timedelta(days=1)


@pytest.fixture(autouse=True)
def prices(db):
    ensure_prices()


def form(**given) -> dict[str, object]:
    """The form as the page gives it: every price as it is, but those of the rows that are named, counted from 0."""
    price_list = PriceList.objects.effective("seedance-2.0", timezone.now()).first()
    rows = {f"price-{number}": row.credits for number, row in enumerate(price_list.prices.order_by("id"))}
    versions = {"from_version": price_list.version, "latest_version": price_list.version}
    return {**rows, **versions, "effective_at": "", "note": "Winter", **given}


def first_price(credits: int, **given) -> dict[str, object]:
    return form(**{"price-0": credits, **given})


def latest() -> PriceList:
    return PriceList.objects.filter(model="seedance-2.0").latest("version")


def count() -> tuple[int, int, int]:
    return PriceList.objects.count(), Price.objects.count(), LogEntry.objects.count()


def staff(*permissions: str):
    user = make_user()
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return browser_of(user)


def test_every_row_is_shown_in_words_with_its_price(admin_client):
    page = text_of(admin_client.get(PAGE))

    assert page.count('name="price-') == 12
    assert "Resolution 720p, Duration 5, Sound yes" in page
    assert 'value="43"' in page
    assert 'name="latest_version" value="1"' in page


def test_the_list_and_each_version_lead_to_the_page(admin_client):
    listed = text_of(admin_client.get(reverse("admin:generations_pricelist_changelist")))
    opened = text_of(admin_client.get(reverse("admin:generations_pricelist_change", args=[latest().pk])))

    assert f'href="{PAGE}"' in listed
    assert f'href="{PAGE}"' in opened
    assert "In force" in listed
    assert "withdraw/" not in opened


@pytest.mark.parametrize("versions", [1, 3])
def test_the_list_costs_the_same_however_many_versions_there_are(admin_client, versions):
    for number in range(1, versions):
        admin_client.post(PAGE, first_price(100 + number) | SURE)

    with queries(7):
        listed = text_of(admin_client.get(reverse("admin:generations_pricelist_changelist")))

    assert listed.count('"field-model') == PriceList.objects.count()
    assert listed.count(">In force<") == PriceList.objects.values("model").distinct().count()


def test_a_preview_says_what_changes_and_writes_nothing(admin_client):
    team = make_team(granted=1000)
    submission = make_submission(generation=completed(team), account=make_account(base_url="https://a.example"))
    Submission.objects.filter(pk=submission.pk).update(outcome="succeeded", provider_cost={"cost_points": 5})
    completed(team, resolution="720p")
    before = count()

    page = text_of(admin_client.post(PAGE, first_price(30)))

    assert count() == before
    assert "Resolution 480p, Duration 5, Sound no" in page
    assert "Resolution 720p, Duration 5, Sound no" not in page
    for words in ("+100.0", ">45<", "60", "+33.3", ">3000.00<", ">6000.00<", "Make version 2"):
        assert words in page, words


def test_a_version_is_made_once_it_is_confirmed_and_the_old_one_is_as_it_was(admin_client):
    old = list(Price.objects.filter(price_list=latest()).values())

    response = admin_client.post(PAGE, first_price(30) | SURE)

    made = latest()
    assert response.url == reverse("admin:generations_pricelist_change", args=[made.pk])
    assert (made.version, made.note, made.prices.count()) == (2, "Winter", 12)
    assert made.prices.order_by("id").first().credits == 30
    assert pricing.current("seedance-2.0").version == 2
    assert list(Price.objects.filter(price_list__model="seedance-2.0", price_list__version=1).values()) == old
    assert "Winter" in LogEntry.objects.get(object_id=made.pk).get_change_message()


def test_the_same_form_sent_again_makes_no_second_version(admin_client):
    given = first_price(30) | SURE
    admin_client.post(PAGE, given)
    before = count()

    response = admin_client.post(PAGE, given, follow=True)

    assert count() == before
    assert "This was based on version 1, but the latest is version 2 now" in text_of(response)


def test_back_to_the_prices_keeps_what_was_typed(admin_client):
    page = text_of(admin_client.post(PAGE, first_price(30, again="Back")))

    assert 'name="price-0" value="30"' in page
    assert "Make version" not in page


def test_where_nothing_changes_there_is_nothing_to_make(admin_client):
    before = count()

    page = text_of(admin_client.post(PAGE, form() | SURE))

    assert "Nothing changes" in page
    assert "Make version" not in page
    assert count() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"price-0": ""},
        {"price-0": "0"},
        {"price-0": "-5"},
        {"price-0": "1.5"},
        {"price-0": "٣x"},
        {"price-0": str(2**31)},
        {"note": ""},
        {"note": "x" * 201},
        {"effective_at": "2020-01-01T00:00"},
        {"effective_at": "soon"},
        {"latest_version": ""},
        {"latest_version": "x"},
        {"from_version": "9" * 5000},
    ],
    ids=str,
)
def test_what_can_not_be_is_said_and_makes_nothing(admin_client, wrong):  # L12
    before = count()

    page = text_of(admin_client.post(PAGE, first_price(30) | wrong | SURE))

    assert "Please correct what is marked" in page
    assert count() == before


def test_prices_may_come_later_and_be_withdrawn_before(admin_client):
    later = (timezone.now() + TOMORROW).strftime("%Y-%m-%dT%H:%M")
    admin_client.post(PAGE, first_price(30, effective_at=later) | SURE)
    coming = latest()
    address = reverse("admin:generations_pricelist_withdraw", args=[coming.pk])
    still, shown = pricing.current("seedance-2.0").version, text_of(admin_client.get(PAGE))
    listed = text_of(admin_client.get(reverse("admin:generations_pricelist_changelist")))
    opened = text_of(admin_client.get(reverse("admin:generations_pricelist_change", args=[coming.pk])))

    asked = admin_client.get(address)
    unconfirmed = admin_client.post(address)
    is_there = PriceList.objects.filter(pk=coming.pk).exists()
    answer = admin_client.post(address, SURE)

    assert still == 1
    assert "Version 2 is coming" in shown
    assert "Coming" in listed
    assert address in opened
    assert (asked.status_code, unconfirmed.status_code, is_there, answer.status_code) == (200, 200, True, 302)
    assert not PriceList.objects.filter(pk=coming.pk).exists()
    assert LogEntry.objects.filter(object_id=coming.pk, action_flag=3).count() == 1
    assert admin_client.post(address, SURE).status_code == 404


def test_a_change_before_a_coming_version_is_told_that_it_will_be_replaced(admin_client):
    later = (timezone.now() + TOMORROW).strftime("%Y-%m-%dT%H:%M")
    admin_client.post(PAGE, first_price(30, effective_at=later) | SURE)

    page = text_of(admin_client.post(PAGE, first_price(20, latest_version=2)))

    assert "Version 2 comes later and replaces these prices" in page


def test_prices_in_force_can_not_be_withdrawn(admin_client):
    before = count()

    response = admin_client.post(reverse("admin:generations_pricelist_withdraw", args=[latest().pk]), SURE, follow=True)

    assert "Make a new version in its place" in text_of(response)
    assert count() == before


def test_a_model_without_prices_can_be_given_them(admin_client):
    PriceList.objects.filter(model="seedream-4.0").delete()
    address = "/operator/generations/pricelist/of/seedream-4.0/"
    listed = text_of(admin_client.get(reverse("admin:generations_pricelist_changelist")))
    given = {f"price-{number}": 3 for number in range(6)}

    admin_client.post(address, given | {"from_version": 0, "latest_version": 0, "note": "First"} | SURE)

    assert f'href="{address}"' in listed
    made = PriceList.objects.get(model="seedream-4.0")
    assert (made.version, made.prices.filter(unit="image", credits=3).count()) == (1, 6)


def test_a_note_is_text(admin_client):  # B1
    hostile = "<script>alert(1)</script>"

    shown = admin_client.post(PAGE, first_price(30, note=hostile))
    made = admin_client.post(PAGE, first_price(30, note=hostile) | SURE, follow=True)

    assert hostile not in text_of(shown) + text_of(made)


def test_only_operators_who_may_make_prices_come_in(client):
    may_look = staff("view_pricelist")
    before = count()

    for address in (PAGE, reverse("admin:generations_pricelist_withdraw", args=[latest().pk])):
        for asks, status in ((may_look, 403), (browser_of(make_user()), 302), (client, 302)):
            assert asks.get(address).status_code == status
            assert asks.post(address, first_price(30) | SURE).status_code == status
    assert count() == before
    assert PAGE not in text_of(may_look.get(reverse("admin:generations_pricelist_change", args=[latest().pk])))


def test_an_unknown_model_has_no_prices(admin_client):
    assert admin_client.get(PAGE.replace("seedance-2.0", "sora")).status_code == 404

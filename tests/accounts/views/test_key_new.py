import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts import keys, names
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.keys import authenticate, well_formed
from accounts.models import ApiKey, AuditAction, AuditEntry
from tests.factories import make_team, make_user
from tests.key_forms import NEW_URL, URL, errors_of, key_url, new_form, rotate_form, secret_in
from tests.pages import text_of
from tests.races import race

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "</bdi><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "<div hx-get='/x' hx-trigger='load'>",
    "{{ 7*7 }}",
    "\u202egpj.exe",
]


def test_a_new_key_is_shown_once_and_works(team, owner, sign_in):
    browser = sign_in(owner)

    created = browser.post(NEW_URL, new_form())

    secret = secret_in(created)
    key = authenticate(secret)
    assert (created.status_code, key.team, key.name, key.created_by) == (200, team, "Renderer", owner)
    assert (key.scopes, key.allowed_models, key.allowed_networks) == (["generate", "read"], [], [])
    assert created.headers["Cache-Control"] == "private, no-store"
    assert secret not in text_of(browser.get(URL)) + text_of(browser.get(key_url(key)))
    entry = AuditEntry.objects.get(action=AuditAction.KEY_CREATED)
    assert (entry.user, entry.team, entry.subject_id, entry.ip) == (owner, team, key.pk, "127.0.0.1")


def test_htmx_gets_the_new_key_alone(team, owner, sign_in):
    response = sign_in(owner, htmx=True).post(NEW_URL, new_form())

    assert text_of(response).strip().startswith('<div class="stack" id="new-key-form">')
    assert well_formed(secret_in(response))


def test_everything_can_be_set(team, owner, sign_in):
    team.time_zone = "Asia/Shanghai"
    team.save()
    given = {
        "scopes": ["read", "manage"],
        "models": ["seedance-2.0"],
        "networks": "192.0.2.7\n 2001:DB8::/32 , 10.1.2.3/8",
        "expiry": "date",
        "expiry_date": "2031-01-31",
        "rate_plan": "own",
        "rate_limit": "100",
        "rate_seconds": "60",
        "max_in_progress": "7",
        "monthly_budget_credits": "0",
        "lifetime_budget_credits": "9000",
    }

    created = sign_in(owner).post(NEW_URL, new_form(**given))

    assert KeySettings.of(ApiKey.objects.get()) == KeySettings(
        name="Renderer",
        scopes=("read", "manage"),
        allowed_models=("seedance-2.0",),
        allowed_networks=("192.0.2.7", "2001:db8::/32", "10.0.0.0/8"),
        rate_plan="own",
        rate_limit=100,
        rate_seconds=60,
        max_in_progress=7,
        monthly_budget_credits=0,
        lifetime_budget_credits=9000,
        expires_at=datetime(2031, 1, 31, 16, tzinfo=UTC),
    )
    assert "Your own address, 127.0.0.1, is not among those" in text_of(created)


@pytest.mark.parametrize("days", [30, 90, 365])
def test_an_end_in_so_many_days_is_the_end_of_that_day(team, owner, sign_in, days):
    sign_in(owner).post(NEW_URL, new_form(expiry=str(days)))

    last_day = (timezone.now().astimezone(UTC) + timedelta(days=days)).date()
    assert ApiKey.objects.get().expires_at == datetime.combine(
        last_day + timedelta(days=1), datetime.min.time(), tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\x00b"}),
        ("name", {"name": "a\x07b"}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["read", "rule"]}),
        ("models", {"models": ["gpt-2"]}),
        ("networks", {"networks": "10.0.0.0/8\nhome"}),
        ("networks", {"networks": "10.0.0.0/33"}),
        ("networks", {"networks": "\n".join(f"10.0.0.{number}" for number in range(21))}),
        ("expiry", {"expiry": "soon"}),
        ("expiry_date", {"expiry": "date"}),
        ("expiry_date", {"expiry": "date", "expiry_date": "2020-01-01"}),
        ("expiry_date", {"expiry": "date", "expiry_date": "31.12.2030"}),
        ("expiry_date", {"expiry": "date", "expiry_date": "9999-12-31"}),
        ("rate_plan", {"rate_plan": "gold"}),
        ("rate_limit", {"rate_plan": "own", "rate_seconds": "60"}),
        ("rate_seconds", {"rate_plan": "own", "rate_limit": "60"}),
        ("rate_limit", {"rate_plan": "own", "rate_limit": "0", "rate_seconds": "60"}),
        ("rate_seconds", {"rate_plan": "own", "rate_limit": "1", "rate_seconds": "99999999"}),
        ("max_in_progress", {"max_in_progress": "0"}),
        ("max_in_progress", {"max_in_progress": "9" * 5_000}),
        ("monthly_budget_credits", {"monthly_budget_credits": "-1"}),
        ("monthly_budget_credits", {"monthly_budget_credits": "1.5"}),
        ("lifetime_budget_credits", {"lifetime_budget_credits": str(2**63)}),
        ("form_key", {"form_key": ""}),
        ("form_key", {"form_key": "again"}),
    ],
)
def test_what_will_not_do_is_said_beside_its_field_and_makes_no_key(team, owner, sign_in, field, given):
    response = sign_in(owner).post(NEW_URL, new_form(**given))

    assert response.status_code == 422
    [message] = errors_of(response).pop(field)
    assert set(errors_of(response)) == {field}
    assert escape(message) in text_of(response)
    assert ApiKey.objects.count() == 0


def test_several_mistakes_are_all_told_and_what_was_typed_stays(team, owner, sign_in):
    response = sign_in(owner).post(NEW_URL, new_form(name="", networks="home", max_in_progress="many"))

    assert set(errors_of(response)) == {"name", "networks", "max_in_progress"}
    page = text_of(response)
    assert "“home” is not an IP address or a range" in page
    assert 'value="many"' in page
    assert re.search(r'<details class="card advanced"\s+open>', page)


def test_only_the_name_wrong_leaves_the_rest_folded(team, owner, sign_in):
    page = text_of(sign_in(owner).post(NEW_URL, new_form(name="")))

    assert re.search(r'<details class="card advanced"\s*>', page)


def test_figures_of_a_plan_that_has_none_do_not_count(team, owner, sign_in):
    given = {"rate_plan": "free", "rate_limit": "-5", "rate_seconds": "60", "expiry_date": "yesterday"}

    sign_in(owner).post(NEW_URL, new_form(**given))

    key = ApiKey.objects.get()
    assert (key.rate_plan, key.rate_limit, key.rate_seconds, key.expires_at) == ("free", None, None, None)


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if names.is_plain(name)])
def test_a_hostile_name_is_text_and_nothing_else(team, owner, sign_in, name):  # B1
    browser = sign_in(owner)
    browser.post(NEW_URL, new_form(name=name))

    key = ApiKey.objects.get()
    pages = [text_of(browser.get(url)) for url in (URL, key_url(key))]
    pages.append(text_of(browser.post(key_url(key, "rotate/"), rotate_form(key))))

    assert key.name == name
    for page in pages:
        assert f"<bdi>{escape(name)}</bdi>" in page
        for opening in ("<script>alert", "<img src=x", "<div hx-get='/x'", '" autofocus onfocus'):
            assert opening not in page


def test_the_same_form_sent_twice_makes_one_key(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()
    secret = secret_in(browser.post(NEW_URL, form))

    again = browser.post(NEW_URL, form, follow=True)

    assert again.redirect_chain == [(URL, 302)]
    assert "This form has made its key already" in text_of(again)
    assert secret not in text_of(again)
    assert ApiKey.objects.count() == 1


def test_a_form_that_was_refused_can_be_sent_again(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()
    browser.post(NEW_URL, {**form, "networks": "home"})

    assert authenticate(secret_in(browser.post(NEW_URL, form)))


def test_a_form_that_came_to_nothing_can_be_sent_again(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()
    others = ApiKey.objects.bulk_create(ApiKey(team=team, name="one of many") for _ in range(200))

    refused = browser.post(NEW_URL, form)
    keys.revoke(others[0], by=INSTALLATION)

    assert refused.status_code == 422
    assert "A team can have 200 live keys." in text_of(refused)
    assert re.search(r'<details class="card advanced"\s*>', text_of(refused))
    assert authenticate(secret_in(browser.post(NEW_URL, form))).name == "Renderer"


def test_a_form_that_has_made_its_key_is_known_though_the_cache_forgets(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()
    browser.post(NEW_URL, form)
    cache.clear()

    browser.post(NEW_URL, form)

    assert ApiKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_many_times_at_once_makes_one_key():
    owner = make_user()
    make_team(owner=owner)
    form = new_form()

    def send(_number):
        browser = Client()
        browser.force_login(owner)
        return secret_in(browser.post(NEW_URL, form))

    secrets = race(send, range(4), threads=4)

    assert len([secret for secret in secrets if secret]) == 1
    assert ApiKey.objects.count() == 1

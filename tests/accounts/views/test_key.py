import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts import credits, keys
from accounts.actors import INSTALLATION
from accounts.forms import KeyForm
from accounts.key_settings import KeySettings
from accounts.keys import InvalidApiKey, authenticate
from accounts.models import ApiKey, ApiSecret, AuditAction, AuditEntry
from tests.factories import make_key
from tests.key_forms import (
    URL,
    actions,
    current_of,
    errors_of,
    key_url,
    rotate_form,
    secret_in,
    seen_in,
    sent_with,
    settings_form,
    spend,
)
from tests.pages import SURE, text_of

# session, user, membership with team and balance, key with its maker, budgets, usage, secrets, in progress
KEY_QUERIES = 8


def test_the_page_of_a_key_shows_all_of_it(team, owner, sign_in):
    credits.grant(team, 1_000, note="for a test")
    key, old = make_key(team=team, name="Renderer", monthly_budget_credits=250, lifetime_budget_credits=50)
    new = keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
    spend(key, 40)
    keys.touch(current_of(key), "192.0.2.7")

    page = text_of(sign_in(owner).get(key_url(key)))

    assert str(key.pk) in page
    assert "210 credits left" in page
    assert "10 credits left" in page
    assert f'sk-video-…{new[-4:]}</code><span class="status ok">Current</span>' in page
    assert f'sk-video-…{old[-4:]}</code><span class="status warn">Old</span>' in page
    assert "from 192.0.2.7" in page
    assert "Never used" in page
    assert (new in page, old in page) == (False, False)


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_secrets(team, owner, sign_in, django_assert_num_queries, number):
    key, _secret = make_key(team=team)
    for _ in range(number):
        keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
    browser = sign_in(owner)

    with django_assert_num_queries(KEY_QUERIES):
        browser.get(key_url(key))


def test_settings_are_changed(team, owner, sign_in):
    key, secret = make_key(team=team, expires_at=timezone.now() + timedelta(days=3))
    form = settings_form(name="Cutter", scopes=["read"], monthly_budget_credits="75", networks="127.0.0.0/8")

    response = sign_in(owner).post(key_url(key), form, follow=True)

    key.refresh_from_db()
    assert response.redirect_chain == [(key_url(key), 302)]
    assert "Saved." in text_of(response)
    assert "Your own address" not in text_of(response)
    assert KeySettings.of(key) == KeySettings(
        name="Cutter", scopes=("read",), monthly_budget_credits=75, allowed_networks=("127.0.0.0/8",)
    )
    assert authenticate(secret) == key
    assert actions()[-1] == AuditAction.KEY_CHANGED


def test_what_is_not_touched_stays_to_the_second(team, owner, sign_in):
    expires_at = datetime(2031, 5, 17, 13, 45, 12, 345678, tzinfo=UTC)
    key, _secret = make_key(team=team, expires_at=expires_at)
    form = settings_form(expiry="date", expiry_date="2031-05-17", name=key.name)
    before = actions()

    sign_in(owner).post(key_url(key), form)

    key.refresh_from_db()
    assert (key.expires_at, actions()) == (expires_at, before)


def test_an_older_page_changes_what_was_changed_on_it_and_nothing_else(team, owner, sign_in):
    key, _secret = make_key(team=team, name="Renderer", allowed_networks=("127.0.0.0/8", "10.0.0.0/8"))
    browser = sign_in(owner)
    older, newer = (sent_with(browser, key) for _ in range(2))
    end = {"expiry": "date", "expiry_date": "2031-05-17"}
    limits = {"monthly_budget_credits": "5", "max_in_progress": "2", "models": ["seedance-2.0"], "scopes": ["read"]}
    own = {"rate_plan": "own", "rate_limit": "3", "rate_seconds": "60"}

    browser.post(key_url(key), {**newer, **limits, **own, **end, "networks": "127.0.0.1"})
    limited = KeySettings.of(ApiKey.objects.get())
    response = browser.post(key_url(key), {**older, "name": "Cutter"})

    assert response.status_code == 302
    assert (limited.monthly_budget_credits, limited.rate_limit, limited.expires_at.year) == (5, 3, 2031)
    assert KeySettings.of(ApiKey.objects.get()) == replace(limited, name="Cutter")


def test_a_limit_is_taken_away_by_whoever_saw_it(team, owner, sign_in):
    key, _secret = make_key(team=team, name="Renderer", monthly_budget_credits=5, rate_plan="free")
    browser = sign_in(owner)

    browser.post(key_url(key), {**sent_with(browser, key), "monthly_budget_credits": "", "rate_plan": "pro"})

    assert KeySettings.of(ApiKey.objects.get()) == KeySettings(name="Renderer", rate_plan="pro")


def test_a_page_that_was_refused_still_knows_what_it_had_shown(team, owner, sign_in):
    key, _secret = make_key(team=team, name="Renderer")
    browser = sign_in(owner)
    older = sent_with(browser, key)
    keys.change_some(key, {"monthly_budget_credits": 5}, by=INSTALLATION)

    refused = browser.post(key_url(key), {**older, "name": ""})
    browser.post(key_url(key), {**older, "seen": seen_in(refused), "name": "Cutter"})

    assert KeySettings.of(ApiKey.objects.get()) == KeySettings(name="Cutter", monthly_budget_credits=5)


def test_what_the_key_cannot_have_any_more_is_said_beside_its_field(team, owner, sign_in):
    key, _secret = make_key(team=team, name="Renderer", allowed_models=("seedance-2.0",))
    ApiKey.objects.update(allowed_models=["seedance-0.9"])
    browser = sign_in(owner)
    older = sent_with(browser, key, models=["seedance-0.9"])
    ApiKey.objects.update(allowed_models=["seedance-2.0"])

    response = browser.post(key_url(key), {**older, "models": ["seedance-0.9", "seedance-2.0"]})

    assert (response.status_code, set(errors_of(response))) == (422, {"models"})
    assert ApiKey.objects.get().allowed_models == ["seedance-2.0"]


@pytest.mark.parametrize("seen", ["x", "", "eyJ9:1:2"])
def test_a_page_that_shows_what_it_never_was_told_is_compared_with_what_is(team, owner, sign_in, seen):
    key, _secret = make_key(team=team, name="Renderer", monthly_budget_credits=5)

    response = sign_in(owner).post(key_url(key), settings_form(name="Cutter", seen=seen))

    assert response.status_code == 302
    assert KeySettings.of(ApiKey.objects.get()) == KeySettings(name="Cutter")


def test_an_expired_key_can_be_renamed_and_extended(team, owner, sign_in):
    key, _secret = make_key(team=team)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=datetime(2026, 3, 1, tzinfo=UTC))
    browser = sign_in(owner)

    renamed = browser.post(key_url(key), settings_form(name="old", expiry="date", expiry_date="2026-02-28"))
    extended = browser.post(key_url(key), settings_form(name="old", expiry="30"))

    key.refresh_from_db()
    assert (renamed.status_code, extended.status_code) == (302, 302)
    assert (key.name, key.is_live) == ("old", True)


def test_a_model_that_is_offered_no_more_can_stay_and_go(team, owner, sign_in):
    key, _secret = make_key(team=team)
    ApiKey.objects.filter(pk=key.pk).update(allowed_models=["seedance-0.9"])
    browser = sign_in(owner)

    kept = browser.post(key_url(key), settings_form(models=["seedance-0.9", "seedance-2.0"]))

    key.refresh_from_db()
    assert (kept.status_code, key.allowed_models) == (302, ["seedance-0.9", "seedance-2.0"])
    browser.post(key_url(key), settings_form(models=["seedance-2.0"]))
    assert browser.post(key_url(key), settings_form(models=["seedance-0.9"])).status_code == 422


def test_settings_that_will_not_do_change_nothing(team, owner, sign_in):
    key, _secret = make_key(team=team, name="Renderer")
    before = actions()

    response = sign_in(owner).post(key_url(key), settings_form(name="Cutter", networks="home"))

    key.refresh_from_db()
    assert (response.status_code, set(errors_of(response))) == (422, {"networks"})
    assert "Nothing was changed" in text_of(response)
    assert (key.name, actions()) == ("Renderer", before)


def test_the_first_field_that_is_wrong_on_the_page_has_the_focus(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner)
    wrong = {"monthly_budget_credits": "-1", "networks": "nowhere", "max_in_progress": "0"}

    page = text_of(browser.post(key_url(key), sent_with(browser, key) | wrong))

    (focused,) = re.findall(r"<(?:input|textarea|select)[^>]*\bautofocus\b[^>]*>", page)
    assert 'name="monthly_budget_credits"' in focused


def test_the_fields_of_a_key_are_checked_in_the_order_of_the_page(team, owner, sign_in):
    key, _secret = make_key(team=team)

    page = text_of(sign_in(owner).get(key_url(key)))

    shown = re.findall(r'<(?:input|textarea|select)[^>]*? name="(\w+)"', page.partition('name="seen"')[2])
    order = [name for name in dict.fromkeys(shown) if name in KeyForm(team=team).fields]
    assert order == list(KeyForm(team=team).fields)


def test_rotating_shows_the_new_secret_once_and_both_work(team, owner, sign_in):
    key, old = make_key(team=team)
    browser = sign_in(owner)

    response = browser.post(key_url(key, "rotate/"), rotate_form(key))

    new = secret_in(response)
    assert authenticate(new) == authenticate(old) == key
    assert response.headers["Cache-Control"] == "private, no-store"
    assert f"The old secret …{old[-4:]} works until" in text_of(response)
    assert new not in text_of(browser.get(key_url(key)))
    entry = AuditEntry.objects.get(action=AuditAction.KEY_ROTATED)
    assert (entry.user, entry.subject_id, entry.detail) == (owner, key.pk, {"grace_seconds": 3600})


def test_rotating_without_grace_ends_the_old_secret(team, owner, sign_in):
    key, old = make_key(team=team)

    response = sign_in(owner).post(key_url(key, "rotate/"), rotate_form(key, grace="0", **SURE))

    assert authenticate(secret_in(response)) == key
    assert f"The old secret …{old[-4:]} has ended." in text_of(response)
    with pytest.raises(InvalidApiKey):
        authenticate(old)


def test_rotating_without_grace_is_asked_before_and_says_what_stops(team, owner, sign_in):
    key, old = make_key(team=team)
    form, browser = rotate_form(key, grace="0"), sign_in(owner)

    page = text_of(browser.post(key_url(key, "rotate/"), form))

    assert "Programs that use the present secret, or an older one, are refused from that moment" in page
    for name, value in form.items():
        assert f'name="{name}" value="{value}"' in page
    assert f'href="{key_url(key)}"' in page
    assert (ApiSecret.objects.count(), authenticate(old)) == (1, key)
    assert 'data-confirm="rotate-at-once" data-confirm-if="grace=0"' in " ".join(
        text_of(browser.get(key_url(key))).split()
    )


def test_htmx_gets_the_secrets_alone_and_can_rotate_on(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner, htmx=True)

    response = browser.post(key_url(key, "rotate/"), rotate_form(key))

    assert text_of(response).strip().startswith('<section class="card stack" id="secrets"')
    assert f'value="{current_of(key).pk}"' in text_of(response)
    assert secret_in(browser.post(key_url(key, "rotate/"), rotate_form(key)))


def test_reloading_the_answer_rotates_nothing_and_shows_nothing(team, owner, sign_in):
    key, _old = make_key(team=team)
    browser, form = sign_in(owner), rotate_form(key)
    new = secret_in(browser.post(key_url(key, "rotate/"), form))

    again = browser.post(key_url(key, "rotate/"), {**form, "grace": "0", **SURE}, follow=True)

    assert again.redirect_chain == [(key_url(key), 302)]
    assert "That secret had been replaced already" in text_of(again)
    assert (secret_in(again), authenticate(new), ApiSecret.objects.count()) == (None, key, 2)
    assert actions().count(AuditAction.KEY_ROTATED) == 1


def test_htmx_is_led_to_the_page_when_the_secret_had_been_replaced(team, owner, sign_in):
    key, _old = make_key(team=team)
    browser, form = sign_in(owner, htmx=True), rotate_form(key)
    browser.post(key_url(key, "rotate/"), form)

    again = browser.post(key_url(key, "rotate/"), form)

    assert again.headers["HX-Redirect"] == key_url(key)
    assert ApiSecret.objects.count() == 2


@pytest.mark.parametrize(
    "given", [{"grace": "5"}, {"grace": "-3600"}, {"grace": ""}, {"current": "x"}, {"current": ""}]
)
def test_a_form_that_will_not_do_rotates_nothing(team, owner, sign_in, given):
    key, secret = make_key(team=team)

    response = sign_in(owner).post(key_url(key, "rotate/"), rotate_form(key, **given))

    assert (response.status_code, ApiSecret.objects.count()) == (422, 1)
    assert authenticate(secret) == key


def test_the_old_secret_can_be_ended_now(team, owner, sign_in):
    key, old = make_key(team=team)
    new = keys.rotate(key, grace=timedelta(days=7), by=INSTALLATION)
    browser = sign_in(owner)

    ended = browser.post(key_url(key, "end-old/"), SURE, follow=True)
    again = browser.post(key_url(key, "end-old/"), SURE, follow=True)

    assert ended.redirect_chain == again.redirect_chain == [(key_url(key), 302)]
    assert "Only the current secret works now." in text_of(ended)
    assert authenticate(new) == key
    with pytest.raises(InvalidApiKey):
        authenticate(old)
    assert actions().count(AuditAction.KEY_CHANGED) == 1


def test_revoking_ends_the_key(team, owner, sign_in):
    key, secret = make_key(team=team)

    response = sign_in(owner).post(key_url(key, "revoke/"), SURE, follow=True)

    key.refresh_from_db()
    assert key.is_revoked
    assert response.redirect_chain == [(URL, 302)]
    assert "The key has been revoked." in text_of(response)
    with pytest.raises(InvalidApiKey):
        authenticate(secret)


def test_revoking_again_changes_nothing(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner)
    browser.post(key_url(key, "revoke/"), SURE)
    key.refresh_from_db()
    before = key.revoked_at, actions()

    response = browser.post(key_url(key, "revoke/"), SURE)

    key.refresh_from_db()
    assert (response.status_code, (key.revoked_at, actions())) == (302, before)


def test_the_page_of_a_revoked_key_can_only_be_read(team, owner, sign_in):
    key, _secret = make_key(team=team, allowed_networks=("192.0.2.0/24",), name="Renderer")
    form = rotate_form(key)
    keys.revoke(key, by=INSTALLATION)
    browser = sign_in(owner)

    page = text_of(browser.get(key_url(key)))
    answers = [
        browser.post(key_url(key), settings_form(name="Cutter"), follow=True),
        browser.post(key_url(key, "rotate/"), form, follow=True),
        browser.post(key_url(key, "end-old/"), SURE, follow=True),
    ]

    assert "192.0.2.0/24" in page
    assert f'action="{key_url(key)}' not in page
    for answer in answers:
        assert answer.redirect_chain == [(key_url(key), 302)]
        assert "The key has been revoked, and cannot be changed any more." in text_of(answer)
    key.refresh_from_db()
    assert (key.name, ApiSecret.objects.count()) == ("Renderer", 1)

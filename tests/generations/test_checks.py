"""W3: a secret that nobody should be believed by is told of before it goes into production."""

import io
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from generations import provider_accounts
from generations.checks import callback_secrets_are_secrets
from generations.models import ProviderAccount
from project.secrets_at_rest import encrypt
from tests.factories import make_account
from tests.signed_webhooks import OTHER, SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> ProviderAccount:
    account = make_account(base_url="https://provider.example", label="first")
    provider_accounts.sign_callbacks(account, scheme="standard_webhooks", secret=SECRET)
    return account


def told() -> list[str]:
    return [message.id for message in callback_secrets_are_secrets()]


def test_a_real_secret_is_nothing_to_tell_of(account):
    make_account(base_url="https://provider.example", label="unsigned")

    assert told() == []


@pytest.mark.parametrize("secret", ["", "x", "changeme", "whsec_", "whsec_" + "A" * 32])
def test_a_weak_one_is_an_error(account, secret):  # W3
    ProviderAccount.objects.update(encrypted_callback_secret=encrypt(secret))

    messages = callback_secrets_are_secrets()

    assert [(message.id, message.level) for message in messages] == [("filmgate.E011", 40)]
    assert len(secret) < 7 or secret not in str(messages)


def test_one_that_can_not_be_read_is_an_error(account):  # W3
    ProviderAccount.objects.update(encrypted_callback_secret=b"nothing")

    assert told() == ["filmgate.E010"]


@pytest.mark.parametrize("old", [b"nothing", encrypt("changeme")], ids=["unreadable", "weak"])
def test_an_old_one_that_is_none_is_a_warning_while_it_is_good(account, old):  # W3
    """The new one is good all the same."""
    provider_accounts.sign_callbacks(account, scheme="standard_webhooks", secret=OTHER, overlap=timedelta(hours=1))
    ProviderAccount.objects.update(encrypted_old_callback_secret=old)
    while_good = [(message.id, message.level) for message in callback_secrets_are_secrets()]
    ProviderAccount.objects.update(old_callback_secret_until=timezone.now())

    assert (while_good, told()) == ([("filmgate.W010", 30)], [])


@pytest.mark.parametrize("broken", [b"nothing", encrypt("changeme")], ids=["unreadable", "weak"])
def test_what_the_hint_says_mends_it(account, broken):  # W3
    """And what was broken is not kept beside the new one."""
    ProviderAccount.objects.update(encrypted_callback_secret=broken)
    hint = callback_secrets_are_secrets()[0].hint

    call_command("provider", "set", "first", "--callback-secret", OTHER, stdout=io.StringIO())

    account.refresh_from_db()
    assert hint.endswith("manage.py provider set 'first' --callback-secret -")
    assert told() == []
    assert account.callback_secrets(timezone.now()) == [OTHER]
    assert account.old_callback_secret_until is None


def test_it_is_told_by_a_check_for_production(account):
    ProviderAccount.objects.update(encrypted_callback_secret=b"nothing")

    assert "filmgate.E010" in {message.id for message in run_checks(include_deployment_checks=True)}
    assert "filmgate.E010" not in {message.id for message in run_checks()}


def test_a_database_that_is_not_migrated_or_does_not_run_has_none(account, settings, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_provideraccount RENAME COLUMN signature_scheme TO gone")
    settings.EMBEDDED_DATABASE = False
    not_migrated = told()
    settings.EMBEDDED_DATABASE = True
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "/nowhere")

    assert (not_migrated, told()) == ([], [])

"""Signing in as people do: through the pages, with a password, a code, or a passkey."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests.factories import make_team, make_user
from tests.passkeys import Passkey, options_in

PASSWORD = "a long pass phrase"
LOGIN = "/sign/login/"
CODE = "/sign/two-factor/authenticate/"
ACTIVATE = "/sign/two-factor/totp/activate/"
RECOVERY_CODES = "/sign/two-factor/recovery-codes/"
ADD_PASSKEY = "/sign/two-factor/webauthn/add/"
PASSKEY_LOGIN = "/sign/two-factor/webauthn/login/"


def make_person(email: str = "ada@example.com", **fields: str) -> User:
    """Someone with a confirmed address, a password, and a team of their own."""
    user = make_user(email=email, password=PASSWORD, **fields)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    make_team(owner=user)
    return user


def signed_in(user: User, *, password: str = PASSWORD, **headers: str) -> Client:
    """A browser that came in through the sign-in page, and would say so were there a second step."""
    client = Client(headers=headers)
    answer = enter(client, user.email, password)
    assert answer.status_code == 302, answer.content.decode()
    return client


def enter(client: Client, email: str, password: str = PASSWORD, *, next: str = "", **extra: str) -> HttpResponse:
    form = {"login": email, "password": password} | ({"next": next} if next else {})
    return client.post(LOGIN, form, **extra)


def confirm(client: Client, *, password: str = PASSWORD) -> None:
    """Show once more who it is, as is asked before anything of two-factor sign-in changes."""
    client.post("/sign/reauthenticate/", {"password": password})


def code_of(secret: str, *, at: float | None = None) -> str:
    """The six digits that the app shows."""
    return format_hotp_value(hotp_value(secret, int(time.time() if at is None else at) // 30))


def fresh_code(secret: str) -> str:
    """The app's code, good once more: what was used in this half-minute is forgotten, and so are all counts."""
    cache.clear()
    return code_of(secret)


def with_app(client: Client, *, password: str = PASSWORD) -> str:
    """Set up an authenticator app through the pages; returns its secret."""
    confirm(client, password=password)
    page = client.get(ACTIVATE).content.decode()
    secret = re.search(r'<code id="totp-secret">(\w+)</code>', page)[1]
    answer = client.post(ACTIVATE, {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content.decode()
    cache.clear()
    return secret


def with_passkey(client: Client, name: str = "My phone") -> Passkey:
    """Add a passkey through the pages."""
    confirm(client)
    passkey = Passkey()
    options = options_in(client.get(ADD_PASSKEY))
    answer = client.post(ADD_PASSKEY, {"name": name, "passwordless": "on", "credential": passkey.create(options)})
    assert answer.status_code == 302, answer.content.decode()
    return passkey


def recovery_codes_of(user: User) -> list[str]:
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


@pytest.fixture
def quick_passwords(settings: Any) -> None:
    """Argon2 takes its time on purpose, and these tests sign in a lot."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def fresh_counts(db: None) -> None:
    cache.clear()


@pytest.fixture
def long_minutes(settings: Any) -> None:
    """What may be done so many times a minute may be done so many times an hour: a busy machine is slow."""
    for name in ("ACCOUNT_RATE_LIMITS", "MFA_RATE_LIMITS"):
        longer = {what: rate.replace("/m/", "/h/") for what, rate in getattr(settings, name).items()}
        setattr(settings, name, longer)

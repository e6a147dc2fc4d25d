import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.test import RequestFactory

from accounts.mfa import MFAAdapter, TwoFactor, teams_that_require_it, two_factor_of
from accounts.models import Role
from accounts.templatetags.two_factor import teams_that_require_two_factor
from project import secrets_at_rest
from tests.factories import make_member, make_team, make_user

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

pytestmark = pytest.mark.django_db


def test_the_secret_of_an_app_and_the_seed_of_the_codes_are_ciphertext_at_rest():
    user = make_user()
    TOTP.activate(user, SECRET)
    codes = RecoveryCodes.activate(user)

    stored = {row.type: row.data for row in Authenticator.objects.all()}

    assert secrets_at_rest.decrypt(stored["totp"]["secret"].encode()) == SECRET
    assert len(secrets_at_rest.decrypt(stored["recovery_codes"]["seed"].encode())) == 80
    assert not any(text in json.dumps(stored) for text in (SECRET, *codes.generate_codes()))


def test_they_are_read_under_an_older_key_and_not_under_none(settings):
    user = make_user()
    TOTP.activate(user, SECRET)
    row, new = Authenticator.objects.get(), Fernet.generate_key().decode()

    settings.CREDENTIAL_KEYS = [new, *settings.CREDENTIAL_KEYS]
    read = MFAAdapter().decrypt(row.data["secret"])
    settings.CREDENTIAL_KEYS = [new]

    assert read == SECRET
    with pytest.raises(InvalidToken):
        MFAAdapter().decrypt(row.data["secret"])


def test_recovery_codes_alone_are_no_second_factor():
    user = make_user()
    RecoveryCodes.activate(user)

    state = two_factor_of(user)

    assert state == TwoFactor(app=False, passkeys=0, recovery_codes=10)
    assert not state.is_on


def test_an_app_is_a_second_factor():
    user = make_user()
    TOTP.activate(user, SECRET)

    assert two_factor_of(user) == TwoFactor(app=True, passkeys=0, recovery_codes=0)
    assert two_factor_of(user).is_on
    assert not two_factor_of(make_user()).is_on


def test_a_team_that_is_closing_asks_for_nothing(django_assert_num_queries):
    user = make_user()
    for name in ("B", "A", "Easy"):
        team = make_team(name=name)
        team.requires_two_factor = name != "Easy"
        team.save()
        make_member(team=team, role=Role.VIEWER, user=user)
    assert [team.name for team in teams_that_require_it(user)] == ["A", "B"]
    team = user.teams.get(name="A")
    team.closing_at = team.created_at
    team.save()

    with django_assert_num_queries(1):
        left = teams_that_require_two_factor(user)

    assert [team.name for team in left] == ["B"]


def test_passkeys_are_named_and_counted():
    user = make_user()
    adapter = MFAAdapter(RequestFactory().get("/"))

    first = adapter.generate_authenticator_name(user, Authenticator.Type.WEBAUTHN)
    Authenticator.objects.create(user=user, type="webauthn", data={"name": first})

    assert (first, adapter.generate_authenticator_name(user, Authenticator.Type.WEBAUTHN)) == ("Passkey", "Passkey 2")

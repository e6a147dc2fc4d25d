"""The demo's clips are made the real way in tests of the whole stack; here it is what stands without a worker."""

import pytest

from accounts import keys, teams
from accounts.actors import INSTALLATION
from accounts.audit import audit
from accounts.models import ApiKey, AuditAction, AuditEntry, CreditBalance, Team, User
from generations.models import ProviderAccount
from generations.providers.registry import ACCOUNT_PROVIDERS, EMBEDDERS
from project import env
from project.stack import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    """Of its own: what is kept beside the database is one installation's, and tests run side by side."""
    monkeypatch.setattr(env, "DATA_FOLDER", tmp_path)


@pytest.fixture(autouse=True)
def without_sandbox(settings):
    settings.EMBEDDED_DATABASE = True
    settings.SANDBOX = False


def test_a_newcomer_finds_a_team_with_credits_and_a_key_that_works():
    told = demo.prepare()

    team = Team.objects.get()
    assert told["team"] == team.name
    assert User.objects.get(email=told["email"]).check_password(told["password"])
    assert keys.authenticate(told["api_key"]).team_id == team.id
    assert CreditBalance.objects.get(team=team).available == 5000
    assert audit() == []


def test_every_start_tells_the_same():
    first = demo.prepare()

    assert demo.prepare() == first
    assert (Team.objects.count(), ApiKey.objects.count()) == (1, 1)
    assert CreditBalance.objects.get().granted == 5000


def test_a_revoked_key_is_replaced_by_one_that_works():
    keys.revoke(keys.authenticate(demo.prepare()["api_key"]), by=INSTALLATION)

    told = demo.prepare()

    assert keys.authenticate(told["api_key"]).revoked_at is None
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


@pytest.mark.parametrize("end", ["closed", "left"])
def test_a_demo_team_that_is_closed_or_left_is_followed_by_another(end):
    first = demo.prepare()
    team = Team.objects.get()
    if end == "closed":
        teams.close(team, by=INSTALLATION)
    else:
        team.memberships.all().delete()

    second = demo.prepare()

    again = Team.objects.exclude(pk=team.pk).get()
    assert keys.authenticate(second["api_key"]).team_id == again.pk
    assert second["password"] == first["password"]
    assert CreditBalance.objects.get(team=again).available == 5000
    assert AuditEntry.objects.filter(team=again, action=AuditAction.CREDITS_GRANTED).count() == 1
    assert demo.prepare() == second


def test_a_database_of_the_operators_own_gets_no_demo(settings):
    settings.EMBEDDED_DATABASE = False

    assert demo.prepare() is None
    assert not User.objects.exists()


@pytest.fixture
def sandbox_account(db):
    account = ProviderAccount(provider="vibegen", label="sandbox", base_url="http://127.0.0.1:1/api/v1")
    account.key = "sandbox"
    account.save()
    return account


def connect(settings, *, sandbox: bool) -> ProviderAccount:
    settings.SANDBOX = sandbox
    demo._connect_sandbox()
    return ProviderAccount.objects.get(label="sandbox")


def test_the_sandbox_is_left_out_and_taken_in_again(settings, sandbox_account):
    left_out = connect(settings, sandbox=False)
    taken_in = connect(settings, sandbox=True)

    assert left_out.paused_reason == "FILMGATE_SANDBOX=0"
    assert (taken_in.paused_at, taken_in.base_url) == (None, f"{settings.SANDBOX_URL}/api/v1")


def test_the_sandbox_stands_in_for_every_provider(settings):
    connect(settings, sandbox=True)

    accounts = ProviderAccount.objects.all()
    assert {each.provider for each in accounts} == set(ACCOUNT_PROVIDERS)
    assert {each.label: each.reads_a_minute for each in accounts if each.provider in EMBEDDERS} == {
        "sandbox-seeknetic": 6000,
        "sandbox-scnet": 6000,
    }


def test_a_sandbox_that_the_operator_paused_stays_paused(settings, sandbox_account):
    ProviderAccount.objects.update(paused_at="2026-01-01T00:00Z", paused_reason="by hand")

    assert connect(settings, sandbox=True).paused_reason == "by hand"

"""The signature of an account's callbacks, as an operator sets it, changes its secret, and does without."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from generations.models import ProviderAccount
from tests.factories import make_account, make_user
from tests.pages import browser_of, text_of
from tests.signed_webhooks import OTHER, SECRET, TEXT

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> ProviderAccount:
    return make_account(base_url="https://provider.example/api/v1", label="first")


def page_of(account: ProviderAccount, name: str = "signature") -> str:
    return reverse(f"admin:generations_provideraccount_{name}", args=[account.pk])


def form(scheme: str = "standard_webhooks", **given: object) -> dict[str, object]:
    return {"set": "1", "scheme": scheme, "header": "", "secret": SECRET, "overlap_hours": 24, **given}


def secrets_of(account: ProviderAccount, *, hours: float = 0) -> list[str]:
    account.refresh_from_db()
    return account.callback_secrets(timezone.now() + timedelta(hours=hours))


def test_it_is_set_and_its_secret_is_never_shown(admin_client, account):  # A8
    answer = admin_client.post(page_of(account), form())

    assert answer.status_code == 302
    assert (secrets_of(account), account.signature_scheme) == ([SECRET], "standard_webhooks")
    assert SECRET.encode() not in bytes(account.encrypted_callback_secret)
    for name in ("signature", "change", "history"):
        page = text_of(admin_client.get(page_of(account, name)))
        assert SECRET not in page
    assert "Standard Webhooks" in text_of(admin_client.get(page_of(account, "change")))
    assert LogEntry.objects.filter(object_id=account.pk).count() == 1


def test_a_new_secret_leaves_the_old_one_for_a_while(admin_client, account):  # W13
    admin_client.post(page_of(account), form())

    admin_client.post(page_of(account), form(secret=OTHER, overlap_hours=2))

    assert secrets_of(account) == [OTHER, SECRET]
    assert secrets_of(account, hours=2.1) == [OTHER]
    assert "the secret before is good until" in text_of(admin_client.get(page_of(account, "change")))


def test_an_old_secret_can_be_ended_at_once(admin_client, account):  # W13
    admin_client.post(page_of(account), form())

    admin_client.post(page_of(account), form(secret=OTHER, overlap_hours=0))

    assert secrets_of(account) == [OTHER]


def test_the_header_of_an_hmac_can_be_changed_without_its_secret(admin_client, account):
    admin_client.post(page_of(account), form("hmac_sha256", header="X-Sig", secret=TEXT))

    admin_client.post(page_of(account), form("hmac_sha256", header="X-Signature", secret=""))

    assert (secrets_of(account), account.signature_header) == ([TEXT], "X-Signature")


def test_another_scheme_forgets_the_secret_of_the_one_before(admin_client, account):
    admin_client.post(page_of(account), form("hmac_sha256", header="X-Sig", secret=TEXT))

    admin_client.post(page_of(account), form(header="X-Sig"))

    assert (secrets_of(account), account.signature_header) == ([SECRET], "")


def test_it_can_be_done_without_and_twice_is_once(admin_client, account):
    admin_client.post(page_of(account), form())

    form_of_it = {"remove": "1", "confirmed": "1"}
    answers = [admin_client.post(page_of(account), form_of_it).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert (secrets_of(account), account.signature_scheme) == ([], "")


def test_it_is_asked_before_it_is_done_without(admin_client, account):
    admin_client.post(page_of(account), form())
    before = ProviderAccount.objects.values().get()

    page = text_of(admin_client.post(page_of(account), {"remove": "1"}))

    for words in ('name="remove"', 'name="confirmed"', "Its secrets are forgotten", "Standard Webhooks"):
        assert words in page
    assert ProviderAccount.objects.values().get() == before
    assert LogEntry.objects.count() == 1


def test_an_old_secret_is_ended_early_without_a_new_one(admin_client, account):  # W13
    admin_client.post(page_of(account), form())
    admin_client.post(page_of(account), form(secret=OTHER))

    kept = []
    for hours in ("", "5"):
        admin_client.post(page_of(account), form(secret="", overlap_hours=hours))
        kept.append(secrets_of(account))
    admin_client.post(page_of(account), form(secret="", overlap_hours=0))

    assert kept == [[OTHER, SECRET]] * 2
    assert (secrets_of(account), account.old_callback_secret_until) == ([OTHER], None)
    told = LogEntry.objects.latest("id").get_change_message()
    assert "the secret before ended" in told


def test_a_new_secret_without_hours_leaves_the_old_one_for_a_day(admin_client, account):  # W13
    admin_client.post(page_of(account), form())

    admin_client.post(page_of(account), form(secret=OTHER, overlap_hours=""))

    assert secrets_of(account, hours=23.9) == [OTHER, SECRET]
    assert secrets_of(account, hours=24.1) == [OTHER]


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": ""},
        {"secret": "x"},
        {"secret": "changeme"},
        {"secret": "whsec_"},
        {"secret": "whsec_" + "A" * 32},
        {"secret": TEXT},
        {"secret": "x" * 600},
        {"scheme": "md5"},
        {"scheme": ""},
        {"scheme": "hmac_sha256", "secret": TEXT},
        {"scheme": "hmac_sha256", "secret": TEXT, "header": "Authorization"},
        {"scheme": "hmac_sha256", "secret": TEXT, "header": "X Signature"},
        {"scheme": "hmac_sha256", "secret": "short", "header": "X-Sig"},
        {"overlap_hours": -1},
        {"overlap_hours": 100_000},
    ],
    ids=str,
)
def test_what_can_not_be_is_said_and_changes_nothing(admin_client, account, wrong):  # W3
    before = ProviderAccount.objects.values().get()

    answer = admin_client.post(page_of(account), form(**wrong))

    assert answer.status_code == 200
    assert "errorlist" in text_of(answer)
    assert ProviderAccount.objects.values().get() == before
    given = str(wrong.get("secret", ""))
    assert len(given) < 7 or given not in text_of(answer)


def test_where_there_are_no_callbacks_there_is_no_signature(admin_client):
    account = make_account(base_url="https://provider.example", provider="see2ai")

    assert admin_client.get(page_of(account)).status_code == 404
    assert admin_client.post(page_of(account), form()).status_code == 404
    assert "sends no callbacks" in text_of(admin_client.get(page_of(account, "change")))


def test_only_operators_who_may_change_accounts_do(client, account):
    staff = make_user()
    staff.is_staff = True
    staff.save()
    before = ProviderAccount.objects.values().get()

    for given in (form(), {"remove": "1"}, {"remove": "1", "confirmed": "1"}):
        for asks, status in ((browser_of(staff), 403), (browser_of(make_user()), 302), (client, 302)):
            assert asks.post(page_of(account), given).status_code == status
    assert ProviderAccount.objects.values().get() == before

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from generations import provider_accounts
from generations.models import ProviderAccount
from tests.factories import make_account, make_user
from tests.pages import SURE, browser_of, text_of
from tests.races import race

pytestmark = pytest.mark.django_db
SECRET = "sk-video-never-shown"


@pytest.fixture
def account() -> ProviderAccount:
    return make_account(base_url="https://provider.example/api/v1", label="first", key=SECRET)


def page_of(name: str, account: ProviderAccount) -> str:
    return reverse(f"admin:generations_provideraccount_{name}", args=[account.pk])


def settings_of(account: ProviderAccount, **given) -> dict[str, object]:
    names = ("label", "base_url", "priority", "weight", "max_unanswered", "reads_a_minute")
    return {**{name: getattr(account, name) for name in names}, "max_running": "", "reads_a_second": "", **given}


def test_all_settings_can_be_changed_and_the_rest_stays(admin_client, account):
    given = {"priority": 7, "weight": 3, "max_running": 20, "max_unanswered": 5, "reads_a_minute": 120}
    given["reads_a_second"] = 4

    response = admin_client.post(page_of("change", account), settings_of(account, **given))

    account.refresh_from_db()
    assert response.status_code == 302
    assert {name: getattr(account, name) for name in given} == given
    assert account.key == SECRET
    assert LogEntry.objects.filter(object_id=account.pk).count() == 1


def test_what_workers_wrote_meanwhile_is_not_undone(admin_client, account, monkeypatch):
    """The form is filled with what the row was when it was read."""
    save = ProviderAccount.save

    def late_save(self, *args, **kwargs):
        ProviderAccount.objects.update(failure_count=4, busy_until=timezone.now())
        save(self, *args, **kwargs)

    monkeypatch.setattr(ProviderAccount, "save", late_save)
    admin_client.post(page_of("change", account), settings_of(account, priority=7))

    account.refresh_from_db()
    assert (account.priority, account.failure_count) == (7, 4)
    assert account.busy_until is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": 0},
        {"weight": -1},
        {"weight": 40_000},
        {"max_running": 0},
        {"max_unanswered": 0},
        {"reads_a_minute": 59},
        {"reads_a_second": 0},
        {"priority": ""},
        {"base_url": "ftp://provider.example"},
        {"base_url": "https://user:password@provider.example"},
        {"base_url": "https://provider.example/?key=1"},
        {"base_url": "https://[provider"},
        {"label": ""},
    ],
    ids=str,
)
def test_a_setting_that_can_not_be_changes_nothing(admin_client, account, wrong):
    before = ProviderAccount.objects.values().get()

    response = admin_client.post(page_of("change", account), settings_of(account, **wrong))

    assert response.status_code == 200
    assert "errorlist" in text_of(response)
    assert ProviderAccount.objects.values().get() == before


def test_an_account_is_paused_after_a_question_that_says_what_nobody_makes_then(admin_client, account):
    asked = text_of(admin_client.get(page_of("pause", account)))
    unconfirmed = admin_client.post(page_of("pause", account), {"reason": "Moving"})
    account.refresh_from_db()
    was_paused = account.paused_at is not None

    answer = admin_client.post(page_of("pause", account), SURE | {"reason": "Moving"})

    account.refresh_from_db()
    assert "No other account in service makes seedance-2.0" in asked
    assert (unconfirmed.status_code, was_paused, answer.status_code) == (200, False, 302)
    assert account.paused_reason == "Moving"
    assert "Moving" in LogEntry.objects.get(object_id=account.pk).get_change_message()


def test_where_another_makes_it_too_there_is_nothing_to_warn_of(admin_client, account):
    make_account(base_url="https://other.example", label="second")

    assert "No other account" not in text_of(admin_client.get(page_of("pause", account)))


def test_to_pause_twice_keeps_the_first_reason(admin_client, account):
    for reason in ("", "Again"):
        admin_client.post(page_of("pause", account), SURE | {"reason": reason})

    account.refresh_from_db()
    assert account.paused_reason == "by an operator"
    assert LogEntry.objects.filter(object_id=account.pk).count() == 1


def test_an_account_is_resumed_with_its_circuit_closed_and_twice_is_once(admin_client, account):
    now = timezone.now()
    ProviderAccount.objects.update(
        paused_at=now, paused_reason="INVALID_API_KEY", busy_until=now, circuit_opened_at=now, probe_at=now
    )

    answers = [admin_client.post(page_of("resume", account)).status_code for _ in range(2)]

    account.refresh_from_db()
    assert answers == [302, 302]
    assert (account.paused_at, account.paused_reason, account.busy_until) == (None, "", None)
    assert (account.circuit_opened_at, account.probe_at) == (None, None)


def test_a_resume_is_no_link(admin_client, account):
    assert admin_client.get(page_of("resume", account)).status_code == 405


def test_only_operators_who_may_change_accounts_pause_and_resume(client, account):
    user = make_user()
    user.is_staff = True
    user.save()
    before = ProviderAccount.objects.values().get()

    for name in ("pause", "resume"):
        for asks, status in ((browser_of(user), 403), (browser_of(make_user()), 302), (client, 302)):
            assert asks.post(page_of(name, account), SURE).status_code == status
    assert ProviderAccount.objects.values().get() == before


def test_an_account_that_there_is_not_is_not_found(admin_client):
    nobody = ProviderAccount()

    assert admin_client.post(page_of("pause", nobody), SURE).status_code == 404
    assert admin_client.post(page_of("resume", nobody)).status_code == 404


@pytest.fixture
def vectors() -> ProviderAccount:
    """An account that makes no generations."""
    account = make_account(base_url="https://api.scnet.cn/api/llm/v1", provider="scnet", label="vectors", key=SECRET)
    account.options = {"model": "bge-m3"}
    account.save()
    return account


def test_options_are_edited_a_line_each(admin_client, vectors):
    page = text_of(admin_client.get(page_of("change", vectors)))
    given = {"label": "vectors", "base_url": vectors.base_url, "priority": 5}
    given |= {"reads_a_minute": 600, "reads_a_second": 10}

    response = admin_client.post(page_of("change", vectors), {**given, "options": "model=bge-m3\r\nversion = 2\r\n"})

    vectors.refresh_from_db()
    assert response.status_code == 302
    assert (vectors.options, vectors.priority) == ({"model": "bge-m3", "version": "2"}, 5)
    assert (vectors.reads_a_minute, vectors.reads_a_second) == (600, 10)
    assert "model, dims, encoding, version" in page


def test_what_means_nothing_where_no_generations_are_made_is_not_asked_for(admin_client, account, vectors):
    pages = [admin_client.get(page_of("change", each)).content.decode() for each in (account, vectors)]

    for name in ("weight", "max_running", "max_unanswered"):
        assert [f'name="{name}"' in page for page in pages] == [True, False]
    assert ["field-signature" in page for page in pages] == [True, False]


@pytest.mark.parametrize("options", ["version=x", "colour=red", "version"])
def test_an_option_that_can_not_be_changes_nothing(admin_client, vectors, options):
    before = ProviderAccount.objects.values().get()
    given = {"label": "vectors", "base_url": vectors.base_url, "priority": 5, "reads_a_minute": 600}

    response = admin_client.post(page_of("change", vectors), {**given, "options": options})

    assert (response.status_code, "errorlist" in text_of(response)) == (200, True)
    assert ProviderAccount.objects.values().get() == before


def test_an_unchanged_form_of_an_account_with_options_changes_nothing(admin_client, vectors):
    given = {"label": "vectors", "base_url": vectors.base_url, "priority": 100, "reads_a_minute": 900}

    admin_client.post(page_of("change", vectors), {**given, "options": "model=bge-m3"})

    assert LogEntry.objects.get(object_id=vectors.pk).get_change_message() == "No fields changed."


def test_its_health_tells_nothing_of_tasks(admin_client, vectors):
    page = text_of(admin_client.get(reverse("admin:generations_provideraccount_health")))

    assert "vectors" in page
    assert "up to 900 a minute" in page
    assert "Running now" not in page
    assert "Last answer" not in page


def test_to_pause_it_warns_of_no_model(admin_client, vectors):
    assert "No other account" not in text_of(admin_client.get(page_of("pause", vectors)))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_pause_at_once_one_is_told_that_it_did(account):
    done = race(lambda number: provider_accounts.pause(account, reason=f"by {number}"), range(8), threads=8)

    assert sum(done) == 1

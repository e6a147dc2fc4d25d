import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from generations.models import ProviderAccount, Submission
from tests.api import ensure_prices, running
from tests.factories import make_account, make_submission, make_team, make_user
from tests.pages import HTMX, browser_of, queries, text_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
SECRET = "sk-video-never-shown"


@pytest.fixture
def address() -> str:
    return reverse("admin:generations_provideraccount_health")


@pytest.fixture
def account() -> ProviderAccount:
    return make_account(base_url="https://provider.example", label=f"first {HOSTILE}", key=SECRET)


def test_an_account_in_service_is_told_as_such(admin_client, account, address):
    page = text_of(admin_client.get(address))

    assert "In service" in page
    assert "Closed" in page
    assert f'id="pause-{account.pk}"' in page
    assert f'id="resume-{account.pk}"' not in page
    assert HOSTILE not in page
    assert SECRET not in page


def test_its_limits_of_reads_are_told(admin_client, account, address):
    by_the_minute = text_of(admin_client.get(address))
    ProviderAccount.objects.update(reads_a_minute=300, reads_a_second=5)
    by_both = text_of(admin_client.get(address))

    assert ("up to 900 a minute" in by_the_minute, "a second" in by_the_minute) == (True, False)
    assert "up to 300 a minute" in by_both
    assert "and 5 a second" in by_both


def test_what_is_wrong_is_told(admin_client, account, address):
    now = timezone.now()
    ProviderAccount.objects.update(
        paused_at=now, paused_reason=HOSTILE, circuit_opened_at=now, probe_at=now, failure_count=10, max_running=7
    )

    page = text_of(admin_client.get(address))

    assert "Paused since" in page
    assert "Open since" in page
    assert ">10<" in page
    assert "/ 7" in page
    assert f'id="resume-{account.pk}"' in page
    assert HOSTILE not in page


def test_a_task_that_runs_for_ever_is_told(admin_client, account, address):  # K12
    ensure_prices()
    submission = make_submission(generation=running(make_team(granted=100)), account=account, provider_task_id="one")
    Submission.objects.filter(pk=submission.pk).update(created_at=timezone.now() - timedelta(minutes=21))

    page = text_of(admin_client.get(address))
    link = f"{reverse('admin:generations_submission_changelist')}?account__id__exact={account.pk}"

    assert "Running for more than 20 minutes" in page
    assert link in page
    assert str(submission.pk) in text_of(admin_client.get(f"{link}&ended_at__isempty=1"))


def test_it_keeps_itself_up_to_date_for_an_hour(admin_client, account, address):
    whole = text_of(admin_client.get(address))
    young = admin_client.get(f"{address}?opened={int(time.time()) - 60}", headers=HTMX)
    old = admin_client.get(f"{address}?opened={int(time.time()) - 4000}", headers=HTMX)
    odd = admin_client.get(f"{address}?opened={'9' * 5000}", headers=HTMX)

    assert 'hx-trigger="every 10s"' in whole
    assert text_of(young).lstrip().startswith('<div id="accounts"')
    assert f"opened={int(time.time()) - 60}"[:-2] in text_of(young)
    assert "hx-trigger" not in text_of(old)
    assert "Not kept up to date any more" in text_of(old)
    assert odd.status_code == 200


def test_who_was_signed_out_meanwhile_is_led_to_the_sign_in_page(client, account, address):
    answer = client.get(address, headers=HTMX)

    assert (answer.status_code, answer.headers["HX-Refresh"]) == (200, "true")
    assert "first" not in text_of(answer)
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_however_many_accounts_there_are(admin_client, address, count):
    for number in range(count):
        make_account(base_url="https://provider.example", label=f"account {number}")

    with queries(6):
        page = text_of(admin_client.get(address))

    assert page.count("Sent and not answered") == count


def test_only_operators_who_may_see_accounts_come_in(account, address):
    user = make_user()
    user.is_staff = True
    user.save()

    assert browser_of(user).get(address).status_code == 403
    assert browser_of(make_user()).get(address).status_code == 302


def test_it_can_only_be_looked_at(admin_client, address):
    assert admin_client.post(address).status_code == 405


def test_without_an_account_it_says_how_to_add_one(admin_client, address):
    assert "provider add" in text_of(admin_client.get(address))

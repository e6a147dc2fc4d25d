import pytest
from django.urls import reverse
from django.utils import timezone

from generations.models import Callback, Generation, PriceList, ProviderAccount, Submission
from tests.api import asked, ensure_prices
from tests.factories import make_account, make_submission, make_team

pytestmark = pytest.mark.django_db
SECRET = "sk-video-never-shown"


@pytest.fixture
def submission():
    ensure_prices()
    account = make_account(base_url="https://provider.example/api/v1", key=SECRET)
    made = make_submission(generation=asked(make_team(granted=100)), account=account, provider_task_id="theirs")
    Callback.objects.create(submission=made, headers={}, body=b"{}", received_at=timezone.now())
    return made


@pytest.mark.parametrize("model", [ProviderAccount, PriceList, Generation, Submission, Callback])
def test_an_operator_can_look_at_everything_but_secrets(admin_client, submission, model):
    name = model._meta.model_name

    listed = admin_client.get(reverse(f"admin:generations_{name}_changelist"))
    opened = admin_client.get(reverse(f"admin:generations_{name}_change", args=[model.objects.first().pk]))

    assert (listed.status_code, opened.status_code) == (200, 200)
    page = opened.content.decode()
    assert SECRET not in page
    assert submission.token not in page


@pytest.mark.parametrize("model", [PriceList, Generation, Submission, Callback])
def test_states_and_prices_have_no_form(admin_client, submission, model):
    name = model._meta.model_name
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()

    answers = [
        admin_client.post(reverse(f"admin:generations_{name}_add"), {}),
        admin_client.post(reverse(f"admin:generations_{name}_change", args=[row.pk]), {"state": "completed"}),
        admin_client.post(reverse(f"admin:generations_{name}_delete", args=[row.pk]), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert model.objects.filter(pk=row.pk).values().get() == before


def test_an_operator_can_change_the_order_of_accounts(admin_client, submission):
    account = submission.account
    form = {"label": account.label, "base_url": account.base_url, "priority": 7, "paused_reason": ""}

    response = admin_client.post(
        reverse("admin:generations_provideraccount_change", args=[account.pk]),
        form | {"paused_at_0": "", "paused_at_1": ""},
    )

    account.refresh_from_db()
    assert (response.status_code, account.priority, account.key) == (302, 7, SECRET)

import pytest
from django.urls import reverse
from django.utils import timezone

from generations import lifecycle
from generations.models import Callback, Generation, PriceList, ProviderAccount, State, Submission
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


def test_an_operator_sees_what_it_cost_what_was_charged_and_what_the_provider_remarked(admin_client, submission):
    generation = submission.generation
    for state in (State.SUBMITTING, State.ARCHIVING, State.COMPLETED):
        lifecycle.advance(generation, state)
    Submission.objects.update(
        outcome="succeeded",
        ended_at=timezone.now(),
        provider_cost={"cost_points": 12, "total_tokens": 90000, "cost_time": 41000, "source": "<i>somebody</i>"},
        provider_warnings=["<b>image_urls[1]</b> was ignored"],
    )

    listed, opened = (admin_client.get(address).content.decode() for address in addresses(submission))

    for page in (listed, opened):
        for words in (
            "12 cost points, 90000 total tokens",
            "15",
            "1250.00",
            "&lt;b&gt;image_urls[1]&lt;/b&gt; was ignored",
        ):
            assert words in page
    assert "41000 cost time, &lt;i&gt;somebody&lt;/i&gt; source" in opened


@pytest.mark.parametrize(
    ("outcome", "late", "cost", "charged", "margin"),
    [
        ("succeeded", False, {"total_tokens": 5}, ">15<", '"field-margin">-<'),
        ("succeeded", True, {"cost_points": 12}, '"field-charged">0<', '"field-margin">0.00<'),
        ("succeeded", False, {"cost_points": 0}, '"field-charged">15<', '"field-margin">-<'),
    ],
    ids=["no points", "late", "no cost"],
)
def test_a_margin_is_told_where_it_can_be(admin_client, submission, outcome, late, cost, charged, margin):
    for state in (State.SUBMITTING, State.ARCHIVING, State.COMPLETED):
        lifecycle.advance(submission.generation, state)
    Submission.objects.update(outcome=outcome, arrived_late=late, ended_at=timezone.now(), provider_cost=cost)

    listed = admin_client.get(addresses(submission)[0]).content.decode()

    assert charged in listed
    assert margin in listed


def test_nothing_is_told_of_a_charge_before_the_end(admin_client, submission):
    Submission.objects.update(provider_cost={"cost_points": 12})

    listed = admin_client.get(addresses(submission)[0]).content.decode()

    assert '"field-charged">-<' in listed
    assert '"field-margin">-<' in listed


def addresses(submission) -> list[str]:
    return [
        reverse("admin:generations_submission_changelist"),
        reverse("admin:generations_submission_change", args=[submission.pk]),
    ]

import pytest
from django.urls import reverse

from accounts.models import ApiKey, CreditBalance, CreditEntry, Membership, Team, User
from tests.factories import make_key, make_team

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [User, Team, ApiKey, CreditBalance, CreditEntry])
def test_an_operator_can_look_at_everything(admin_client, model):
    key, _ = make_key(team=make_team(name="Lumière", granted=100))
    name = model._meta.model_name

    listed = admin_client.get(reverse(f"admin:accounts_{name}_changelist"), {"q": "a"})
    opened = admin_client.get(reverse(f"admin:accounts_{name}_change", args=[model.objects.first().pk]))

    assert (listed.status_code, opened.status_code) == (200, 200)
    assert key.digest not in opened.content.decode()


@pytest.mark.parametrize("model", [ApiKey, CreditBalance, CreditEntry])
def test_keys_and_credits_have_no_form(admin_client, model):
    make_key(team=make_team(granted=100))
    name = model._meta.model_name
    row = model.objects.first()

    answers = [
        admin_client.post(reverse(f"admin:accounts_{name}_add"), {}),
        admin_client.post(reverse(f"admin:accounts_{name}_change", args=[row.pk]), {"available": 1, "note": "x"}),
        admin_client.post(reverse(f"admin:accounts_{name}_delete", args=[row.pk]), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert model.objects.filter(pk=row.pk).values().get() == next(
        values for values in model.objects.values() if values[model._meta.pk.attname] == row.pk
    )


def test_an_operator_can_make_a_user(admin_client):
    response = admin_client.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "Louis@Example.com",
            "usable_password": "true",
            "password1": "gate-of-1895",
            "password2": "gate-of-1895",
        },
    )

    assert response.status_code == 302
    assert User.objects.get(email="louis@example.com").check_password("gate-of-1895")


def test_the_admin_is_entered_through_the_common_door(client):
    response = client.get(reverse("admin:login"))

    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_members_are_shown_with_their_team(admin_client):
    team = make_team()
    member = Membership.objects.get(team=team).user

    page = admin_client.get(reverse("admin:accounts_team_change", args=[team.pk]))

    assert member.email in page.content.decode()

"""What the tests of a team's pages share."""

from django.test import Client
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts import credits
from accounts.models import AuditEntry, BudgetUse, Membership, Role, User
from tests.factories import make_member, make_team
from tests.pages import browser_of

TEAM = "/team/"


def url(name, *ids):
    return reverse(f"accounts:{name}", args=ids)


def role_of(team, user):
    return Membership.objects.filter(team=team, user=user).values_list("role", flat=True).first()


def actions(team):
    return list(AuditEntry.objects.filter(team=team).order_by("id").values_list("action", flat=True))


def spend(team, user, amount):
    """In the browser, this month."""
    hold_id = uuid7()
    credits.hold(team.pk, amount, hold_id=hold_id, member_id=user.pk)
    credits.capture(hold_id, amount)
    assert BudgetUse.objects.filter(team=team, member=user).exists()


def state(team):
    """All that a refused request must leave as it is."""
    return (
        list(
            team.memberships.order_by("pk").values("user", "role", "monthly_budget_credits", "lifetime_budget_credits")
        ),
        list(team.invitations.order_by("pk").values("email", "role", "digest", "revoked_at", "accepted_at")),
        type(team).objects.filter(pk=team.pk).values()[0],
        actions(team),
    )


def who_comes(team) -> dict[str, Client]:
    """Browsers of everyone who might not: the lesser roles, a stranger with a team of their own, nobody."""
    stranger = make_team(name="Pathé").memberships.get().user
    return {
        "viewer": browser_of(make_member(team=team, role=Role.VIEWER)),
        "member": browser_of(make_member(team=team, role=Role.MEMBER)),
        "admin": browser_of(make_member(team=team, role=Role.ADMIN)),
        "stranger": browser_of(stranger),
        "nobody": Client(),
    }


def assert_refused(team, path, data, expected):
    """`expected` has the status for each of who_comes(), "sign-in" where it leads there; nothing is changed by any."""
    browsers = who_comes(team)
    before = state(team)

    told = {}
    for who in expected:
        response = browsers[who].post(path, data)
        leads_to_sign_in = response.status_code == 302 and response.headers["Location"].startswith("/sign/login/")
        told[who] = "sign-in" if leads_to_sign_in else response.status_code

    assert told == expected
    assert state(team) == before


def assert_only_post(user: User, path: str, parent: str) -> None:
    """Whoever merely looks at the address is led to the page that it belongs to; other methods are refused."""
    browser = browser_of(user)

    assert browser.get(path).headers["Location"] == parent
    assert browser.put(path).status_code == 405

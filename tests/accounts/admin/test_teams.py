import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts import teams
from accounts.actors import INSTALLATION
from accounts.models import Allowance, AuditAction, AuditEntry, CreditEntry, Membership, Team
from tests.factories import make_team, make_user
from tests.pages import browser_of, text_of
from tests.pipeline import assert_books_are_right, figures
from tests.races import race

GRANT, ADJUST = "grant", "adjust"


@pytest.fixture
def team(db):
    return make_team(granted=100)


def url_of(team, what="change"):
    return reverse(f"admin:accounts_team_{what}", args=[team.pk])


def filled_in(**given):
    return {"form_key": str(uuid4()), "credits": "250", "note": "Invoice 104", **given}


def members_of_form(team):
    membership = Membership.objects.get(team=team)
    total = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1}
    return total | {"memberships-0-id": membership.pk, "memberships-0-role": "viewer", "memberships-0-DELETE": "on"}


def test_the_page_shows_figures_and_members(admin_client, team):
    page = text_of(admin_client.get(url_of(team)))

    assert Membership.objects.get(team=team).user.email in page
    assert re.search(r"available.*?<div class=\"readonly\">100</div>", page, re.DOTALL | re.IGNORECASE)
    for what in (GRANT, ADJUST):
        assert url_of(team, what) in page


@pytest.mark.parametrize(("what", "amount", "then"), [(GRANT, 250, 350), (ADJUST, 250, 350), (ADJUST, -30, 70)])
def test_credits_are_posted_after_a_second_look_and_the_operator_is_named(
    admin_client, admin_user, team, what, amount, then
):
    form = filled_in(credits=str(amount))

    assert admin_client.get(url_of(team, what)).status_code == 200
    shown = text_of(admin_client.post(url_of(team, what), form))
    assert figures(team) == (100, 0, 0)
    assert form["form_key"] in shown
    assert f">{then}<" in shown
    response = admin_client.post(url_of(team, what), form | {"confirmed": "1"})

    assert (response.status_code, response.url) == (302, url_of(team))
    assert figures(team) == (then, 0, 0)
    entry = CreditEntry.objects.get(note="Invoice 104")
    assert (entry.kind, entry.actor) == (what, admin_user)
    log = AuditEntry.objects.get(team=team, user=admin_user)
    assert log.action in (AuditAction.CREDITS_GRANTED, AuditAction.CREDITS_ADJUSTED)
    assert (log.subject, log.detail, log.ip) == ("Invoice 104", {"credits": amount}, "127.0.0.1")
    assert_books_are_right()


@pytest.mark.parametrize("what", [GRANT, ADJUST])
def test_one_form_posts_once(admin_client, team, what):
    form = filled_in(confirmed="1")

    answers = [admin_client.post(url_of(team, what), form).status_code for _ in range(3)]

    assert answers == [302] * 3
    assert figures(team) == (350, 0, 0)
    assert "Nothing was posted again" in text_of(admin_client.get(url_of(team)))


def test_one_form_sent_ten_times_at_once_posts_once(transactional_db):
    team = make_team()
    operator = make_user()
    operator.is_staff = operator.is_superuser = True
    operator.save()
    form = filled_in(confirmed="1")
    browsers = [browser_of(operator) for _ in range(10)]

    answers = race(lambda browser: browser.post(url_of(team, GRANT), form).status_code, browsers, threads=10)

    assert answers == [302] * 10
    assert figures(team) == (250, 0, 0)
    assert AuditEntry.objects.filter(action=AuditAction.CREDITS_GRANTED).count() == 1


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        (GRANT, {"credits": "0"}), (GRANT, {"credits": "-5"}), (GRANT, {"credits": "1.5"}), (GRANT, {"credits": "NaN"}),
        (GRANT, {"credits": "1e9"}), (GRANT, {"credits": str(2**63)}), (GRANT, {"note": " "}), (GRANT, {"credits": ""}),
        (GRANT, {"note": "x" * 201}), (GRANT, {"form_key": "x"}), (GRANT, {"form_key": ""}),
        (ADJUST, {"credits": "0"}), (ADJUST, {"credits": "-101"}), (ADJUST, {"note": ""}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_posts_nothing(admin_client, team, what, wrong):  # L12
    response = admin_client.post(url_of(team, what), filled_in(**wrong, confirmed="1"))

    assert response.status_code == 200
    assert 'name="confirmed"' not in text_of(response)
    assert figures(team) == (100, 0, 0)


def test_a_note_is_text(admin_client, team):
    response = admin_client.post(url_of(team, GRANT), filled_in(note="<script>alert(1)</script>"))

    assert "<script>alert" not in text_of(response)


def test_a_team_that_is_not_there_is_not_found(admin_client, team):
    assert admin_client.get(reverse("admin:accounts_team_grant", args=[uuid4()])).status_code == 404


def test_an_operator_who_may_only_look_posts_nothing(client, team):
    operator = make_user()
    operator.is_staff = True
    operator.save()
    operator.user_permissions.add(Permission.objects.get(codename="view_team"))
    client.force_login(operator)

    assert url_of(team, GRANT) not in text_of(client.get(url_of(team)))
    for what in (GRANT, ADJUST):
        assert client.post(url_of(team, what), filled_in(confirmed="1")).status_code == 403
    assert figures(team) == (100, 0, 0)


def test_name_and_allowance_are_changed_and_logged(admin_client, admin_user, team):
    form = {"name": "Pathé", "monthly_allowance_credits": "1000", **members_of_form(team)}

    assert admin_client.post(url_of(team), form).status_code == 302

    team.refresh_from_db()
    assert (team.name, team.monthly_allowance_credits) == ("Pathé", 1000)
    assert Allowance.objects.get(team=team).credits == 0  # from the next first on
    changes = AuditEntry.objects.filter(team=team, action=AuditAction.TEAM_CHANGED, user=admin_user)
    details = [entry.detail for entry in changes.order_by("id")]
    assert details == [{"name": ["Lumière", "Pathé"]}, {"monthly_allowance_credits": [None, 1000]}]


def test_an_older_page_changes_what_was_changed_on_it_and_nothing_else(admin_client, team):
    def page():
        shown = text_of(admin_client.get(url_of(team)))
        hidden = dict(re.findall(r'<input type="hidden" name="(initial-[a-z_]+)"(?: value="([^"]*)")?', shown))
        assert set(hidden) == {"initial-name", "initial-monthly_allowance_credits"}
        return {"name": "Lumière", "monthly_allowance_credits": "", **hidden, **members_of_form(team)}

    older, newer = page(), page()

    answers = [
        admin_client.post(url_of(team), newer | {"monthly_allowance_credits": "1000"}),
        admin_client.post(url_of(team), older | {"name": "Pathé"}),
    ]
    team.refresh_from_db()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert (team.name, team.monthly_allowance_credits) == ("Pathé", 1000)

    admin_client.post(url_of(team), page() | {"name": "Pathé"})
    assert Team.objects.get(pk=team.pk).monthly_allowance_credits is None


@pytest.mark.parametrize("wrong", ["0", "-1", "x", str(2**63)])
def test_an_allowance_is_a_figure_above_0(admin_client, team, wrong):  # L12
    form = {"name": team.name, "monthly_allowance_credits": wrong, **members_of_form(team)}

    assert admin_client.post(url_of(team), form).status_code == 200
    assert Team.objects.get(pk=team.pk).monthly_allowance_credits is None


def test_nothing_else_of_a_team_can_be_changed_here(admin_client, team):  # A10
    form = {"name": team.name, "closed_at_0": "2030-01-01", "closing_at": "2030-01-01", "available": "9", "id": uuid4()}
    form |= {"low_balance_credits": "5", "monthly_budget_credits": "5", **members_of_form(team)}
    before = Team.objects.filter(pk=team.pk).values().get()

    admin_client.post(url_of(team), form)

    assert Team.objects.filter(pk=team.pk).values().get() == before
    assert Membership.objects.get(team=team).role == "owner"
    assert figures(team) == (100, 0, 0)


def test_a_team_that_is_being_closed_can_only_be_looked_at(admin_client, team):
    teams.close(team, by=INSTALLATION)
    before = Team.objects.filter(pk=team.pk).values().get()

    assert admin_client.get(url_of(team)).status_code == 200
    answers = [
        admin_client.post(url_of(team), {"name": "Pathé", "monthly_allowance_credits": "5", **members_of_form(team)}),
        admin_client.post(url_of(team, GRANT), filled_in(confirmed="1")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert Team.objects.filter(pk=team.pk).values().get() == before
    assert figures(team) == (100, 0, 0)


@pytest.mark.parametrize("what", ["grant", "adjust"])
def test_more_than_can_be_counted_is_refused_in_the_form(admin_client, what):
    team = make_team(granted=2**63 - 10)

    response = admin_client.post(url_of(team, what), filled_in(credits="100", confirmed="1"))

    assert response.status_code == 200
    assert "more than the team" in text_of(response)
    assert figures(team)[0] == 2**63 - 10

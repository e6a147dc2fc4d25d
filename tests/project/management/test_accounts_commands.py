import json
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import keys, teams
from accounts.actors import INSTALLATION
from accounts.models import ApiKey, AuditAction, AuditEntry, CreditBalance, CreditEntry, Membership, Role, Team, User
from tests.factories import make_member, make_team, make_user

BOOTSTRAP = ["bootstrap", "--email", "Alice@Example.com", "--team", "Lumière", "--credits", "5000"]


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_bootstrap_makes_someone_who_can_start(db, client):
    answer = json.loads(run(*BOOTSTRAP, "--password", "the-first-gate", "--json"))

    team = Team.objects.get(pk=answer["team"])
    assert (team.name, CreditBalance.objects.get(team=team).available) == ("Lumière", 5000)
    assert keys.authenticate(answer["api_key"]).team == team
    assert client.login(email="alice@example.com", password="the-first-gate")
    assert EmailAddress.objects.get(email="alice@example.com").verified


def test_bootstrap_again_changes_nothing_and_shows_no_key(db):
    first = json.loads(run(*BOOTSTRAP, "--password", "the-first-gate", "--json"))

    again = json.loads(run(*BOOTSTRAP, "--password", "another-gate", "--json"))

    assert again == first | {"api_key": None}
    assert User.objects.get().check_password("the-first-gate")
    counts = [model.objects.count() for model in (User, Team, Membership, ApiKey, EmailAddress, CreditEntry)]
    assert counts == [1, 1, 1, 1, 1, 1]


def test_bootstrap_does_not_take_a_team_where_they_are_not_the_owner(db):
    watched = make_team(name="Lumière")
    make_member(team=watched, user=make_user(email="alice@example.com"), role=Role.VIEWER)

    answer = json.loads(run(*BOOTSTRAP, "--json"))

    assert answer["team"] != str(watched.pk)
    assert CreditBalance.objects.get(team=watched).available == 0


def test_bootstrap_after_the_team_was_closed_makes_another(db):
    first = json.loads(run(*BOOTSTRAP, "--json"))
    teams.close(Team.objects.get(), by=INSTALLATION)

    again = json.loads(run(*BOOTSTRAP, "--json"))

    assert again["team"] != first["team"]
    assert keys.authenticate(again["api_key"]).team_id == Team.objects.open().get().pk


def test_bootstrap_records_what_it_grants(db):
    run(*BOOTSTRAP)

    assert AuditEntry.objects.get(action=AuditAction.CREDITS_GRANTED).detail == {"credits": 5000}


@pytest.mark.parametrize("command", ["grant_credits", "adjust_credits"])
def test_credits_of_a_closed_team_stay_as_they_are(db, command):
    team = make_team(granted=10)
    teams.close(team, by=INSTALLATION)

    with pytest.raises(CommandError, match="is closed"):
        run(command, str(team.pk), "1", "--note", "too late")

    assert CreditBalance.objects.get().granted == 10


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (["grant_credits", "TEAM", "1", "--note", "x" * 201], "200 characters"),
        (["adjust_credits", "TEAM", "1", "--note", "x" * 201], "200 characters"),
        (["redeem_codes", "1", "1", "--note", "x" * 201], "200 characters"),
        (["grant_credits", "TEAM", str(2**63 - 1), "--note", "x"], "above"),
        (["adjust_credits", "TEAM", str(2**63 - 1), "--note", "x"], "above"),
        (["grant_credits", "TEAM", str(2**64), "--note", "x"], "below"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(db, command, refused):
    team = make_team(granted=10)

    with pytest.raises(CommandError, match=refused):
        run(*[str(team.pk) if word == "TEAM" else word for word in command])

    assert CreditBalance.objects.get().granted == 10


def test_bootstrap_without_credits_grants_none(db):
    run("bootstrap", "--email", "a@example.com", "--team", "Lumière", "--credits", "0")

    assert CreditEntry.objects.count() == 0


def test_bootstrap_refuses_credits_below_zero_and_leaves_nothing(db):
    with pytest.raises(CommandError, match="0 or above"):
        run("bootstrap", "--email", "a@example.com", "--team", "Lumière", "--credits", "-1")

    assert User.objects.count() == 0


def test_bootstrap_refuses_what_is_no_address(db):
    with pytest.raises(CommandError, match="not an e-mail address"):
        run("bootstrap", "--email", "alice", "--team", "Lumière", "--credits", "1")


@pytest.mark.parametrize("called", [lambda team: team.name, lambda team: str(team.pk)], ids=["name", "id"])
def test_grant_credits_grants_to_the_team_named(db, called):
    team = make_team(name="Lumière")
    make_team(name="Pathé")

    answer = json.loads(run("grant_credits", called(team), "250", "--note", "a prize", "--json"))

    assert answer == {"team": str(team.pk), "granted": 250, "available": 250}
    assert CreditEntry.objects.get().note == "a prize"


@pytest.mark.parametrize(
    ("name", "amount", "says"),
    [
        ("Gaumont", "5", "no team is called"),
        ("Lumière", "5", "several teams are called"),
        ("Pathé", "0", "above 0"),
        ("Pathé", "-5", "above 0"),
    ],
)
def test_grant_credits_says_why_not(db, name, amount, says):
    for team in ("Lumière", "Lumière", "Pathé"):
        make_team(name=team)

    with pytest.raises(CommandError, match=says):
        run("grant_credits", name, "--note", "a prize", "--", amount)

    assert CreditEntry.objects.count() == 0


def test_audit_credits_of_sound_books_is_quiet(db):
    make_team(granted=100)

    assert run("audit_credits") == "the books close\n"
    assert json.loads(run("audit_credits", "--json")) == []


def test_audit_credits_prints_what_differs_and_fails(db):
    team = make_team(granted=100)
    CreditBalance.objects.filter(team=team).update(available=99, granted=99)
    out = StringIO()

    with pytest.raises(CommandError, match="1 rows differ") as failure:
        call_command("audit_credits", "--json", stdout=out)

    assert failure.value.returncode == 1
    assert json.loads(out.getvalue()) == [
        {
            "rule": "balance_is_the_sum",
            "team_id": str(team.pk),
            "subject": "balance",
            "expected": "1 100 0 0 100",
            "found": "1 99 0 0 99",
        }
    ]
    assert connection.is_usable()


def test_the_audit_takes_the_time_it_needs(db):
    """Big books take longer than a request may. Here the transaction goes on after the command's own part of it."""
    run("audit_credits")

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)

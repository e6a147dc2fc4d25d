import json
import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.actors import INSTALLATION
from accounts.billing import redeem
from accounts.models import AuditAction, AuditEntry, CreditEntry, CreditPackage, RedeemCode
from tests.factories import make_package, make_team
from tests.pipeline import figures


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_grant_is_in_the_audit_log_as_the_installations_own(db):
    team = make_team()

    run("grant_credits", str(team.pk), "250", "--note", "a prize")

    log = AuditEntry.objects.get(action=AuditAction.CREDITS_GRANTED)
    assert (log.team, log.user, log.subject, log.detail) == (team, None, "a prize", {"credits": 250})


@pytest.mark.parametrize(("amount", "then"), [("50", 150), ("-100", 0)])
def test_an_adjustment_goes_both_ways_and_into_the_audit_log(db, amount, then):
    team = make_team(name="Lumière", granted=100)

    answer = json.loads(run("adjust_credits", "Lumière", "--note", "a slip", "--json", "--", amount))

    assert answer == {"team": str(team.pk), "adjusted": int(amount), "available": then}
    assert figures(team) == (then, 0, 0)
    log = AuditEntry.objects.get(action=AuditAction.CREDITS_ADJUSTED)
    assert (log.team, log.detail) == (team, {"credits": int(amount)})


def test_an_adjustment_in_words(db):
    make_team(name="Lumière", granted=100)

    assert run("adjust_credits", "Lumière", "--note", "a slip", "--", "-30") == "Lumière: -30 adjusted, 70 available\n"


@pytest.mark.parametrize(
    ("name", "amount", "says"),
    [("Gaumont", "5", "no team is called"), ("Pathé", "0", "above 0"), ("Pathé", "-101", "Available: 100")],
)
def test_adjust_credits_says_why_not(db, name, amount, says):
    team = make_team(name="Pathé", granted=100)

    with pytest.raises(CommandError, match=says):
        run("adjust_credits", name, "--note", "a slip", "--", amount)

    assert figures(team) == (100, 0, 0)
    assert not AuditEntry.objects.filter(action=AuditAction.CREDITS_ADJUSTED).exists()


def test_codes_are_printed_one_a_line_and_work(db):
    team = make_team()

    codes = run("redeem_codes", "3", "500", "--note", "the fair").split()

    assert all(re.fullmatch(r"FG(-[0-9A-Z]{5}){4}", code) for code in codes)
    assert redeem.redeem(codes[2], team, by=INSTALLATION).note == "the fair"
    assert figures(team) == (500, 0, 0)
    assert AuditEntry.objects.get(action=AuditAction.CODES_ISSUED).detail == {"count": 3, "credits": 500}


def test_codes_as_json_with_an_expiry(db):
    answer = json.loads(run("redeem_codes", "2", "500", "--expires", "2130-01-01T00:00:00Z", "--json"))

    assert (answer["credits"], answer["expires_at"]) == (500, "2130-01-01T00:00:00+00:00")
    assert len(answer["codes"]) == 2
    assert {row.expires_at for row in RedeemCode.objects.all()} == {datetime(2130, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["0", "5"], "1 to 1000"),
        (["1001", "5"], "1 to 1000"),
        (["1", "0"], "more than 0"),
        (["1", "5", "--expires", "soon"], "not ISO 8601"),
        (["1", "5", "--expires", "2020-01-01"], "is over"),
    ],
)
def test_redeem_codes_says_why_not(db, arguments, says):
    with pytest.raises(CommandError, match=says):
        run("redeem_codes", *arguments)

    assert RedeemCode.objects.count() == 0


def test_a_package_is_added_and_listed(db):
    make_package(name="Small", credits=100, amount=500, is_offered=False, position=2)

    added = json.loads(
        run("packages", "add", "Large", "1000", "1900", "--currency", "EUR", "--position", "1", "--json")
    )

    figures_of_large = {"name": "Large", "credits": 1000, "amount": 1900, "currency": "eur"}
    assert added == {"id": added["id"], **figures_of_large, "position": 1, "offered": True}
    listed = json.loads(run("packages", "list", "--json"))
    assert [(each["name"], each["offered"]) for each in listed] == [("Large", True), ("Small", False)]
    assert run("packages", "list").splitlines() == [
        "Large: 1000 credits, EUR\u00a019.00, offered",
        "Small: 100 credits, USD\u00a05.00, not offered",
    ]


@pytest.mark.parametrize(
    "arguments", [["", "5", "5"], ["A", "0", "5"], ["A", "5", "0"], ["A", "5", "5", "--currency", "euro"]]
)
def test_packages_says_why_not(db, arguments):  # L12
    with pytest.raises(CommandError):
        run("packages", "add", *arguments)

    assert CreditPackage.objects.count() == 0
    assert CreditEntry.objects.count() == 0

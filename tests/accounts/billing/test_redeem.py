import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import teams
from accounts.actors import INSTALLATION, Actor
from accounts.billing import redeem
from accounts.models import AuditAction, AuditEntry, CreditBalance, CreditEntry, RedeemCode
from accounts.refusals import TeamClosing
from tests.factories import make_team, make_user
from tests.pipeline import assert_books_are_right, figures
from tests.races import race

ODD = "FG-7K3M9-QZ04T-X8W2C-115YP"


@pytest.fixture
def team(db):
    return make_team()


def issue(count=1, credits=500, *, note="a fair", expires_at=None, by=INSTALLATION):
    return redeem.issue(count, credits, note=note, expires_at=expires_at, by=by)


def reason(code, team, by=INSTALLATION):
    with pytest.raises(redeem.NoSuchCode) as refusal:
        redeem.redeem(code, team, by=by)
    return refusal.value.reason


def test_codes_are_shown_in_groups_and_kept_as_digests(db):  # A5
    operator = make_user()

    codes = issue(200, note="the fair", by=Actor(user=operator))

    assert len(set(codes)) == RedeemCode.objects.count() == 200
    assert all(re.fullmatch(r"FG(-[0-9A-HJKMNP-TV-Z]{5}){4}", code) for code in codes)
    assert len(set("".join(codes)) - set("FG-")) == 30  # all of the alphabet's others
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(each::text, ' ') FROM accounts_redeemcode AS each")
        dump = cursor.fetchone()[0]
    assert not any(code in dump or code.replace("-", "")[2:] in dump for code in codes)
    row = RedeemCode.objects.first()
    assert (row.credits, row.note, row.issued_by) == (500, "the fair", operator)
    log = AuditEntry.objects.get(action=AuditAction.CODES_ISSUED)
    assert (log.user, log.team, log.detail) == (operator, None, {"count": 200, "credits": 500})


@pytest.mark.parametrize(("count", "worth"), [(0, 1), (-1, 1), (1001, 1), (1, 0), (1, -5), (1, 2**31)])
def test_codes_are_1_to_1000_and_worth_something(db, count, worth):  # L12
    with pytest.raises(ValueError, match="not "):
        issue(count, worth)

    assert RedeemCode.objects.count() == 0


def test_a_code_gives_its_credits_and_says_who_used_it(team):
    owner = team.members.get()
    (code,) = issue(credits=500)

    row = redeem.redeem(code, team, by=Actor(user=owner, ip="192.0.2.7"))

    assert figures(team) == (500, 0, 0)
    row.refresh_from_db()
    assert (row.team, row.redeemed_by) == (team, owner)
    assert row.redeemed_at
    entry = CreditEntry.objects.get()
    assert (entry.redeem_code, entry.reason) == (row, f"Code …{code[-4:]}")
    log = AuditEntry.objects.get(action=AuditAction.CODE_REDEEMED)
    assert (log.team, log.user, log.ip, log.subject_id) == (team, owner, "192.0.2.7", row.pk)
    assert_books_are_right()


@pytest.mark.parametrize(
    "written",
    [
        "FG-7K3M9-QZ04T-X8W2C-115YP",
        "fg-7k3m9-qzo4t-x8w2c-il5yp",
        "  FG 7K3M9 QZO4T X8W2C LI5YP\n",
        "7K3M9QZ04TX8W2C115YP",
        "FG7K3M9QZ04TX8W2C115YP",
        "fg—7k3m9—qz04t—x8w2c—115yp",
        "ＦＧ－７Ｋ３Ｍ９－ＱＺ０４Ｔ－Ｘ８Ｗ２Ｃ－１１５ＹＰ",
    ],
)
def test_a_code_is_known_however_it_is_written(written):
    assert redeem.read(written) == redeem.read(ODD) == "7K3M9QZ04TX8W2C115YP"


@pytest.mark.parametrize(
    "written", ["", "FG", "FG-", ODD[:-1], ODD + "0", ODD.replace("7", "U"), ODD.replace("7", "é"), "\0", "0" * 10**6]
)
def test_what_is_no_code_is_none(written):
    assert redeem.read(written) is None


def test_the_prefix_is_no_part_of_a_code_that_begins_like_it():
    assert redeem.read("FG000-00000-00000-00000") == "FG000000000000000000"


def test_a_code_that_nobody_issued_is_unknown(team):
    assert reason(ODD, team) == "unknown"
    assert reason("hello", team) == "unknown"
    assert CreditEntry.objects.count() == 0


def test_a_code_is_good_once_for_whichever_team(team):  # L13
    (code,) = issue(credits=500)
    redeem.redeem(code, team, by=INSTALLATION)

    assert reason(code, team) == "redeemed"
    assert reason(code, make_team()) == "redeemed"
    assert CreditEntry.objects.count() == 1


def test_an_expired_code_gives_nothing(team):
    (code,) = issue(expires_at=timezone.now() + timedelta(hours=1))
    RedeemCode.objects.update(expires_at=timezone.now())

    assert reason(code, team) == "expired"
    assert RedeemCode.objects.get().redeemed_at is None


def test_a_team_that_is_being_closed_takes_no_code(team):
    (code,) = issue()
    teams.close(team, by=INSTALLATION)

    with pytest.raises(TeamClosing):
        redeem.redeem(code, team, by=INSTALLATION)

    assert RedeemCode.objects.get().redeemed_at is None
    assert CreditEntry.objects.count() == 0


def test_codes_and_the_closing_of_their_team_at_once_go_one_after_the_other(transactional_db):
    team, codes = make_team(), issue(8, credits=500)
    user = make_user()

    def turn(code):
        if code is None:
            return teams.close(team, by=INSTALLATION)
        try:
            return redeem.redeem(code, team, by=Actor(user=user)).credits
        except TeamClosing:
            return 0

    gained = [each or 0 for each in race(turn, [*codes[:4], None, *codes[4:]], threads=9)]

    assert CreditBalance.objects.get(team=team).available == sum(gained)
    assert RedeemCode.objects.exclude(redeemed_at=None).count() == gained.count(500)
    assert_books_are_right()


def test_of_a_hundred_who_redeem_one_code_together_one_gets_it(transactional_db):  # L13
    (code,) = issue(credits=500)
    racers = [(make_team(), Actor(user=make_user(), ip=f"192.0.2.{number}")) for number in range(100)]

    def turn(racer):
        try:
            return redeem.redeem(code, racer[0], by=racer[1]).credits
        except redeem.NoSuchCode as refusal:
            return refusal.reason

    gained = race(turn, racers, threads=20)

    assert sorted(gained, key=str) == [500, *["redeemed"] * 99]
    assert CreditEntry.objects.count() == 1
    assert AuditEntry.objects.filter(action=AuditAction.CODE_REDEEMED).count() == 1
    assert_books_are_right()


def test_someone_guesses_ten_times_a_minute_wherever_they_come_from(team):  # A11
    (code,) = issue()
    user = make_user()
    tries = [reason(ODD, team, by=Actor(user=user, ip=f"192.0.2.{number}")) for number in range(10)]

    assert tries == ["unknown"] * 10
    assert reason(code, team, by=Actor(user=user, ip="198.51.100.1")) == "too_many"
    assert RedeemCode.objects.get().redeemed_at is None
    redeem.redeem(code, team, by=Actor(user=make_user(), ip="198.51.100.1"))


def test_one_address_guesses_ten_times_a_minute_whoever_it_is(team):  # A11
    (code,) = issue()
    for _ in range(10):
        reason(ODD, team, by=Actor(user=make_user(), ip="192.0.2.7"))

    assert reason(code, team, by=Actor(user=make_user(), ip="192.0.2.7")) == "too_many"


def test_after_a_minute_one_may_guess_again(team, monkeypatch):
    user = make_user()
    now = redeem.time.time()
    for _ in range(10):
        reason(ODD, team, by=Actor(user=user))

    monkeypatch.setattr("accounts.billing.redeem.time.time", lambda: now + redeem.TRIES_SECONDS + 1)

    assert reason(ODD, team, by=Actor(user=user)) == "unknown"


def test_guesses_at_once_are_counted_exactly(transactional_db):  # A11
    team, user = make_team(), make_user()

    reasons = race(lambda _: reason(ODD, team, by=Actor(user=user)), range(60), threads=20)

    assert (reasons.count("unknown"), reasons.count("too_many")) == (10, 50)


def test_a_code_worth_more_than_can_be_counted_stays_good(db):
    full, other = make_team(granted=2**63 - 10), make_team()
    (code,) = redeem.issue(1, 100, note="", expires_at=None, by=INSTALLATION)

    with pytest.raises(redeem.NoSuchCode) as refusal:
        redeem.redeem(code, full, by=INSTALLATION)

    assert refusal.value.reason == "too_large"
    assert redeem.redeem(code, other, by=INSTALLATION).credits == 100

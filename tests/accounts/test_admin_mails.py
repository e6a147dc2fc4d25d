from smtplib import SMTPAuthenticationError, SMTPDataError, SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from accounts import admin_mails
from accounts.models import Role
from tests.factories import make_member, make_team, make_user
from tests.races import meanwhile

FIGURES = {"available": 1, "threshold": 2, "buy_url": "http://localhost/credits/buy/"}


@pytest.fixture
def team(db):
    team = make_team(owner=make_user(email="first@example.com"))
    make_member(team=team, role=Role.ADMIN, user=make_user(email="second@example.com"))
    return team


@pytest.fixture
def failing(monkeypatch):
    """Mails to some addresses fail, with the error given for each."""

    def install(**errors):
        send = EmailBackend.send_messages

        def send_or_fail(backend, messages):
            name = messages[0].to[0].partition("@")[0]
            if name in errors:
                raise errors[name]
            return send(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", send_or_fail)

    return install


def sent_to():
    return [message.to[0] for message in mail.outbox]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), SMTPAuthenticationError(535, b"no")])
def test_nobody_told_for_want_of_a_server_is_an_error(team, failing, error):
    failing(first=SMTPRecipientsRefused({}), second=error)

    with pytest.raises(type(error)):
        admin_mails.send("low_balance", team=team, **FIGURES)

    assert sent_to() == []


def test_once_one_is_told_a_failure_is_only_logged(team, failing, caplog):
    failing(second=TimeoutError())

    admin_mails.send("low_balance", team=team, **FIGURES)

    assert sent_to() == ["first@example.com"]
    assert "TimeoutError" in caplog.text
    assert "@" not in caplog.text


@pytest.mark.parametrize("error", [SMTPDataError(552, b"mailbox full"), ConnectionResetError()])
def test_a_failure_of_one_mail_keeps_nobody_from_being_told(team, failing, caplog, error):
    failing(first=error)

    admin_mails.send("low_balance", team=team, **FIGURES)

    assert sent_to() == ["second@example.com"]


def test_mails_that_all_were_refused_are_not_tried_for_ever(team, failing):
    failing(first=SMTPDataError(552, b"mailbox full"), second=SMTPDataError(552, b"mailbox full"))

    admin_mails.send("low_balance", team=team, **FIGURES)

    assert sent_to() == []


def test_an_address_that_is_refused_keeps_nobody_from_being_told(team, failing, caplog):
    failing(first=SMTPRecipientsRefused({"first@example.com": (550, b"no such user")}))

    admin_mails.send("low_balance", team=team, **FIGURES)

    assert sent_to() == ["second@example.com"]
    assert "@" not in caplog.text


def test_a_mail_server_may_take_longer_than_an_idle_transaction_lasts(team):
    def timeout():
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            return cursor.fetchone()[0]

    before = timeout()
    with transaction.atomic():
        admin_mails.send("low_balance", team=team, **FIGURES)
        assert timeout() == "15min"
        transaction.set_rollback(True)  # the test has one transaction more around it, which a commit would not end

    assert timeout() == before == "30s"


def test_what_one_is_telling_nobody_else_tells(transactional_db):
    team, other = make_team(), make_team()
    claims = []

    def claim():
        with transaction.atomic():
            claims.append([admin_mails.claim(team.pk), admin_mails.claim(other.pk)])

    with transaction.atomic():
        assert admin_mails.claim(team.pk)
        with meanwhile(claim):
            pass
    claim()

    assert claims == [[False, True], [True, True]]

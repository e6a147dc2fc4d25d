import base64
import csv
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.billing import redeem
from accounts.models import AuditAction, AuditEntry, RedeemCode
from tests.factories import make_team, make_user
from tests.pages import browser_of, text_of
from tests.races import race

CODE = re.compile(r"FG(?:-[0-9A-Z]{5}){4}")
EXPIRES = timezone.now().replace(second=0, microsecond=0) + timedelta(days=30)


@pytest.fixture
def url(db):
    return reverse("admin:accounts_redeemcode_issue")


def filled_in(**given):
    form = {"form_key": str(uuid4()), "count": "3", "credits": "500", "note": "the fair"}
    return {**form, "expires_at": f"{EXPIRES:%Y-%m-%dT%H:%M}", **given}


def test_codes_are_shown_once_and_as_a_file(admin_client, admin_user, url):
    assert "codes.csv" not in text_of(admin_client.get(url))

    page = admin_client.post(url, filled_in())

    codes = CODE.findall(text_of(page))
    assert len(codes) == len(set(codes)) == 3
    data = re.search(r"data:text/csv;base64,([^\"]+)", text_of(page))[1]
    rows = list(csv.reader(io.StringIO(base64.b64decode(data).decode())))
    assert rows == [["code", "credits", "expires_at"], *([code, "500", EXPIRES.isoformat()] for code in codes)]
    assert "no-store" in page.headers["Cache-Control"]
    listed = text_of(admin_client.get(reverse("admin:accounts_redeemcode_changelist")))
    assert url in listed
    assert not any(code in listed for code in codes)


def test_they_are_good_for_what_was_said(admin_client, admin_user, url):
    (code,) = CODE.findall(text_of(admin_client.post(url, filled_in(count="1"))))

    row = redeem.redeem(code, make_team(), by=INSTALLATION)

    assert (row.credits, row.note, row.issued_by, row.expires_at) == (500, "the fair", admin_user, EXPIRES)
    log = AuditEntry.objects.get(action=AuditAction.CODES_ISSUED)
    assert (log.user, log.team, log.subject) == (admin_user, None, "the fair")
    assert log.detail == {"count": 1, "credits": 500}


def test_one_form_issues_once(admin_client, url):
    form = filled_in()
    admin_client.post(url, form)

    again = text_of(admin_client.post(url, form))

    assert CODE.findall(again) == []
    assert "None were issued again" in again
    assert RedeemCode.objects.count() == 3


def test_one_form_sent_ten_times_at_once_issues_once(transactional_db):
    operator = make_user()
    operator.is_staff = operator.is_superuser = True
    operator.save()
    url, form = reverse("admin:accounts_redeemcode_issue"), filled_in()
    browsers = [browser_of(operator) for _ in range(10)]

    pages = race(lambda browser: text_of(browser.post(url, form)), browsers, threads=10)

    assert sorted(len(CODE.findall(page)) for page in pages) == [0] * 9 + [3]
    assert RedeemCode.objects.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": "0"}, {"count": "1001"}, {"count": "x"}, {"credits": "0"}, {"credits": "-1"}, {"credits": "0.5"},
        {"credits": str(2**31)}, {"note": ""}, {"expires_at": "2020-01-01T00:00"}, {"expires_at": "soon"},
        {"form_key": "x"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(admin_client, url, wrong):  # L12
    page = admin_client.post(url, filled_in(**wrong))

    assert page.status_code == 200
    assert RedeemCode.objects.count() == 0


def test_an_operator_who_may_only_look_issues_none(client, url):
    operator = make_user()
    operator.is_staff = True
    operator.save()
    operator.user_permissions.add(Permission.objects.get(codename="view_redeemcode"))
    client.force_login(operator)

    assert url not in text_of(client.get(reverse("admin:accounts_redeemcode_changelist")))
    assert client.post(url, filled_in()).status_code == 403
    assert RedeemCode.objects.count() == 0

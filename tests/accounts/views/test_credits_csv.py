import csv
import io
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts import credits
from accounts.models import CreditEntry, Team
from tests.factories import make_key, make_team, make_user

CSV = "/credits/statement.csv"


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    team = make_team(owner=owner, name="Northlight Studio", granted=1000)
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Shanghai")
    return team


def rows_of(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_file_has_every_entry_between_opening_and_closing_balance_in_the_teams_time(team, owner, sign_in):
    hold_id = uuid4()
    key, _ = make_key(team=team, name="the renderer")
    credits.hold(team.pk, 43, hold_id=hold_id, api_key_id=key.pk)

    header, opening, granted, held, closing = rows_of(sign_in(owner).get(CSV))

    assert (header[1], header[-1]) == ("Time (Asia/Shanghai)", "Hold id")
    assert (opening[2], opening[9:12]) == ("Opening balance", ["0", "0", "0"])
    assert (granted[0], granted[2], granted[-1]) == ("1", "Grant", "")
    at = timezone.localtime(CreditEntry.objects.get(kind="hold").created_at, ZoneInfo("Asia/Shanghai"))
    assert held[1] == f"{at:%Y-%m-%d %H:%M:%S}"
    assert held[2:4] == ["Hold", "the renderer"]
    assert held[6:] == ["-43", "43", "0", "957", "43", "0", str(hold_id)]
    assert (closing[2], closing[9:12]) == ("Closing balance", ["957", "43", "0"])


@pytest.mark.parametrize(
    ("name", "asked", "file_name"),
    [
        ("Northlight Studio", {}, "northlight-studio-all"),
        (
            "Northlight Studio",
            {"since": "2026-11-01", "until": "2026-11-30"},
            "northlight-studio-2026-11-01-to-2026-11-30",
        ),
        ("A/B \"'\r\n", {"since": "2026-11-01"}, "ab-from-2026-11-01"),
        ("🎬", {"until": "2026-11-30"}, "to-2026-11-30"),
    ],
)
def test_the_file_is_named_by_its_team_and_days(team, owner, sign_in, name, asked, file_name):
    Team.objects.filter(pk=team.pk).update(name=name)

    response = sign_in(owner).get(CSV, asked)

    assert response.headers["Content-Disposition"] == f'attachment; filename="filmgate-statement-{file_name}.csv"'

import httpx
import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import members, teams
from accounts.actors import Actor
from accounts.models import Membership, Role, Team
from generations.live.watching import Watcher, shut_out
from tests.api import asked
from tests.factories import make_member, make_team
from tests.pages import browser_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_signing_out_ends_the_stream(open_page, maker):  # B5
    page = open_page(maker)

    Session.objects.all().delete()

    assert page.next("end").name == "end"
    assert page.ends()


def test_a_new_password_ends_the_stream(open_page, maker):  # B5
    page = open_page(maker)

    maker.set_password("another one altogether")
    maker.save()

    assert page.next("end").name == "end"


def test_leaving_the_team_ends_the_stream(open_page, team, maker):  # B5
    page = open_page(maker)

    members.leave(team, by=Actor(user=maker))

    assert page.next("end").name == "end"
    assert page.ends()


def test_being_removed_ends_the_stream_before_anything_more_is_told(open_page, team, maker):  # B5
    page = open_page(maker)

    members.remove(team, maker.pk, by=Actor(user=owner_of(team)))
    assert page.next("end").name == "end"
    asked(team, prompt="Not for them")

    assert page.ends()
    assert "Not for them" not in "".join(event.data for event in drained(page))


def drained(page) -> list:
    events = [page.events.get_nowait() for _ in range(page.events.qsize())]
    return [event for event in events if event]


def owner_of(team):
    return team.memberships.get(role=Role.OWNER).user


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_another_role_ends_the_stream_so_that_the_page_is_loaded_anew(open_page, team, maker, role):  # B5
    page = open_page(maker)

    members.change_role(team, maker.pk, role, by=Actor(user=owner_of(team)))

    assert page.next("end").name == "end"
    assert page.ends()


def test_closing_the_team_ends_the_streams_of_all(open_page, team, maker):  # B5
    pages = [open_page(maker), open_page(owner_of(team))]

    teams.close(team, by=Actor())

    assert [page.next("end").name for page in pages] == ["end", "end"]


def test_a_deactivated_user_is_shut_out(open_page, maker):  # B5, A17
    page = open_page(maker)

    maker.is_active = False
    maker.save()

    assert page.next("end").name == "end"


def test_a_team_that_begins_to_ask_for_two_factors_shuts_out_those_without(open_page, team, maker):
    safe = make_member(team=team)
    Authenticator.objects.create(user=safe, type="totp", data={})
    page, safe_page = open_page(maker), open_page(safe)

    teams.change(team, requires_two_factor=True, by=Actor())
    assert page.next("end").name == "end"
    generation = asked(team)

    assert str(generation.id) in safe_page.next("card", "end").data


def test_without_the_second_factor_that_the_team_asks_for_there_is_no_stream(url, team, maker):
    Team.objects.update(requires_two_factor=True)
    cookies = {name: morsel.value for name, morsel in browser_of(maker).cookies.items()}

    assert httpx.get(f"{url}/live", cookies=cookies).status_code == 401


def watcher_of(user, team, **given) -> Watcher:
    session_key = browser_of(user).session.session_key
    named = {"role": Role.MEMBER, "session_key": session_key, "password": user.password, "language": "en"}
    return Watcher(team_id=team.pk, user_id=user.pk, **named | given)


def test_who_may_go_on_goes_on_whatever_happens_to_others(team, maker):
    other_team = make_team()
    make_member(team=other_team, user=maker, role=Role.VIEWER)
    going_on = [watcher_of(maker, team), watcher_of(maker, other_team, role=Role.VIEWER)]
    foreign = watcher_of(maker, make_team())
    signed_out = watcher_of(maker, team)
    Session.objects.filter(session_key=signed_out.session_key).delete()

    assert shut_out([*going_on, foreign, signed_out]) == {foreign, signed_out}


def test_the_check_is_two_queries_for_all_and_a_third_where_a_team_asks_for_two_factors(team):
    watchers = [watcher_of(make_member(team=team), team) for _ in range(5)]

    with CaptureQueriesContext(connection) as for_all:
        assert shut_out(watchers) == set()
    Team.objects.update(requires_two_factor=True)
    with CaptureQueriesContext(connection) as with_factors:
        assert shut_out(watchers) == set(watchers)

    assert (len(for_all), len(with_factors)) == (2, 3)
    assert Membership.objects.filter(team=team).count() == 6

"""A1, A7, A15: every page and hook, by everyone who may come by. Denied: nothing has changed and nothing is told."""

import pytest
from django.apps import apps
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.pages import browser_of

from .furnishing import furnish
from .routes import OPERATORS, operators, pages
from .visits import VISITS, Open
from .world import HOST, NAME, STRANGERS, WHO, World, content, rolled_back

LIBRARIES = ("account_", "mfa_")  # their pages without an id show nobody but whoever asks
ROUTES = {route.name: route for route in pages() if route.takes_id or not route.name.startswith(LIBRARIES)}
OF_ALL_STAFF = {f"admin:{page}" for page in ("index", "login", "logout", "jsi18n", "password_change", "app_list")}
BACK = ("POST accounts:team_switch", "elsewhere")  # they are a member, and may come back
ALL = (*WHO, *STRANGERS[1:])
ENDLESS = "GET generations:live"  # its answer gives the database back for good


def test_every_route_has_an_entry_for_each_of_its_methods(db):
    ours = {name: route for name, route in ROUTES.items() if not name.startswith(LIBRARIES)}
    asked = {f"{method} {name}" for name, route in ours.items() for method in route.methods}

    assert {name for name in VISITS if not name.split(" ")[1].startswith(LIBRARIES)} == asked
    assert {name.split(" ")[1] for name in VISITS} == set(ROUTES)


@pytest.mark.parametrize("name", sorted(VISITS.keys() - {ENDLESS}))
def test_a_page_answers_each_as_it_should(world: World, media_folder, settings, subtests, name):
    settings.EMBEDDED_DATABASE = True  # where mails are kept, they are for whoever sits at this machine
    ids = VISITS[name].of(world)

    for who in ALL:
        if (name, who) != BACK:
            with subtests.test(who=who), rolled_back():
                assert_answered(world, name, ids, who)


@pytest.mark.parametrize("who", ALL)
def test_what_has_no_end_begins_for_each_as_it_should(world: World, who):
    response = sent(world.page_client(who), ENDLESS, {}, {})

    assert answer_of(response) == VISITS[ENDLESS].answer(who, takes_id=False)
    if response.status_code != 200:
        assert_silent(response, also_of_the_name=True)


def assert_answered(world: World, name: str, ids: dict, who: str) -> None:
    visit, route = VISITS[name], ROUTES[name.split(" ")[1]]
    data = visit.query(world, ids) if isinstance(visit, Open) else visit.data(world)
    client, before = world.page_client(who), content()

    response = sent(client, name, ids, data)

    told = answer_of(response)
    assert told == visit.answer(who, takes_id=route.takes_id)
    after = content()
    if told in (403, 404, "sign-in") and told != visit.works:
        assert after == before
    elif name.startswith("POST") and visit.changes and who not in STRANGERS:
        assert after != before
    if who in STRANGERS and not isinstance(visit, Open):
        assert world.about_the_team(after) == world.about_the_team(before)
    if who not in ("owner", "admin", "member", "viewer") and not visit.is_told:
        assert_silent(response, also_of_the_name=who != "elsewhere" and NAME not in data.values())


def sent(client: Client, name: str, ids: dict, data: dict) -> HttpResponseBase:
    method, route = name.split(" ")
    address = route if route.startswith("/") else reverse(route, kwargs=ids)
    return getattr(client, method.lower())(address, data, SERVER_NAME="localhost")  # the mailbox is for nobody else


def answer_of(response: HttpResponseBase) -> int | str:
    """Its status, or "sign-in" where it leads there."""
    leads_to_sign_in = response.status_code == 302 and response.headers["Location"].startswith("/sign/login/")
    return "sign-in" if leads_to_sign_in else response.status_code


def assert_silent(response: HttpResponseBase, *, also_of_the_name: bool) -> None:
    text = b"".join(response).decode(errors="replace")
    assert HOST not in text
    assert not also_of_the_name or NAME not in text


def ids_of_what_there_is(name: str, world: World, placeholders: dict[str, object]) -> dict[str, object]:
    """For the path of an operator's page: the team, or the first row of the model that the page is about."""
    if "team_id" in placeholders:
        return {"team_id": world.team.pk}
    if "model" in placeholders:
        return {"model": "seedance-2.0"}
    if "object_id" in placeholders and name != f"{OPERATORS}view_on_site":
        app, model = name.removeprefix(OPERATORS).split("_")[:2]
        return {"object_id": apps.get_model(app, model)._default_manager.order_by("pk")[:1].get().pk}
    return {"id": world.owner.pk} if "id" in placeholders else placeholders


def test_the_operator_s_pages_are_the_operator_s(world: World, media_folder):
    """Members are led to the sign-in page for operators; staff without a permission see that they may do nothing."""
    furnish(world)
    staff = make_user()
    staff.is_staff = True
    staff.save()
    clients = {"owner": browser_of(world.owner), "anonymous": Client(), "staff": browser_of(staff)}
    before = content()

    for route in operators():
        address = reverse(route.name, kwargs=ids_of_what_there_is(route.name, world, route.placeholders))
        for who, client in clients.items():
            for answer in (client.get(address), client.post(address)):
                allowed = {302, 403, 404, 405, *({200} if route.name in OF_ALL_STAFF else ())}
                assert answer.status_code in allowed, (route.name, who)
                assert_silent(answer, also_of_the_name=True)
    assert content() == before

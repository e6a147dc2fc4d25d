"""A1, A7: every call of the API, by everyone who may come by. Denied means that nothing has changed."""

import json

import pytest
from django.test import Client

from .calls import CALLS, Call
from .routes import api_calls, operations
from .world import WHO, World, content, rolled_back


def expected(call: Call, who: str, *, takes_id: bool) -> tuple[int, ...]:
    if who == "owner":
        return (200, 201)
    if who == "other_team":
        return (404,) if takes_id else (200, 201)
    if who == "wrong_scope":
        return (403,) if call.scope else (200,)
    return (401,)


def test_every_call_has_an_entry_and_none_is_left_out_of_the_document(db):
    assert {route.name for route in operations()} == set(CALLS) == api_calls()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_answers_each_as_it_should(world, media_folder, subtests, name):  # A1, A7
    ids = CALLS[name].of(world)

    for who in WHO:
        with subtests.test(who=who), rolled_back():
            assert_answered(world, name, ids, who)


def assert_answered(world: World, name: str, ids: dict, who: str) -> None:
    call, (method, path) = CALLS[name], name.split(" ")
    client, before = client_of(world, call, who), content()

    response = client.generic(method, path.format(**ids), data=_json(call), content_type="application/json")

    assert response.status_code in expected(call, who, takes_id="{" in path), response.content
    if response.status_code >= 400:
        assert content() == before
        assert str(world.team.name) not in response.content.decode()


def client_of(world: World, call: Call, who: str) -> Client:
    if who == "wrong_scope":
        return world.program_without(call.scope or "generate")
    return world.key_client(who)


def _json(call: Call) -> bytes:
    return b"" if call.body is None else json.dumps(call.body).encode()

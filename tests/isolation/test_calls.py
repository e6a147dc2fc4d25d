"""A1, A7: every call of the API, by everyone who may come by. Denied means that nothing has changed."""

import json

import pytest
from django.test import Client

from .calls import CALLS, Call
from .routes import api_calls, operations
from .world import WHO, World, content


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


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_answers_each_as_it_should(world, media_folder, name, who):  # A1, A7
    call, (method, path) = CALLS[name], name.split(" ")
    address = path.format(**call.of(world))
    client = client_of(world, call, who)
    before = content()

    response = client.generic(method, address, data=_json(call), content_type="application/json")

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

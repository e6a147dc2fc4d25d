import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.actors import INSTALLATION, Actor, actor_of, client_ip
from tests.factories import make_key, make_user


@pytest.fixture
def request_from(rf):
    def request_from(user=None, **attributes):
        request = rf.get("/", REMOTE_ADDR="203.0.113.9")
        if user:
            request.user = user
        for name, value in attributes.items():
            setattr(request, name, value)
        return request

    return request_from


def test_in_the_browser_it_is_whoever_is_signed_in(db, request_from):
    user = make_user()

    assert actor_of(request_from(user)) == Actor(user=user, ip="203.0.113.9")


def test_by_api_it_is_the_key_even_where_a_browser_is_signed_in_too(db, request_from):
    key, _secret = make_key()

    assert actor_of(request_from(make_user(), auth=key)) == Actor(api_key=key, ip="203.0.113.9")


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_nobody_signed_in_is_nobody_but_an_address(request_from, user):
    assert actor_of(request_from(user)) == Actor(ip="203.0.113.9")


def test_what_a_view_calls_auth_otherwise_is_no_key(request_from):
    assert actor_of(request_from(auth="Bearer x")).api_key is None


def test_an_address_that_nobody_knows_is_left_out(rf):
    assert actor_of(rf.get("/", REMOTE_ADDR="")) == INSTALLATION


def test_the_address_is_none_where_there_is_none(rf):
    request = rf.get("/")
    addresses = [client_ip(request)]
    for given in ("203.0.113.9", ""):
        request.META["REMOTE_ADDR"] = given
        addresses.append(client_ip(request))
    del request.META["REMOTE_ADDR"]

    assert [*addresses, client_ip(request)] == ["127.0.0.1", "203.0.113.9", None, None]

import pytest
from django.test import Client

from tests.factories import make_team, make_user
from tests.signing_in import fresh_counts, long_minutes, quick_passwords  # noqa: F401 -- fixtures


@pytest.fixture
def sign_in(db):
    """A browser in which the user is signed in; with htmx=True it asks as htmx does."""

    def open_browser(user, *, htmx=False):
        client = Client(headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/keys/"} if htmx else {})
        client.force_login(user)
        return client

    return open_browser


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner)

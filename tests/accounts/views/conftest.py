import pytest
from django.test import Client


@pytest.fixture
def sign_in(db):
    """A browser in which the user is signed in; with htmx=True it asks as htmx does."""

    def open_browser(user, *, htmx=False):
        client = Client(headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/keys/"} if htmx else {})
        client.force_login(user)
        return client

    return open_browser

import pytest

from accounts.actors import INSTALLATION
from accounts.webhooks import endpoints
from tests.factories import make_endpoint, make_member, make_team
from tests.pages import queries, text_of
from tests.webhook_forms import (
    disable,
)


@pytest.fixture
def stranger(db):
    """Another team."""
    return make_team(name="Pathé")


def test_the_nav_has_webhooks_for_those_who_manage_them(team, owner, sign_in):
    member = make_member(team=team)

    pages = [text_of(sign_in(user).get("/team/")) for user in (owner, member)]

    assert ['href="/webhooks/"' in page for page in pages] == [True, False]


def test_while_an_endpoint_is_disabled_every_page_says_so_to_those_who_manage_them(team, owner, sign_in):
    member = make_member(team=team)
    for _ in range(2):
        disable(make_endpoint(team=team))
    gone = disable(make_endpoint(team=team))
    endpoints.delete(gone, by=INSTALLATION)

    pages = [text_of(sign_in(user).get("/gallery/")) for user in (owner, member)]

    assert ["2 webhook endpoints are disabled, and nothing is sent to them." in page for page in pages] == [True, False]


def test_a_disabled_endpoint_of_another_team_is_none_of_ours(team, owner, sign_in, stranger):
    disable(make_endpoint(team=stranger))

    assert "is disabled" not in text_of(sign_in(owner).get("/gallery/"))


def test_the_banner_costs_no_query(team, owner, sign_in):
    browser = sign_in(owner)
    browser.get("/gallery/")
    disable(make_endpoint(team=team))

    with queries(5):  # session, user, team with balance and disabled endpoints, clips, how many are in progress
        assert "1 webhook endpoint is disabled" in text_of(browser.get("/gallery/"))

import pytest

from tests.api import ensure_prices
from tests.factories import make_member, make_team
from tests.streaming import Page, served


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=5000)


@pytest.fixture
def maker(team):
    return make_member(team=team)


@pytest.fixture
def url(team):
    with served() as address:
        yield address


@pytest.fixture
def open_page(url, team):
    pages = []

    def open_it(user, **wanted) -> Page:
        pages.append(Page(url, user, **{"show": "all", **wanted}))
        return pages[-1]

    yield open_it
    for page in pages:
        page.close()

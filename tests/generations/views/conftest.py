import pytest

from accounts.models import Role
from tests.api import ensure_prices
from tests.factories import make_member, make_team
from tests.pages import browser_of


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(name="Northlight Studio", granted=1000)


@pytest.fixture
def other_team(db):
    return make_team(granted=1000)


@pytest.fixture
def maker(team):
    return make_member(team=team)


@pytest.fixture
def browser(maker):
    """A client signed in as a member of the team."""
    return browser_of(maker)


@pytest.fixture
def viewer(team):
    """A client signed in as someone who may only look."""
    return browser_of(make_member(team=team, role=Role.VIEWER))

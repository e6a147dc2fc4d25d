import pytest
from django.test import Client

from accounts.models import Team
from tests.api import client_of, ensure_prices
from tests.factories import make_team


@pytest.fixture
def team(db: None) -> Team:
    """A team with 1,000 credits, and prices in force."""
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def client(team: Team) -> Client:
    """A program with a key of the team's."""
    return client_of(team)


@pytest.fixture
def stranger(db: None) -> Client:
    """A program of another team."""
    return client_of(make_team(name="Pathé", granted=1000))

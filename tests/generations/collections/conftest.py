import pytest

from tests.collecting import clips, gathered
from tests.factories import make_member, make_team
from tests.pipeline import media_folder  # noqa: F401 -- a fixture


@pytest.fixture
def team(db):
    return make_team()


@pytest.fixture
def maker(team):
    return make_member(team=team)


@pytest.fixture
def five(team):
    return clips(team, 5)


@pytest.fixture
def board(team, maker, five):
    """A collection of the team's with five clips in it, called 1 to 5."""
    return gathered(team, maker, five)

import pytest
from django.test import Client

from generations.models import Generation
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

from .furnishing import furnish
from .world import World


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def ours(world: World, media_folder: None) -> Generation:  # noqa: F811
    """A finished clip of ours, among one of each thing that there can be."""
    return furnish(world)


@pytest.fixture
def browser(world: World) -> Client:
    return world.page_client("other_team")


@pytest.fixture
def program(world: World) -> Client:
    return world.key_client("other_team")

import pytest

from tests.pipeline import media_folder  # noqa: F401 -- a fixture

from .world import World


@pytest.fixture
def world(db: None) -> World:
    return World()

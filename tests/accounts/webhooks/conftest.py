from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import make_team
from tests.receiver import Receiver


class FakeClock:
    """Call it for the time; move it with go_to() and wait()."""

    def __init__(self):
        self.time = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.time

    def wait(self, seconds):
        self.time += timedelta(seconds=seconds)

    def go_to(self, time):
        self.time = time


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def team(transactional_db):
    return make_team()


@pytest.fixture
def receiver(settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver() as receiver:
        yield receiver

from collections.abc import Iterator
from typing import Any

import pytest

from tests.receiver import Receiver


@pytest.fixture(autouse=True)
def nothing_private_is_allowed(settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = ()
    settings.ALLOW_PORTS = frozenset()
    settings.PUBLIC_URL = "https://films.example.org"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def reachable(settings: Any, receiver: Receiver) -> Receiver:
    """One that the operator allows."""
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    return receiver


@pytest.fixture
def public_receiver(settings: Any, receiver: Receiver) -> Receiver:
    """One on a port that public hosts may use too, so that only its address keeps us away."""
    settings.ALLOW_PORTS = frozenset({receiver.port})
    return receiver

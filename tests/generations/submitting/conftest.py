from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Team
from generations.models import ProviderAccount
from tests.api import ensure_prices
from tests.factories import make_account, make_team
from tests.pipeline import assert_books_are_right, media_folder, sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["media_folder", "sandbox", "sandbox_process"]


@pytest.fixture
def team(transactional_db: None, media_folder: None) -> Iterator[Team]:
    """A team with 1,000 credits, whose books are right when the test is over."""
    ensure_prices()
    yield make_team(granted=1000)
    assert_books_are_right()


@pytest.fixture
def account(team: Team, sandbox: SandboxProcess) -> ProviderAccount:
    return make_account(base_url=sandbox.api_url)


@pytest.fixture
def reachable(live_server: Any, settings: Any) -> Any:
    """We answer over HTTP, where providers call back."""
    settings.CALLBACK_BASE_URL = live_server.url
    return live_server

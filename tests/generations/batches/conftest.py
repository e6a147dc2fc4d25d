from collections.abc import Iterator

import pytest

from accounts.models import Team
from generations.models import ProviderAccount
from tests.api import ensure_prices
from tests.factories import make_account, make_team
from tests.pipeline import assert_books_are_right, media_folder, sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["media_folder", "sandbox", "sandbox_process"]


@pytest.fixture
def team(db: None) -> Team:
    ensure_prices()
    return make_team(granted=1000)


@pytest.fixture
def committed_team(transactional_db: None, media_folder: None) -> Iterator[Team]:
    """A team with 2,000 credits that other processes and threads see, whose books are right when the test is over."""
    ensure_prices()
    yield make_team(granted=2000)
    assert_books_are_right()


@pytest.fixture
def account(committed_team: Team, sandbox: SandboxProcess) -> ProviderAccount:
    """At the provider that makes the images."""
    return make_account(base_url=sandbox.url, provider="seedance2api")

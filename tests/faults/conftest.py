import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from project.env import DATA_FOLDER
from tests.api import ensure_prices
from tests.factories import make_account, make_team
from tests.faults.installation import Installation
from tests.faults.relay import Relay
from tests.pipeline import media_folder, sandbox, sandbox_process
from tests.sandbox_process import SandboxProcess

__all__ = ["media_folder", "sandbox", "sandbox_process"]

CREDITS = 10_000


@pytest.fixture
def installation(
    transactional_db: None, media_folder: None, sandbox: SandboxProcess, live_server: Any
) -> Iterator[Installation]:
    """A team with credits and an account at the sandbox; no worker yet, and none left when the test is over."""
    ensure_prices()
    shutil.rmtree(DATA_FOLDER / "broker", ignore_errors=True)
    relay = Relay(sandbox.port)
    place = Installation(
        team=make_team(granted=CREDITS),
        account=make_account(base_url=relay.api_url),
        relay=relay,
        sandbox=sandbox,
        url=live_server.url,
    )
    yield place
    place.stop()
    relay.stop()
    sandbox.reset()
    print(place.log()[-20_000:])

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches

from accounts.models import Team
from project.caches import PROCESS
from sandbox.clips import Clip
from sandbox.render import render
from tests.api import ensure_prices
from tests.factories import make_team
from tests.pipeline import assert_books_are_right, media_folder, sandbox, sandbox_process

__all__ = ["media_folder", "sandbox", "sandbox_process"]


@pytest.fixture(autouse=True)
def _no_vectors_kept() -> Iterator[None]:
    yield
    caches[PROCESS].clear()


@pytest.fixture
def team(transactional_db: None, media_folder: None) -> Iterator[Team]:
    """A team with 10,000 credits, whose books are right when the test is over."""
    ensure_prices()
    yield make_team(granted=10_000)
    assert_books_are_right()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real MP4 of the sandbox's: 320 x 180, five seconds."""
    file: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    render(Clip("A lighthouse, the camera pushes forward", 320, 180, 5, False), file)
    return file.read_bytes()


@pytest.fixture
def reachable(live_server: Any, settings: Any) -> Any:
    """We answer over HTTP, where providers fetch our copies."""
    settings.CALLBACK_BASE_URL = live_server.url
    return live_server

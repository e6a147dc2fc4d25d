import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image

from accounts.models import Team
from generations import lifecycle
from generations.models import Generation, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import reports
from sandbox.clips import Clip
from sandbox.render import render
from tests.api import asked, ensure_prices
from tests.factories import make_account, make_submission, make_team
from tests.pipeline import assert_books_are_right, media_folder
from tests.receiver import Receiver

__all__ = ["media_folder"]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real MP4 with sound: 426 x 240, five seconds."""
    file: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    render(Clip("A lighthouse", 426, 240, 5, True), file)
    return file.read_bytes()


def picture(format: str = "PNG", size: tuple[int, int] = (1024, 640), colour: str = "navy", **options: Any) -> bytes:
    """A real image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, format, **options)
    return file.getvalue()


def clip_of(seconds: int, folder: Path) -> bytes:
    """A real MP4 of that length, without sound."""
    file = folder / f"{seconds}.mp4"
    render(Clip("A lighthouse", 320, 180, seconds, False), file)
    return file.read_bytes()


@pytest.fixture
def team(transactional_db: None, media_folder: None) -> Iterator[Team]:
    ensure_prices()
    yield make_team(granted=10_000)
    assert_books_are_right()
    assert list(settings.MEDIA_FOLDER.glob("incoming/*")) == []


@pytest.fixture
def files() -> Iterator[Receiver]:
    """Where the provider keeps its results."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def done(team: Team, files: Receiver) -> Callable[..., Generation]:
    """A function that makes a generation whose provider is done, with its result at a link, or at another provider.

    `urls` where there are several, or none that is at the provider; `given` is what was asked for besides the prompt.
    """
    accounts = {files: make_account(base_url=files.url("/api/v1"))}

    def make(*, url: str = "", urls: tuple[str, ...] = (), at: Receiver = files, **given: Any) -> Generation:
        account = accounts.get(at) or make_account(base_url=at.url("/api/v1"))
        generation = asked(team, **given)
        lifecycle.advance(generation, State.SUBMITTING)
        submission: Submission = make_submission(generation=generation, account=account)
        report = ProviderReport(
            provider_task_id=str(generation.id),
            progress=Progress.SUCCEEDED,
            output_urls=urls or (url or at.url("/clip.mp4"),),
        )
        assert reports.apply(submission, report)
        generation.refresh_from_db()
        return generation

    return make

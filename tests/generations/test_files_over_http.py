"""Files, from a web process with few connections to the database, to many who read slowly."""

from collections.abc import Iterator

import httpx
import pytest

from accounts.actors import Actor
from generations import links
from generations.collections import sharing
from generations.models import Generation
from tests.collecting import clips, gathered, output_of
from tests.factories import make_member, make_team
from tests.pages import browser_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture
from tests.slow_readers import slow_readers
from tests.web import web_processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_folder")]
MIB = 1024 * 1024
POOL = 4


@pytest.fixture
def web() -> Iterator[str]:
    with web_processes(1, DATABASE_POOL_SIZE=str(POOL)) as (url,):
        yield url


@pytest.fixture
def clip() -> Generation:
    """Its file is more than a socket's buffers hold."""
    return clips(make_team(), 1, size=32 * MIB)[0]


def shared_path(clip: Generation) -> str:
    member = make_member(team=clip.team)
    link = sharing.share(gathered(clip.team, member, [clip]), days=1, by=Actor(user=member))
    return sharing.media_path(sharing.token_of(link), link, output_of(clip))


@pytest.mark.parametrize("who", ["anyone with a share link", "anyone with a signed link", "a member"])
def test_who_reads_slowly_holds_no_connection_to_the_database(web, clip, who):
    path, cookie = links.path(output_of(clip)), ""
    if who == "anyone with a share link":
        path = shared_path(clip)
    elif who == "a member":
        path = f"/generations/{clip.id}/content/0"
        session = browser_of(make_member(team=clip.team)).cookies["sessionid"]
        cookie = f"sessionid={session.value}"

    with slow_readers(2 * POOL, web, path, cookie=cookie) as answers:
        answered = httpx.get(f"{web}/healthz", timeout=10).status_code

    assert answers == ["HTTP/1.1 200 OK"] * 2 * POOL
    assert answered == 200

"""The archive of a large collection, from a web process as it runs."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.collecting import clips, gathered
from tests.pages import browser_of
from tests.sandbox_process import wait_until
from tests.slow_readers import slow_readers
from tests.web import web_processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_folder")]
MIB = 1024 * 1024
CLIPS = 500
POOL = 4  # connections to the database that the process has


@pytest.fixture
def web() -> Iterator[str]:
    with web_processes(1, DATABASE_POOL_SIZE=str(POOL)) as (url,):
        yield url


@pytest.fixture
def process(web) -> psutil.Process:
    (found,) = [each for each in psutil.Process().children() if "uvicorn" in " ".join(each.cmdline())]
    return found


@pytest.fixture
def address(team, maker) -> str:
    """Of the archive of 500 clips, a quarter of a gigabyte in all, their prompts as long as may be."""
    return f"/collections/{gathered(team, maker, clips(team, CLIPS, prompt='字' * 1990, size=MIB // 2)).pk}/export.zip"


def cookie_of(user) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in browser_of(user).cookies.items())


def test_500_clips_are_sent_with_flat_memory(web, process, address, maker, tmp_path):
    headers = {"Cookie": cookie_of(maker)}
    httpx.get(f"{web}/collections/", headers=headers)
    before, most, size = process.memory_info().rss, 0, 0
    with (
        (tmp_path / "all.zip").open("wb") as file,
        httpx.stream("GET", f"{web}{address}", headers=headers, timeout=120) as response,
    ):
        for chunk in response.iter_bytes(MIB):
            file.write(chunk)
            size += len(chunk)
            most = max(most, process.memory_info().rss)

    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == CLIPS + 2
    assert size > CLIPS * MIB // 2
    assert most - before < 24 * MIB, f"{(most - before) / MIB:.0f} MiB more"


def test_who_reads_slowly_holds_no_connection_and_who_goes_leaves_nothing(web, process, address, maker):
    before = open_files(process)
    with slow_readers(2 * POOL, web, address, cookie=cookie_of(maker)) as answers:
        wait_until(lambda: len(open_clips(process)) == len(answers), seconds=20)
        answered = httpx.get(f"{web}/healthz", timeout=10).status_code

    assert answers == ["HTTP/1.1 200 OK"] * 2 * POOL
    assert answered == 200
    wait_until(lambda: open_files(process) == before, seconds=20)


def open_clips(process: psutil.Process) -> list[str]:
    return [each for each in open_files(process) if "/media" in each]


def open_files(process: psutil.Process) -> list[str]:
    """Those without a name too, as manifests are that are still written."""
    names = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            names.append(str(link.readlink()))
    return sorted(name for name in names if "/media" in name or name.endswith("(deleted)"))


def test_cut_off_it_is_no_archive_and_the_next_one_is(web, address, maker):
    headers = {"Cookie": cookie_of(maker)}
    with httpx.stream("GET", f"{web}{address}", headers=headers, timeout=60) as response:
        part = next(response.iter_bytes(MIB))

    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(part))
    whole = httpx.get(f"{web}{address}", headers=headers, timeout=120)

    assert whole.headers["Content-Disposition"] == 'attachment; filename="filmgate-harbour.zip"'
    assert zipfile.ZipFile(io.BytesIO(whole.content)).testzip() is None

"""Tests run on the embedded PostgreSQL with a data folder of their own, or on the one that DATABASE_URL names.

Settings are read once, so FILMGATE_DATA must be set before: nothing else may name the settings to pytest-django. The
workers of xdist inherit the environment, and attach to the database of the process that started them.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.utils import translation

IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ

if not IS_XDIST_WORKER:
    if "project.settings" in sys.modules:
        raise pytest.UsageError("Nothing but tests/conftest.py may set DJANGO_SETTINGS_MODULE.")
    os.environ["FILMGATE_DATA"] = tempfile.mkdtemp(prefix="filmgate-tests-", dir="/tmp")
    # As root, PostgreSQL runs as another user, who must be able to pass.
    Path(os.environ["FILMGATE_DATA"]).chmod(0o755)
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    django.setup()

from project.env import DATA_FOLDER, env  # noqa: E402 -- it reads FILMGATE_DATA
from project.stack.location import elsewhere, socket_folder  # noqa: E402 -- as above
from project.stack.postgres import Postgres  # noqa: E402 -- as above
from tests.append_only import django_db_setup  # noqa: E402, F401 -- a fixture for every test
from tests.stack import running_stack, running_stripe  # noqa: E402, F401 -- fixtures for the tests of the whole

database = Postgres(DATA_FOLDER, durable=False)
if IS_XDIST_WORKER:
    # They share the data folder, but tests empty the media folder.
    settings.MEDIA_FOLDER = DATA_FOLDER / f"media-{os.environ['PYTEST_XDIST_WORKER']}"
settings.WHITENOISE_AUTOREFRESH = True  # otherwise every test client scans all static files


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Whatever language the last request of the test before was in: that is the thread's until the next one."""
    with translation.override("en"):
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    if not IS_XDIST_WORKER and not env.str("DATABASE_URL", default=""):
        database.start()


def pytest_unconfigure() -> None:
    if not IS_XDIST_WORKER:
        database.stop()
        for folder in (socket_folder(DATA_FOLDER), elsewhere(DATA_FOLDER), Path(os.environ["FILMGATE_DATA"])):
            shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the whole stack runs in one worker of xdist, on one stack."""
    for item in items:
        if "running_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("running_stack"))

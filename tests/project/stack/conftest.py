import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.stack.location import elsewhere, socket_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that any user can reach, unlike tmp_path, and nothing left of it or of servers below it."""
    path = Path(tempfile.mkdtemp(prefix="filmgate-stack-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    for data_folder in [path, *filter(Path.is_dir, path.rglob("*"))]:
        shutil.rmtree(socket_folder(data_folder), ignore_errors=True)
        if elsewhere(data_folder) != data_folder:
            shutil.rmtree(elsewhere(data_folder), ignore_errors=True)
    shutil.rmtree(path)

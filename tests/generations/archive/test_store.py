import os
import time
from pathlib import Path

from generations.archive import store
from generations.submitting import sweep


def test_a_draft_of_a_killed_worker_is_swept_away_after_an_hour_and_one_being_written_is_not(
    db, settings, tmp_path: Path
):
    settings.MEDIA_FOLDER = tmp_path
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, age_seconds in {"left": store.DRAFT_SECONDS + 1, "written": 600}.items():
        (incoming / name).touch()
        os.utime(incoming / name, times=(time.time() - age_seconds,) * 2)

    sweep.sweep()

    assert [file.name for file in incoming.iterdir()] == ["written"]

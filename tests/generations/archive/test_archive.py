import hashlib
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings
from django.utils import timezone

from generations.archive import archive
from generations.models import Asset, Generation, Submission
from tests.pipeline import figures, hurry
from tests.races import meanwhile, race
from tests.receiver import Receiver, answer, hang, reset
from tests.sandbox_process import wait_until


def files_kept() -> set[str]:
    return {str(file.relative_to(settings.MEDIA_FOLDER)) for file in settings.MEDIA_FOLDER.rglob("*.*")}


def test_our_copy_is_kept_by_its_content_with_what_it_really_is(done, files, clip, team):
    files.otherwise = answer(200, clip)
    generation = done()

    archive.crew.run()

    generation.refresh_from_db()
    output, poster = generation.assets.order_by("kind")
    digest = hashlib.sha256(clip).hexdigest()
    assert generation.state == "completed"
    assert (output.path, output.sha256, output.size_bytes) == (f"{digest[:2]}/{digest}.mp4", digest, len(clip))
    assert (output.width, output.height, output.content_type) == (426, 240, "video/mp4")
    assert output.duration_seconds == pytest.approx(5, abs=0.1)
    assert poster.content_type == "image/webp"
    assert files_kept() == {output.path, poster.path}
    assert figures(team) == (9985, 0, 15)


def test_the_same_content_is_one_file(done, files, clip):  # M12
    files.otherwise = answer(200, clip)
    for _ in range(12):
        done()

    def all_are_kept() -> bool:
        archive.crew.run()
        return Generation.objects.filter(state="completed").count() == 12

    wait_until(all_are_kept)
    assert Asset.objects.count() == 24
    assert len(files_kept()) == 2


def test_many_workers_at_one_clip_make_one_copy(done, files, clip):  # M12
    files.otherwise = answer(200, clip)
    done()
    submission = Submission.objects.select_related("account").get()

    race(lambda _: archive.archive(submission), range(8), threads=8)

    assert Asset.objects.count() == 2
    assert len(files_kept()) == 2
    assert Generation.objects.get().state == "completed"


@pytest.mark.parametrize(
    "give",
    [
        answer(404),
        answer(200, b"<html>Sorry, an error</html>"),
        answer(200, b""),
        answer(500),
        reset,
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this"),
    ],
    ids=["missing", "error page", "empty", "error", "reset", "short"],
)
def test_what_is_no_clip_is_tried_again_and_never_marked_as_done(done, files, clip, give):  # M13
    files.otherwise = answer(200, clip)
    files.answers.append(give)
    generation = done()

    archive.crew.run()
    generation.refresh_from_db()
    after_one = generation.state, files_kept()
    hurry()
    archive.crew.run()

    generation.refresh_from_db()
    assert after_one == ("archiving", set())
    assert generation.state == "completed"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_clip_that_was_cut_off_is_tried_again(done, files, clip, share):  # M13
    files.answers.append(answer(200, clip[: int(len(clip) * share)]))
    files.otherwise = answer(200, clip)
    generation = done()

    archive.crew.run()
    hurry()
    archive.crew.run()

    generation.refresh_from_db()
    assert len(files.requests) == 2
    assert generation.state == "completed"


def test_tries_spread_over_a_day_and_then_the_credits_come_back(done, files, team):  # L5, M13
    files.otherwise = answer(404)
    generation = done()
    waits = []

    for _ in archive.RETRY_SECONDS:
        archive.crew.run()
        waits.append((Submission.objects.get().next_at - timezone.now()).total_seconds())
        hurry()
    archive.crew.run()

    generation.refresh_from_db()
    assert waits == pytest.approx([60, 540, 600, 3600, 10800, 21600, 43200], abs=5)
    assert (generation.state, generation.failure_code) == ("failed", "ARCHIVE_FAILED")
    assert Submission.objects.get().loss_credits == 15
    assert figures(team) == (10_000, 0, 0)


def test_a_try_that_comes_second_to_a_kept_clip_is_no_loss(done, files, clip):
    files.otherwise = answer(200, clip)
    done()
    slow = Submission.objects.select_related("account").get()
    archive.crew.run()
    files.otherwise = answer(404)
    slow.link_expires_at = timezone.now()

    archive.archive(slow)

    assert Submission.objects.values_list("outcome", "loss_credits").get() == ("succeeded", 0)


def test_no_try_is_made_after_the_link_has_died(done, files):
    files.otherwise = answer(404)
    generation = done()
    Submission.objects.update(link_expires_at=timezone.now() + timedelta(seconds=30))

    archive.crew.run()

    generation.refresh_from_db()
    assert generation.failure_code == "ARCHIVE_FAILED"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/clip.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/clip.mp4",
        "file:///etc/passwd",
        "http://localhost/clip.mp4",
        "http://2130706433/clip.mp4",
        "gopher://127.0.0.1/",
    ],
)
def test_a_link_to_an_inner_host_is_never_followed(done, url):  # P15, S1, W15
    generation = done(url=url)

    archive.crew.run()

    generation.refresh_from_db()
    assert generation.failure_code == "ARCHIVE_FAILED"
    assert files_kept() == set()


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/clip.mp4", "http://["])
def test_a_redirect_to_an_inner_host_or_to_no_address_is_not_followed(done, files, location):  # S2
    files.otherwise = answer(302, Location=location)
    generation = done()

    archive.crew.run()

    generation.refresh_from_db()
    assert generation.failure_code == "ARCHIVE_FAILED"


def test_a_file_beyond_the_cap_is_dropped(done, files, monkeypatch):  # M5
    monkeypatch.setattr("generations.archive.fetch.MAX_BYTES", 1000)
    files.otherwise = answer(200, b"x" * 1001)
    generation = done()

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, files_kept()) == ("archiving", set())


def test_a_disk_that_refuses_is_waited_for(done, files, clip):  # F6
    files.otherwise = answer(200, clip)
    generation = done()
    settings.MEDIA_FOLDER.parent.mkdir(exist_ok=True)
    settings.MEDIA_FOLDER.write_text("in the way")

    archive.crew.run()
    generation.refresh_from_db()
    after_one = generation.state
    settings.MEDIA_FOLDER.unlink()
    hurry()
    archive.crew.run()

    generation.refresh_from_db()
    assert (after_one, generation.state) == ("archiving", "completed")


def test_slow_downloads_from_one_provider_do_not_stop_archiving_for_another(done, files, clip):
    stop = threading.Event()
    files.otherwise = hang(stop)
    for _ in range(archive.THREADS):
        done()
    with Receiver() as others:
        others.otherwise = answer(200, clip)
        with meanwhile(archive.crew.run):
            try:
                wait_until(lambda: len(files.requests) == archive.PER_ACCOUNT)
                other = done(at=others)
                archive.crew.run()
                wait_until(lambda: Generation.objects.get(id=other.id).state == "completed")
            finally:
                files.otherwise = answer(404)
                stop.set()

    assert len(others.requests) == 1


def test_a_worker_that_dies_while_downloading_is_taken_over(done, files, clip):  # K9
    stop = threading.Event()
    files.answers.append(hang(stop))
    files.otherwise = answer(200, clip)
    generation = done()
    dead = archive.claim_due(1)[0]
    with meanwhile(partial(archive.archive, dead)):
        Submission.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        archive.crew.run()
        stop.set()

    generation.refresh_from_db()
    assert generation.state == "completed"
    assert Asset.objects.count() == 2

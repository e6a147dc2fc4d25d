"""A worker killed with -9 at each step from claim to archived, ten times each."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from generations.models import Asset, Callback, Generation, ProviderAccount, Submission
from tests.faults.installation import Installation, blocked_count, lock_table
from tests.faults.relay import clogged
from tests.sandbox_process import wait_until

KILLS = 10
PROMPTS = [f"Killed at a step, clip {number}" for number in range(KILLS)]
PROVIDER_SECONDS = 3


def ids(batch: list[Generation]) -> list[UUID]:
    return [each.id for each in batch]


def states(batch: list[Generation]) -> set[str]:
    return set(Generation.objects.filter(id__in=ids(batch)).values_list("state", flat=True))


def submissions(batch: list[Generation]):
    return Submission.objects.filter(generation__in=batch)


def made(place: Installation, batch: list[Generation]) -> int:
    """How many of the batch the provider has accepted."""
    accepted = place.sandbox.state()["accepted_by_prompt"]
    return sum(accepted.get(each.prompt, 0) for each in batch)


def while_leased(place: Installation, batch: list[Generation]) -> None:
    with transaction.atomic():
        lock_table("generations_provideraccount", "ACCESS EXCLUSIVE")
        worker = place.start_worker()
        leased = Generation.objects.filter(id__in=ids(batch), state="queued", lease_until__gt=Now())
        # A poll of an earlier one may be blocked here too.
        wait_until(lambda: leased.count() == len(batch) and blocked_count() >= len(batch))
        place.kill(worker)

        assert leased.count() == len(batch)
        assert not submissions(batch).exists()


def before_the_post(place: Installation, batch: list[Generation]) -> None:
    with clogged() as address:
        ProviderAccount.objects.update(base_url=address)
        worker = place.start_worker()
        wait_until(lambda: submissions(batch).count() == len(batch))
        place.kill(worker)
    ProviderAccount.objects.update(base_url=place.account.base_url)

    assert states(batch) == {"submitting"}
    assert made(place, batch) == 0


def during_the_post(place: Installation, batch: list[Generation]) -> None:
    with place.relay.holding(b"POST ") as hold:
        worker = place.start_worker()
        wait_until(lambda: hold.count == len(batch))
        place.kill(worker)

    assert states(batch) == {"submitting"}
    assert made(place, batch) == 0


def before_the_answer(place: Installation, batch: list[Generation]) -> None:
    with place.relay.holding(b"POST ", answer_bytes=0) as hold:
        worker = place.start_worker()
        wait_until(lambda: hold.count == len(batch) == made(place, batch))
        place.kill(worker)

        assert states(batch) == {"submitting"}
        assert not submissions(batch).exclude(provider_task_id="").exists()


def while_running(place: Installation, batch: list[Generation]) -> None:
    worker = place.start_worker()
    wait_until(lambda: states(batch) == {"running"})
    place.kill(worker)

    assert states(batch) == {"running"}
    assert not submissions(batch).filter(provider_task_id="").exists()


def with_a_callback_unread(place: Installation, batch: list[Generation]) -> None:
    unread = Callback.objects.filter(submission__generation__in=batch, verdict="", lease_until=None)
    worker = place.start_worker()
    wait_until(lambda: states(batch) == {"running"})
    with transaction.atomic():
        lock_table("generations_generation", "ACCESS EXCLUSIVE")
        wait_until(lambda: unread.count() == len(batch) and blocked_count())
        place.kill(worker)

        assert unread.count() == len(batch)
        assert states(batch) == {"running"}


def during_the_download(place: Installation, batch: list[Generation]) -> None:
    with place.relay.holding(b"GET /files/", answer_bytes=20_000) as hold:
        worker = place.start_worker()
        wait_until(lambda: hold.count == len(batch))
        place.kill(worker)

    assert states(batch) == {"archiving"}
    drafts = list((settings.MEDIA_FOLDER / "incoming").iterdir())
    assert len(drafts) >= len(batch)


def with_the_file_stored(place: Installation, batch: list[Generation]) -> None:
    with transaction.atomic():
        lock_table("generations_asset", "SHARE")
        worker = place.start_worker()
        wait_until(lambda: blocked_count() == len(batch))
        place.kill(worker)

        assert states(batch) == {"archiving"}
        assert len(list(settings.MEDIA_FOLDER.glob("*/*.mp4"))) >= len(batch)
        assert not Asset.objects.filter(generation__in=batch).exists()


STEPS = {
    while_leased: "completed",
    before_the_post: "failed",
    during_the_post: "failed",
    before_the_answer: "completed",
    while_running: "completed",
    with_a_callback_unread: "completed",
    during_the_download: "completed",
    with_the_file_stored: "completed",
}


# K3 K9 P4
@pytest.mark.faults
@pytest.mark.parametrize(("kill", "end"), STEPS.items(), ids=[step.__name__ for step in STEPS])
def test_a_worker_killed_on_the_way_loses_nothing_and_sends_nothing_twice(
    installation: Installation, kill: Callable[[Installation, list[Generation]], None], end: str
):
    installation.sandbox.set(seconds=PROVIDER_SECONDS)

    for prompt in PROMPTS:
        kill(installation, installation.ask_for(prompt))
    installation.settle()

    assert states(list(Generation.objects.all())) == {end}
    creates = installation.sandbox.state()["creates_by_prompt"]
    assert sorted(creates.values()) == ([1] * KILLS if end == "completed" else [])
    installation.assert_every_one_ended_once()

"""Workers killed with -9 again and again while clips are indexed, a provider down meanwhile, and a new model."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.models.functions import Now

from accounts.models import Team
from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.search import spaces
from project.celery import nudge
from sandbox.clips import Clip
from sandbox.render import render
from tests.factories import make_team
from tests.faults.installation import Installation
from tests.indexing import hurry, is_indexed, make_clips, make_embedder, missing, set_fault, set_options
from tests.sandbox_process import wait_until

CLIPS = 300
KILLS = 20
# Long enough for a worker to start and do something.
EVERY_SECONDS = 4.0
DOWN = range(5, 11)
NEW_MODEL_AT = 8
PRICE = 30
SMALL_MODEL = "Qwen3-Embedding-0.6B"
# With one provider down for the whole run.
FEWER_CLIPS = 60
FEWER_KILLS = 8


@pytest.fixture
def clip(tmp_path: Path) -> bytes:
    file = tmp_path / "clip.mp4"
    render(Clip("Killed while it is indexed", 320, 180, 5, False), file)
    return file.read_bytes()


@pytest.fixture
def scnet(installation: Installation) -> ProviderAccount:
    make_embedder("seeknetic", at=installation.sandbox.url)
    account = make_embedder("scnet", at=installation.sandbox.url)
    ProviderAccount.objects.filter(id=account.id).update(reads_a_minute=240)
    return account


def is_indexed_within(seconds: float) -> bool:
    try:
        return wait_until(is_indexed, seconds=seconds)
    except TimeoutError:
        return False


def kill_again_and_again(
    place: Installation, team: Team, content: bytes, *, clips: int, kills: int, at_kill: Callable[[int], None]
) -> list[int]:
    """Clips come all the while, but for the last quarter. Returns how many entries were undone at each kill."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(3):
        place.start_worker()
    undone, coming = [], kills * 3 // 4
    for kill in range(kills):
        if kill < coming:
            make_clips(team, clips // coming, content=content, prompt=f"Part {kill}, clip")
        at_kill(kill)
        is_indexed_within(EVERY_SECONDS)
        undone.append(SearchEntry.objects.filter(done_at=None).count())
        place.kill(chance.choice(place.workers))
        place.start_worker()
    print(f"undone at each kill: {undone}")
    return undone


def settle(place: Installation) -> None:
    """What comes to pass when no worker is killed any more: dead workers' leases run out, and one works on."""
    place.stop()
    for model in (SearchEntry, SearchIndex):
        model.objects.exclude(lease_until=None).update(lease_until=Now())
    hurry()
    nudge("index")
    place.start_worker()
    wait_until(is_indexed, seconds=180)


def assert_each_is_indexed_once(count: int) -> None:
    assert missing() == []
    kept = SearchIndex.objects.filter(retired_at=None)
    assert {each.kind: SearchEntry.objects.filter(index=each).count() for each in kept} == {
        "clip": count,
        "tags": count,
        "prompt": count,
    }
    assert not SearchEntry.objects.exclude(failure_code="").exists()


# F1 K2 K3 P19
@pytest.mark.faults
def test_every_clip_ends_with_one_entry_and_its_vector_in_every_space(
    installation: Installation, scnet: ProviderAccount, clip: bytes
):
    sandbox = installation.sandbox

    def at_kill(kill: int) -> None:
        if kill == DOWN.start:
            set_fault(sandbox, "seeknetic", "down")
        if kill == DOWN.stop:
            sandbox.clear_faults()
        if kill == NEW_MODEL_AT:
            set_options(scnet, model=SMALL_MODEL)

    team = make_team(granted=CLIPS * PRICE)
    undone = kill_again_and_again(installation, team, clip, clips=CLIPS, kills=KILLS, at_kill=at_kill)
    settle(installation)

    assert sum(each > 0 for each in undone) > KILLS // 2
    assert_each_is_indexed_once(CLIPS)
    assert spaces.current("prompt").model == SMALL_MODEL


# F1 K3 P19
@pytest.mark.faults
@pytest.mark.parametrize("provider", ["seeknetic", "scnet"])
def test_a_provider_that_is_down_for_the_whole_run_delays_what_is_its_own_and_loses_nothing(
    installation: Installation, scnet: ProviderAccount, clip: bytes, provider: str
):
    sandbox = installation.sandbox
    set_fault(sandbox, provider, "down")
    team = make_team(granted=FEWER_CLIPS * PRICE)

    kill_again_and_again(installation, team, clip, clips=FEWER_CLIPS, kills=FEWER_KILLS, at_kill=lambda _kill: None)
    made = SearchEntry.objects.filter(index__provider=provider, done_at__isnull=False).count()
    made_by_others = SearchEntry.objects.exclude(index__provider=provider).filter(done_at__isnull=False).count()
    sandbox.clear_faults()
    settle(installation)

    assert made == 0
    assert made_by_others > 0
    assert_each_is_indexed_once(FEWER_CLIPS)

"""Workers killed with -9 again and again while clips are indexed, a provider down for part of it, and a new model."""

import random
from pathlib import Path

import pytest
from django.db.models.functions import Now

from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.search import spaces
from project.celery import nudge
from sandbox.clips import Clip
from sandbox.render import render
from tests.factories import make_team
from tests.faults.installation import Installation
from tests.indexing import is_indexed, make_clips, make_embedder, missing, set_fault, set_options
from tests.sandbox_process import wait_until

CLIPS = 300
KILLS = 20
# Long enough for a worker to start and do something.
EVERY_SECONDS = 4.0
DOWN = range(5, 11)
NEW_MODEL_AT = 8
PRICE = 30
SMALL_MODEL = "Qwen3-Embedding-0.6B"


def is_indexed_within(seconds: float) -> bool:
    try:
        return wait_until(is_indexed, seconds=seconds)
    except TimeoutError:
        return False


def settle(place: Installation) -> None:
    """What comes to pass when no worker is killed any more: dead workers' leases run out, and one works on."""
    place.stop()
    for model in (SearchEntry, SearchIndex):
        model.objects.exclude(lease_until=None).update(lease_until=Now())
    nudge("index")
    place.start_worker()
    wait_until(is_indexed, seconds=300)


# F1 K2 K3 P19
@pytest.mark.faults
def test_every_clip_ends_with_one_entry_and_its_vector_in_every_space(installation: Installation, tmp_path: Path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    file = tmp_path / "clip.mp4"
    render(Clip("Killed while it is indexed", 320, 180, 5, False), file)
    sandbox = installation.sandbox
    make_embedder("seeknetic", at=sandbox.url)
    scnet = make_embedder("scnet", at=sandbox.url)
    ProviderAccount.objects.filter(provider="scnet").update(reads_a_minute=240)
    team = make_team(granted=CLIPS * PRICE)
    for _ in range(3):
        installation.start_worker()

    undone = []
    for kill in range(KILLS):
        if kill < KILLS - 5:
            make_clips(team, CLIPS // (KILLS - 5), content=file.read_bytes(), prompt=f"Part {kill}, clip")
        if kill == DOWN.start:
            set_fault(sandbox, "seeknetic", "down")
        if kill == DOWN.stop:
            sandbox.clear_faults()
        if kill == NEW_MODEL_AT:
            set_options(scnet, model=SMALL_MODEL)
        is_indexed_within(EVERY_SECONDS)
        undone.append(SearchEntry.objects.filter(done_at=None).count())
        installation.kill(chance.choice(installation.workers))
        installation.start_worker()
    settle(installation)

    print(f"undone at each kill: {undone}")
    assert sum(each > 0 for each in undone) > KILLS // 2
    assert missing() == []
    kept = SearchIndex.objects.filter(retired_at=None)
    assert {each.kind: SearchEntry.objects.filter(index=each).count() for each in kept} == {
        "clip": CLIPS,
        "tags": CLIPS,
        "prompt": CLIPS,
    }
    assert spaces.current("prompt").model == SMALL_MODEL
    assert not SearchEntry.objects.exclude(failure_code="").exists()

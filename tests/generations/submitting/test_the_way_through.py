"""From a queued generation to a kept clip, against the sandbox over HTTP."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from generations.models import Asset, Callback, Submission
from generations.submitting import ingest, submit
from tests.api import asked
from tests.pipeline import figures, finish
from tests.sandbox_process import wait_until


def test_a_queued_generation_becomes_a_kept_clip_and_its_price_is_spent(team, account):
    generation = asked(team, prompt="A lighthouse", resolution="720p", generate_audio=True)

    finish(generation)

    output = generation.assets.get(kind=Asset.Kind.OUTPUT)
    content = (settings.MEDIA_FOLDER / output.path).read_bytes()
    assert generation.state == "completed"
    assert figures(team) == (957, 0, 43)
    assert (output.width, output.height, round(output.duration_seconds)) == (1280, 720, 5)
    assert hashlib.sha256(content).hexdigest() == output.sha256
    assert len(content) == output.size_bytes
    assert (settings.MEDIA_FOLDER / generation.assets.get(kind=Asset.Kind.POSTER).path).read_bytes()[8:12] == b"WEBP"


def test_a_refused_prompt_gives_the_credits_back_in_our_own_words(team, account):
    generation = asked(team, prompt="Something forbidden")

    finish(generation)

    assert (generation.state, generation.failure_code) == ("failed", "CONTENT_POLICY")
    assert figures(team) == (1000, 0, 0)


def test_a_callback_brings_the_poll_forward(team, account, reachable, sandbox):
    generation = asked(team, prompt="A ship")

    submit.crew.run()
    Submission.objects.update(next_at=timezone.now() + timedelta(hours=1))
    wait_until(Callback.objects.exists)
    ingest.crew.run()
    woken = Submission.objects.get()
    finish(generation)

    assert woken.next_at <= timezone.now()
    assert Callback.objects.get().verdict == "woke"
    assert generation.state == "completed"

"""Five hundred running tasks whose callbacks are all lost: how often they are looked at, and how late they end."""

import statistics
import threading
import time
from datetime import timedelta

import pytest

from generations.models import Generation, Submission
from tests.faults.installation import Installation
from tests.sandbox_process import wait_until

MANY = 500
# How long each takes at its provider; a few prompts, so that a few clips are rendered.
PROMPTS = [f"Looked at, [[fault:lost_callback,slow={40 + 10 * (number % 13)}]]" for number in range(MANY)]


# P18
@pytest.mark.faults
def test_five_hundred_are_polled_within_nine_hundred_a_minute_and_end_soon(installation: Installation):
    reads: list[tuple[float, int]] = []
    stop = threading.Event()

    def count() -> None:
        while not stop.wait(1):
            state = installation.sandbox.state()
            reads.append((time.monotonic(), state["fetches"] + state["lists"]))

    threading.Thread(target=count, daemon=True).start()
    installation.start_worker()
    installation.ask_for(*PROMPTS)
    wait_until(installation.all_have_ended, seconds=500)
    stop.set()

    a_minute = max(later - before for at, before in reads for until, later in reads if 0 < until - at <= 60)
    delays = [_delay_seconds(submission) for submission in Submission.objects.select_related("generation")]
    median, slowest = statistics.median(delays), max(delays)
    print(f"\n{a_minute} reads in the busiest minute; completed {median:.1f} s after the end, {slowest:.1f} s at most")
    assert Generation.objects.filter(state="completed").count() == MANY
    assert reads[-1][0] - reads[0][0] > 100
    assert a_minute <= 900
    assert median <= 10


def _delay_seconds(submission: Submission) -> float:
    """From the end at the provider to `completed`. The task began at the latest when we learned its id."""
    generation = submission.generation
    seconds = float(generation.prompt.rpartition("=")[2].rstrip("]"))
    assert submission.bound_at is not None
    assert generation.ended_at is not None
    return (generation.ended_at - submission.bound_at - timedelta(seconds=seconds)).total_seconds()

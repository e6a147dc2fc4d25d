"""Every message five times, to two workers at once, each with a beat of its own."""

from collections import Counter

import pytest

from project.celery import app
from tests.faults.installation import Installation
from tests.sandbox_process import wait_until

PROMPTS = [f"Nudged five times, clip {number}" for number in range(5)]
PROMPTS += [f"Nudged five times, [[fault:fail]] {number}" for number in range(15)]
EACH = 10
JOBS = ("submit", "ingest", "poll", "list", "probe", "archive", "batch", "sweep", "deliver")


# K4 F10
@pytest.mark.faults
def test_a_nudge_that_comes_five_times_submits_once(installation: Installation):
    installation.start_worker()
    installation.start_worker()
    installation.ask_for(*PROMPTS * EACH)

    def ended_after_more_nudges() -> bool:
        for name in JOBS * 5:
            app.send_task(name, ignore_result=True)
        return installation.ended_within(2)

    wait_until(ended_after_more_nudges, seconds=150)

    assert installation.states() == {"completed": 50, "failed": 150}
    assert installation.sandbox.state()["creates_by_prompt"] == Counter(PROMPTS * EACH)
    installation.assert_every_one_ended_once()

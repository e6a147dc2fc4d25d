"""Ten thousand callbacks for a thousand generations, doubled and shuffled, over real HTTP, to real workers."""

from typing import Any

import pytest

from accounts import credits
from generations.models import Callback
from tests.callbacks_in_numbers import EACH, send, shuffled
from tests.faults.installation import Installation
from tests.sandbox_process import wait_until

MANY = 1000
SECONDS = 1800
MORE_CREDITS = 20_000
# Of each worker: PostgreSQL allows 100 in all, and who calls back and is called back here needs some too.
CONNECTIONS = "24"
# A few prompts, so that a few clips are rendered. No callback is the provider's own: all come from here.
PROMPTS = [f"Told of ten times, {number % 7} [[fault:lost_callback,slow=30]]" for number in range(MANY)]


# W4 W6 W7
@pytest.mark.faults
def test_a_thousand_generations_end_once_whatever_is_told_of_them_how_often(
    installation: Installation, live_server: Any
):
    credits.grant(installation.team, MORE_CREDITS, note="for a thousand")
    installation.granted += MORE_CREDITS
    generations = installation.ask_for(*PROMPTS)
    for _ in range(2):
        installation.start_worker(DATABASE_POOL_SIZE=CONNECTIONS)

    answers = send(live_server.url, shuffled(generations), threads=8)
    installation.wait_until_ended(seconds=SECONDS)
    wait_until(lambda: not Callback.objects.filter(verdict="").exists(), seconds=60)

    callbacks = list(Callback.objects.values_list("verdict", "repeat_count"))
    states, accepted = installation.states(), installation.sandbox.state()["accepted"]
    assert answers == {202: 2 * EACH * MANY}
    assert (len(callbacks), sum(count for _, count in callbacks)) == (EACH * MANY, EACH * MANY)
    # One or two may never have reached their provider, on a machine that is too busy to answer in time.
    assert (states["completed"], states.total()) == (accepted, MANY)
    assert accepted > 0.99 * MANY
    assert {verdict for verdict, _ in callbacks} <= {"woke", "settled", "foreign"}
    installation.assert_every_one_ended_once()

"""Ten callbacks for each of fifty generations, doubled and shuffled, over real HTTP; in tests/faults for a thousand."""

from generations.models import Callback
from tests.api import asked
from tests.callbacks_in_numbers import EACH, send, shuffled
from tests.pipeline import figures, finish
from tests.races import meanwhile

MANY = 50


# W4 W6 W7
def test_fifty_generations_end_once_whatever_is_told_of_them_how_often(team, account, sandbox, reachable):
    sandbox.set_fault("lost_callback")
    generations = [asked(team, prompt=f"Told of again and again, {number % 3}") for number in range(MANY)]

    with meanwhile(lambda: send(reachable.url, shuffled(generations), threads=4)):
        finish(*generations, seconds=120)
    finish(*generations)

    callbacks = list(Callback.objects.all())
    assert {each.state for each in generations} == {"completed"}
    assert [len(callbacks), sum(each.repeat_count for each in callbacks)] == [MANY * EACH, MANY * EACH]
    assert {each.verdict for each in callbacks} <= {"woke", "settled", "bound"}
    assert figures(team) == (1000 - MANY * 15, 0, MANY * 15)
    assert sandbox.state()["creates"] == MANY

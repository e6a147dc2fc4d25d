"""What people do with a batch, once and again."""

import pytest

from generations.batches import steering
from generations.models import Batch
from tests.api import ensure_prices
from tests.batches import BAD, drafted
from tests.factories import make_team
from tests.pipeline import figures


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def prompts(count: int) -> list[str]:
    return [f"A gate, {number}" for number in range(1, count + 1)]


def test_each_thing_is_done_once_however_often_it_is_asked_for(team):
    batch = drafted(team, *prompts(2))
    user = batch.created_by

    assert [steering.start(batch.id, user, cap_credits=9) for _ in range(2)] == [True, False]
    assert [steering.pause(batch.id) for _ in range(2)] == [True, False]
    assert [steering.resume(batch.id, user, cap_credits=9, shown_credits=4) for _ in range(2)] == [True, False]
    assert [steering.cancel(batch.id) for _ in range(2)] == [True, False]
    assert not steering.resume(batch.id, user, cap_credits=9, shown_credits=4)
    assert not steering.delete(batch.id)


def test_a_cap_with_room_for_no_row_is_refused(team):
    batch = drafted(team, *prompts(2))

    with pytest.raises(steering.CapTooLow) as caught:
        steering.start(batch.id, batch.created_by, cap_credits=1)

    batch.refresh_from_db()
    assert (caught.value.least, batch.state, batch.cap_credits) == (2, "draft", None)


def test_a_draft_without_a_good_row_does_not_start(team):
    batch = drafted(team, BAD)

    assert not steering.start(batch.id, batch.created_by, cap_credits=100)


def test_a_draft_holds_nothing_and_is_deleted_with_its_rows(team):
    batch = drafted(team, *prompts(2))
    assert figures(team) == (1000, 0, 0)

    assert [steering.delete(batch.id) for _ in range(2)] == [True, False]

    assert not Batch.objects.exists()

"""What people do with a batch, once and again."""

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from generations.batches import steering
from generations.models import Asset, Batch
from tests.batches import BAD, drafted, make_all, prompts, started
from tests.pipeline import figures


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


def test_a_batch_of_which_all_is_made_is_not_paused_and_ends_by_itself(team):
    batch = make_all(started(team, "A gate", BAD))

    assert not steering.pause(batch.id)

    batch.refresh_from_db()
    assert (batch.state, batch.paused_because) == ("running", "")


def test_what_is_refused_by_now_is_written_on_its_row_when_the_others_go_on(team):
    upload = Asset.objects.create(team=team, kind=Asset.Kind.UPLOAD, path="p", size_bytes=1, sha256="0" * 64)
    batch = started(team, "A gate", "A ship", model="seedance-2.0", image_urls=f"upload:{upload.id}")
    batch.rows.filter(number=2).update(given={"model": "seedance-2.0", "prompt": "A ship"})
    steering.pause(batch.id)
    Asset.objects.filter(id=upload.id).update(deleted_at=Now())

    assert steering.resume(batch.id, batch.created_by, cap_credits=100, shown_credits=15)

    bad, good = batch.rows.order_by("number")
    assert (bad.problem["constraint"], bad.quoted_credits) == ("upload", None)
    assert (good.problem, good.quoted_credits) == (None, 15)
    assert batch.rows.filter(problem__isnull=True).count() == 1


def test_to_resume_asks_as_often_for_many_rows_as_for_two(team):
    def asked_for(rows: int) -> int:
        batch = started(team, *prompts(rows))
        steering.pause(batch.id)
        with CaptureQueriesContext(connection) as asked:
            assert steering.resume(batch.id, batch.created_by, cap_credits=1000, shown_credits=2 * rows)
        return len(asked)

    assert asked_for(2) == asked_for(200)

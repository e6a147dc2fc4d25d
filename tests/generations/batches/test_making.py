"""What the job does with a batch that runs: in order, within its cap, and standing still where it says why."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts import credits, members, roles, teams
from accounts.actors import INSTALLATION, Actor
from accounts.models import Membership, Role
from generations import lifecycle
from generations.batches import making, progress, steering
from generations.models import Asset, Batch, Generation, Price, PriceList, State
from generations.submitting import sweep
from tests.api import ensure_prices
from tests.batches import BAD, IMAGES, PRICE, drafted, make_all, prompts, started
from tests.factories import make_member, make_team
from tests.faults.installation import blocked_count
from tests.pipeline import assert_books_are_right, figures
from tests.races import meanwhile
from tests.sandbox_process import wait_until


def complete(generation: Generation, *, charge: int | None = None) -> None:
    for state in (State.SUBMITTING, State.RUNNING, State.ARCHIVING):
        lifecycle.advance(generation, state)
    lifecycle.advance(generation, State.COMPLETED, charge=charge)


def complete_all(batch: Batch) -> Batch:
    """What was made is delivered, and the batch looked at."""
    for generation in made(batch):
        if not generation.is_final:
            complete(generation)
    return make_all(batch)


def made(batch: Batch) -> list[Generation]:
    return list(Generation.objects.filter(batch_id=batch.id).order_by("id"))


def new_price(credits_now: int) -> None:
    newer = PriceList.objects.create(model=IMAGES, version=2, effective_at=Now())
    for price in Price.objects.filter(price_list__model=IMAGES, price_list__version=1):
        Price.objects.create(price_list=newer, conditions=price.conditions, unit=price.unit, credits=credits_now)


def test_rows_are_made_in_order_in_the_name_of_whoever_started_it(team):
    batch = make_all(started(team, *prompts(3)))

    assert [each.prompt for each in made(batch)] == prompts(3)
    assert {each.created_by for each in made(batch)} == {batch.created_by}
    assert [row.generation.prompt for row in batch.rows.all()] == prompts(3)
    assert figures(team) == (1000 - 3 * PRICE, 3 * PRICE, 0)


def test_a_bad_row_stops_nothing(team):
    batch = make_all(started(team, "A gate", BAD, "A ship"))

    assert [each.prompt for each in made(batch)] == ["A gate", "A ship"]
    assert batch.state == "running"


def test_a_row_that_is_refused_when_it_is_its_turn_becomes_bad_and_stops_nothing(team):
    upload = Asset.objects.create(team=team, kind=Asset.Kind.UPLOAD, path="p", size_bytes=1, sha256="0" * 64)
    batch = drafted(team, "A gate", "A ship", model="seedance-2.0")
    row = batch.rows.get(number=1)
    row.given |= {"image_urls": f"upload:{upload.id}"}
    row.save()
    Asset.objects.filter(id=upload.id).update(deleted_at=Now())
    steering.start(batch.id, batch.created_by, cap_credits=100)

    make_all(batch)

    row.refresh_from_db()
    assert (row.problem["constraint"], row.quoted_credits) == ("upload", None)
    assert [each.prompt for each in made(batch)] == ["A ship"]


def test_at_most_twenty_are_in_progress_at_once(team):
    batch = make_all(started(team, *prompts(25)))
    assert len(made(batch)) == making.AT_ONCE == 20

    complete(made(batch)[0])
    make_all(batch)

    assert len(made(batch)) == 21


def test_the_cap_is_never_passed_and_the_batch_stands_still_there(team):
    batch = make_all(started(team, *prompts(10), cap=7))
    assert (batch.state, len(made(batch))) == ("running", 3)

    batch = complete_all(batch)

    assert len(made(batch)) == 3
    assert (batch.state, batch.paused_because, batch.next_at) == ("paused", "cap", None)
    assert progress.of(batch).committed_credits == 6


def test_what_came_back_counts_against_the_cap_no_more(team):
    batch = make_all(started(team, *prompts(10), cap=6))
    lifecycle.advance(made(batch)[0], State.FAILED, failure_code="CONTENT_POLICY")
    complete(made(batch)[1])

    batch = make_all(batch)

    assert (batch.state, progress.of(batch).committed_credits) == ("running", 6)
    assert len(made(batch)) == 4


def test_at_its_cap_it_waits_for_what_may_come_back(team):
    batch = make_all(started(team, *prompts(3), cap=4))
    complete(made(batch)[0])
    batch = make_all(batch)
    assert (batch.state, making.step(batch.id)) == ("running", making.Step.LATER)

    lifecycle.advance(made(batch)[1], State.FAILED, failure_code="CONTENT_POLICY")
    complete_all(make_all(batch))

    batch.refresh_from_db()
    assert (batch.state, progress.of(batch).completed, figures(team)) == ("finished", 2, (996, 0, 4))


def test_a_charge_below_the_hold_leaves_room(team):
    batch = make_all(started(team, *prompts(4), cap=8, count="2"))
    assert len(made(batch)) == 2
    for generation in made(batch):
        complete(generation, charge=2)

    assert progress.of(make_all(batch)).committed_credits == 8
    assert len(made(batch)) == 3


def test_another_price_than_the_quoted_stands_still_before_it_is_taken(team):
    batch = started(team, *prompts(3))
    making.step(batch.id)
    new_price(9)

    batch = make_all(batch)

    assert (batch.state, batch.paused_because) == ("paused", "price")
    assert len(made(batch)) == 1
    with pytest.raises(steering.PriceMoved):
        steering.resume(batch.id, batch.created_by, cap_credits=100, shown_credits=4)
    assert steering.resume(batch.id, batch.created_by, cap_credits=100, shown_credits=18)
    assert [each.held_credits for each in made(make_all(batch))] == [2, 9, 9]


def test_a_price_that_is_gone_stands_still_and_every_row_waits_until_it_is_back(team):
    batch = started(team, *prompts(2))
    PriceList.objects.filter(model=IMAGES).update(effective_at=Now() + timedelta(days=1))
    batch = make_all(batch)
    assert batch.paused_because == "price"
    before = list(batch.rows.values())

    for shown in (0, 4):
        with pytest.raises(steering.Unpriced):
            steering.resume(batch.id, batch.created_by, cap_credits=10, shown_credits=shown)

    batch.refresh_from_db()
    assert (batch.paused_because, list(batch.rows.values())) == ("price", before)
    PriceList.objects.filter(model=IMAGES).update(effective_at=Now() - timedelta(days=1))
    assert steering.resume(batch.id, batch.created_by, cap_credits=10, shown_credits=4)
    assert len(made(make_all(batch))) == 2


def test_missing_credits_stand_still_and_nothing_is_half_made(team):
    poor = make_team(granted=5)
    batch = make_all(started(poor, *prompts(4)))
    assert (batch.state, len(made(batch)), figures(poor)) == ("running", 2, (1, 4, 0))

    batch = complete_all(batch)

    assert (batch.state, batch.paused_because) == ("paused", "credits")
    assert len(made(batch)) == 2
    assert figures(poor) == (1, 0, 4)
    credits.grant(poor, 100, note="more")
    steering.resume(batch.id, batch.created_by, cap_credits=8, shown_credits=4)
    assert len(made(make_all(batch))) == 4


def test_missing_credits_that_come_back_are_waited_for(team):
    batch = make_all(started(make_team(granted=3), "A gate", "A ship"))
    assert (batch.state, len(made(batch))) == ("running", 1)

    lifecycle.advance(made(batch)[0], State.FAILED, failure_code="CONTENT_POLICY")

    assert (make_all(batch).state, len(made(batch))) == ("running", 2)


def test_a_member_s_cap_stands_still_too(team):
    maker = make_member(team=team)
    owner = team.memberships.get(role=Role.OWNER).user
    members.set_cap(team, maker.pk, monthly=3, lifetime=None, by=Actor(user=owner))

    batch = complete_all(make_all(started(team, *prompts(4), user=maker)))

    assert batch.paused_because == "credits"
    assert len(made(batch)) == 1


def lower(team, user):
    Membership.objects.filter(team=team, user=user).update(role=Role.VIEWER)


def remove(team, user):
    Membership.objects.filter(team=team, user=user).delete()


def block(team, user):
    user.is_active = False
    user.save()


@pytest.mark.parametrize("lose", [lower, remove, block])
def test_nothing_is_made_for_somebody_who_may_not_any_more(team, lose):
    batch = started(team, *prompts(2))
    making.step(batch.id)
    lose(team, batch.created_by)

    batch = make_all(batch)

    assert (batch.state, batch.paused_because) == ("paused", "member")
    assert len(made(batch)) == 1
    other = make_member(team=team)
    steering.resume(batch.id, other, cap_credits=4, shown_credits=2)
    assert made(make_all(batch))[1].created_by == other


@pytest.mark.django_db(transaction=True)
def test_a_row_waits_for_whoever_is_just_taking_its_maker_s_role_away():
    ensure_prices()
    batch = started(make_team(granted=10), "A gate")
    is_lowered = threading.Event()

    with meanwhile(lambda: lower_until_awaited(batch, is_lowered)):
        is_lowered.wait()
        batch = make_all(batch)

    assert (batch.paused_because, made(batch)) == ("member", [])


def lower_until_awaited(batch: Batch, is_lowered: threading.Event) -> None:
    """In a transaction that ends when somebody waits for it."""
    with transaction.atomic():
        roles.lock(batch.team_id)
        lower(batch.team, batch.created_by)
        is_lowered.set()
        wait_until(blocked_count)


def test_a_team_that_closes_ends_it(team):
    batch = started(team, *prompts(2))
    teams.close(team, by=INSTALLATION)

    batch = make_all(batch)

    assert (batch.state, made(batch)) == ("cancelled", [])


def test_it_is_finished_when_all_have_ended(team):
    batch = make_all(started(team, "A gate", BAD))
    assert (batch.state, making.step(batch.id)) == ("running", making.Step.LATER)

    complete(made(batch)[0])

    batch = make_all(batch)
    assert (batch.state, batch.next_at) == ("finished", None)
    assert batch.ended_at
    assert making.step(batch.id) is making.Step.OVER


def test_cancelling_gives_the_queued_back_and_lets_the_others_end(team):
    batch = make_all(started(team, *prompts(25)))
    sent = made(batch)[0]
    lifecycle.advance(sent, State.SUBMITTING)

    assert steering.cancel(batch.id)
    batch.refresh_from_db()
    making.empty_queue(batch)

    assert (batch.state, len(made(batch))) == ("cancelled", 20)
    assert figures(team) == (1000 - PRICE, PRICE, 0)
    assert making.step(batch.id) is making.Step.OVER
    # What was about to be sent may surely not have been, and comes back to the queue.
    lifecycle.advance(sent, State.QUEUED)
    Batch.objects.filter(id=batch.id).update(next_at=Now())
    for claimed in making.claim_due(5):
        making.make(claimed)
    assert figures(team) == (1000, 0, 0)
    assert Batch.objects.get(id=batch.id).next_at is None


def test_a_batch_that_waits_is_looked_at_when_something_ends(team):
    batch = make_all(started(team, *prompts(21)))
    Batch.objects.filter(id=batch.id).update(next_at=Now() + timedelta(minutes=1))
    assert making.claim_due(5) == []

    making.wake()

    assert making.claim_due(5) == [batch]


def test_a_generation_that_ends_asks_for_the_batch_to_be_looked_at(
    team, monkeypatch, django_capture_on_commit_callbacks
):
    asked_for: list[str] = []
    monkeypatch.setattr(lifecycle, "nudge", asked_for.append)
    batch = make_all(started(team, "A gate"))

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.advance(made(batch)[0], State.CANCELLED)

    assert asked_for == ["batch"]
    assert_books_are_right()


def test_a_closed_team_keeps_no_batch_going(team):  # K10
    draft, running, paused = drafted(team, "A gate"), make_all(started(team, "A gate")), started(team, "A gate")
    steering.pause(paused.id)
    theirs = started(make_team(granted=100), "A gate")
    teams.close(team, by=INSTALLATION)

    sweep.sweep()

    assert dict(Batch.objects.values_list("id", "state")) == {
        running.id: "cancelled",
        paused.id: "cancelled",
        theirs.id: "running",
    }
    assert not Batch.objects.filter(id=draft.id).exists()
    assert making.claim_due(5) == [theirs]
    assert figures(team) == (1000, 0, 0)

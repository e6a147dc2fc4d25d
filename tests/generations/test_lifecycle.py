import itertools

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import budgets
from accounts.models import CreditEntry, Membership
from accounts.refusals import InsufficientCredits
from generations import audit, catalog, lifecycle, pricing
from generations.intake import GenerationRequest, InvalidParameter
from generations.lifecycle import ALLOWED, Asker, IllegalMove, ModelNotAllowed
from generations.models import Generation, GenerationCount, GenerationEvent, Price, State
from tests.api import asked, completed, ensure_prices, running
from tests.factories import make_key, make_member, make_team
from tests.pipeline import assert_books_are_right, figures, media_folder
from tests.races import race

__all__ = ["media_folder"]

LEGAL = {
    ("queued", "submitting"),
    ("queued", "failed"),
    ("queued", "cancelled"),
    ("submitting", "queued"),
    ("submitting", "unconfirmed"),
    ("submitting", "running"),
    ("submitting", "archiving"),
    ("submitting", "failed"),
    ("unconfirmed", "running"),
    ("unconfirmed", "archiving"),
    ("unconfirmed", "failed"),
    ("running", "archiving"),
    ("running", "failed"),
    ("archiving", "completed"),
    ("archiving", "failed"),
}
ENDS = {"completed": {"charge": 10}, "failed": {"failure_code": "TIMEOUT"}, "cancelled": {}}


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def counts(team) -> dict[str, int]:
    rows = GenerationCount.objects.filter(team=team, count__gt=0)
    return {row.status: row.count for row in rows}


def brought_to(team, state: str) -> Generation:
    """A generation in that state, by the shortest way through the gate."""
    steps = {
        "queued": (),
        "submitting": ("submitting",),
        "unconfirmed": ("submitting", "unconfirmed"),
        "running": ("submitting", "running"),
        "archiving": ("submitting", "archiving"),
        "failed": ("failed",),
        "cancelled": ("cancelled",),
    }
    if state == "completed":
        return completed(team)
    generation = asked(team)
    for step in steps[state]:
        assert lifecycle.advance(generation, State(step), **ENDS.get(step, {}))
    return generation


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State.values, State.values)))
def test_every_pair_of_states_is_a_legal_move_or_raises_and_changes_nothing(team, media_folder, before, after):  # K1
    generation = brought_to(team, before)
    events, balance = GenerationEvent.objects.count(), figures(team)
    changes = ENDS.get(after, {})

    if (before, after) in LEGAL:
        assert lifecycle.advance(generation, State(after), **changes)
        assert generation.state == after
    else:
        with pytest.raises(IllegalMove):
            lifecycle.advance(generation, State(after), **changes)
        generation.refresh_from_db()
        assert (generation.state, GenerationEvent.objects.count(), figures(team)) == (before, events, balance)
    assert_books_are_right()


def test_the_table_of_moves_is_the_documented_one():
    assert {(str(before), str(after)) for before, afters in ALLOWED.items() for after in afters} == LEGAL


def test_a_move_that_another_made_first_is_lost_and_changes_nothing(team):
    generation = asked(team)
    stale = Generation.objects.get(id=generation.id)
    lifecycle.advance(generation, State.CANCELLED)
    events = GenerationEvent.objects.count()

    assert lifecycle.advance(stale, State.SUBMITTING) is False

    assert Generation.objects.get().state == "cancelled"
    assert GenerationEvent.objects.count() == events


def test_creating_holds_the_price_queues_counts_and_tells(team):
    generation = asked(team, resolution="720p", generate_audio=True)

    assert figures(team) == (957, 43, 0)
    assert (generation.state, generation.held_credits, generation.price_version) == ("queued", 43, 1)
    assert counts(team) == {"pending": 1}
    assert list(generation.events.values_list("state", flat=True)) == ["queued"]


def test_a_hold_counts_against_whoever_asked(team):
    key, member = make_key(team=team)[0], make_member(team=team)

    _asked_by(Asker(team_id=team.pk, api_key_id=key.pk))
    _asked_by(Asker(team_id=team.pk, user_id=member.pk))

    assert [budgets.of_key(key).lifetime.used, budgets.of_team(team).lifetime.used] == [15, 30]
    assert budgets.of_member(Membership.objects.get(user=member)).lifetime.used == 15
    assert_books_are_right()


def test_a_hold_that_counts_against_somebody_else_is_found_by_the_audit(team):
    generation = _asked_by(Asker(team_id=team.pk, api_key_id=make_key(team=team)[0].pk))
    Generation.objects.filter(pk=generation.pk).update(api_key=make_key(team=team)[0])

    assert [row["id"] for row in audit.audit()] == [str(generation.pk)]


@pytest.mark.parametrize("end", ["failed", "cancelled", "completed"])
def test_at_its_end_a_generation_leaves_in_the_budgets_what_it_was_charged(team, media_folder, end):  # L5
    generation = brought_to(team, end)

    month, ever = budgets.of_team(team).monthly.used, budgets.of_team(team).lifetime.used

    assert month == ever == generation.charged_credits == (15 if end == "completed" else 0)
    assert_books_are_right()


def test_a_model_that_the_asker_is_not_allowed_leaves_no_trace(team):
    with pytest.raises(ModelNotAllowed) as refusal:
        _asked_by(Asker(team_id=team.pk, allowed_models=("other-1.0",)))

    assert refusal.value.model.slug == "seedance-2.0"
    assert not Generation.objects.exists()
    assert (counts(team), figures(team)) == ({}, (1000, 0, 0))
    _asked_by(Asker(team_id=team.pk, allowed_models=("other-1.0", "seedance-2.0")))


def test_a_budget_without_room_leaves_no_trace(team):
    key, _ = make_key(team=team, monthly_budget_credits=14)

    with pytest.raises(InsufficientCredits) as refusal:
        _asked_by(Asker(team_id=team.pk, api_key_id=key.pk))

    assert refusal.value.limit_source == "key_budget"
    assert not Generation.objects.exists()
    assert (counts(team), figures(team)) == ({}, (1000, 0, 0))
    assert_books_are_right()


def test_credits_that_do_not_suffice_leave_no_trace(team):
    poor = make_team(granted=14)

    with pytest.raises(InsufficientCredits):
        asked(poor)

    assert not Generation.objects.filter(team=poor).exists()
    assert counts(poor) == {}
    assert figures(poor) == (14, 0, 0)


def test_an_upload_of_another_team_is_refused_and_nothing_held(team):
    with pytest.raises(InvalidParameter):
        asked(team, image_urls=["upload:018f0000-0000-7000-8000-000000000000"])

    assert figures(team) == (1000, 0, 0)


def test_less_than_was_held_can_be_charged_and_the_rest_comes_back(team):  # L7
    generation = brought_to(team, "archiving")

    lifecycle.advance(generation, State.COMPLETED, charge=10)

    assert (generation.charged_credits, generation.returned_credits) == (10, 5)
    assert figures(team) == (990, 0, 10)


def test_more_than_was_held_is_never_charged(team):  # L8
    generation = brought_to(team, "archiving")

    with pytest.raises((IntegrityError, ValueError)), transaction.atomic():
        lifecycle.advance(generation, State.COMPLETED, charge=16)

    generation.refresh_from_db()
    assert generation.state == "archiving"


def test_a_change_of_prices_does_not_touch_what_was_asked_for_before(team):  # L11
    generation = brought_to(team, "archiving")
    Price.objects.update(credits=999)

    lifecycle.advance(generation, State.COMPLETED)

    assert figures(team) == (985, 0, 15)


@pytest.mark.parametrize(("told", "shown"), [(40, 40), (120, 99)])
def test_progress_is_news_only_upwards_and_only_while_running(team, told, shown):
    generation = running(team)

    assert lifecycle.report_progress(generation, told) is True
    assert lifecycle.report_progress(generation, told) is False
    assert lifecycle.report_progress(generation, 1) is False

    assert Generation.objects.get().progress == shown


def test_hiding_takes_a_clip_and_its_media_from_the_counts_but_not_from_the_books(team, media_folder):
    generation = completed(team)

    assert lifecycle.hide(generation) is True
    assert lifecycle.hide(generation) is False

    assert counts(team) == {}
    assert not generation.assets.filter(deleted_at=None).exists()
    assert CreditEntry.objects.filter(hold_id=generation.hold_id).count() == 2


def test_what_is_not_over_can_not_be_hidden(team):
    with pytest.raises(IllegalMove):
        lifecycle.hide(asked(team))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE generations_generation SET state = 'completed'",
        "UPDATE generations_generation SET state = 'nonsense'",
        "UPDATE generations_generation SET charged_credits = held_credits + 1",
        "UPDATE generations_generation SET charged_credits = -1",
        "UPDATE generations_generation SET held_credits = 0",
        "UPDATE generations_generation SET failure_code = 'TIMEOUT'",
        "UPDATE generations_generation SET hidden_at = now()",
        "UPDATE generations_generation SET progress = 101",
    ],
)
def test_the_database_refuses_what_can_not_be(team, statement):
    asked(team)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_cancel_and_submission_race_and_one_of_them_wins(media_folder):  # K8
    ensure_prices()
    team = make_team(granted=10_000)
    generations = [asked(team) for _ in range(50)]
    moves = [(each.id, to) for each in generations for to in (State.CANCELLED, State.SUBMITTING)]

    def move(one: tuple[object, State]) -> bool:
        generation = Generation.objects.get(id=one[0])
        try:
            return lifecycle.advance(generation, one[1])
        except IllegalMove:
            return False

    won = race(move, moves, threads=16)

    assert sum(won) == 50
    states = Generation.objects.values_list("state", flat=True)
    assert set(states) <= {"cancelled", "submitting"}
    assert_books_are_right()


@pytest.mark.django_db(transaction=True)
def test_every_way_to_end_at_once_settles_a_hold_once(media_folder):  # L4
    ensure_prices()
    team = make_team(granted=10_000)
    generations = [running(team) for _ in range(25)]

    def end(generation: Generation) -> bool:
        mine = Generation.objects.get(id=generation.id)
        return not mine.is_final and lifecycle.advance(mine, State.FAILED, failure_code="TIMEOUT")

    won = race(end, generations * 8, threads=20)

    assert sum(won) == 25
    assert CreditEntry.objects.filter(kind="release").count() == 25
    assert counts(team) == {"failed": 25}
    assert_books_are_right()


def _asked_by(asker: Asker) -> Generation:
    resolved = catalog.resolve(GenerationRequest(prompt="Once"))
    return lifecycle.create(resolved, pricing.quote(resolved), asker=asker)[0]

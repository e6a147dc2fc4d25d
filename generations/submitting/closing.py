"""What becomes of the work of a team that is being closed: it is ended, its clips, uploads and collections go, then it
is closed.

Each row is a transaction of its own and each round is bounded, so a worker may be killed at any line: the next round
goes on with what is left. Webhooks that are due still go out.
"""

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from accounts import teams
from accounts.models import Team
from generations import lifecycle
from generations.models import Asset, Batch, Collection, Generation, PromptPreset, State, Submission
from generations.models.generations import GenerationQuerySet

from .rounds import ROWS, each_locked, guarded

TEAMS = 5
COLLECTIONS = 10  # each with thousands of items at most
OUTCOME = "team_closed"


def empty_teams() -> bool:
    """End the work of teams that are closing and delete their media. Returns whether another round is worth while."""
    # In any order: teams that can't be emptied must not keep the others from their turn.
    progress = [guarded(_empty, team) for team in Team.objects.closing().order_by("?")[:TEAMS]]
    return any(progress)


def finish_teams() -> None:
    """Close the teams of which nothing is left: no work, no holds, no files."""
    for team in Team.objects.closing().order_by("?")[:TEAMS]:
        left = (_visible(team), _open_submissions(team), _files(team), Collection.objects.filter(team=team))
        if not any(rows.exists() for rows in left):
            guarded(teams.finish_closing, team)


def _empty(team: Team) -> bool:
    _cancel_batches(team)
    ended = each_locked(_visible(team).in_progress(), _end)
    _let_go(_open_submissions(team).exclude(generation__in=_visible(team).in_progress()))
    hidden = each_locked(_visible(team).filter(state__in=State.FINAL), _hide)
    # Uploads last: what was asked for may name them until it has ended.
    deleted = 0 if _visible(team).exists() else _delete_files(team)
    forgotten, _each = PromptPreset.objects.filter(team=team).delete()
    undone = _delete_collections(team)
    return bool(ended or hidden or deleted or forgotten or undone)


def _cancel_batches(team: Team) -> None:
    """Nothing more could be made of them; what was made is ended with all the rest. Drafts are thrown away."""
    batches = Batch.objects.filter(team=team)
    batches.filter(state=Batch.State.DRAFT).delete()
    batches.filter(state__in=(Batch.State.RUNNING, Batch.State.PAUSED)).update(
        state=Batch.State.CANCELLED, paused_because="", ended_at=Now(), next_at=None, lease_until=None
    )


def _end(generation: Generation) -> None:
    """What no provider has is cancelled, anything else fails; either way the hold is given back."""
    if generation.state == State.QUEUED:
        lifecycle.advance(generation, State.CANCELLED)
        return
    # A provider that has made it will bill it, so the loss is ours.
    loss = generation.held_credits if generation.state == State.ARCHIVING else 0
    lifecycle.advance(generation, State.FAILED, failure_code="TEAM_CLOSED")
    _let_go(Submission.objects.filter(_OPEN, generation=generation), loss_credits=loss)


def _let_go(submissions: QuerySet[Submission], **columns: int) -> None:
    """Nobody asks about them any more, and nothing of theirs is fetched."""
    ids = submissions.values("id")[: 10 * ROWS]
    Submission.objects.filter(id__in=ids).update(
        outcome=OUTCOME, ended_at=Coalesce("ended_at", Now()), next_at=None, lease_until=None, **columns
    )


def _hide(generation: Generation) -> None:
    lifecycle.hide(generation)


def _delete_files(team: Team) -> int:
    ids = Asset.objects.filter(team=team, deleted_at=None).values("id")[: 10 * ROWS]
    return Asset.objects.filter(id__in=ids).update(deleted_at=Now())


def _delete_collections(team: Team) -> int:
    """With their items and links, which have opened nothing since the team began to close."""
    ids = list(Collection.objects.filter(team=team).values_list("id", flat=True)[:COLLECTIONS])
    Collection.objects.filter(id__in=ids).delete()
    return len(ids)


def _visible(team: Team) -> GenerationQuerySet:
    """What is hidden has ended, and its files are deleted."""
    return Generation.objects.for_team(team.pk)


# One that knows its task has a next_at as long as it is asked about.
_OPEN = Q(next_at__isnull=False) | Q(provider_task_id="", ended_at=None)


def _open_submissions(team: Team) -> QuerySet[Submission]:
    return Submission.objects.filter(_OPEN, generation__team=team)


def _files(team: Team) -> QuerySet[Asset]:
    return Asset.objects.filter(team=team).exclude(path="")

"""Collections made, changed and deleted, and who may see and end them.

A private one is its maker's alone: to anyone else, admins too, it is not there. Every member who may make things may
change one of the team's. To delete it, or to share it, is for its maker and for admins.
Lock order: the team's row, then the collection's, so that two changes of one collection come one after the other.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import roles, teams
from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.roles import Action, NotAllowed
from generations.models import Collection

from . import open_links

MOST = 500
NAME_CHARACTERS = 80
DESCRIPTION_CHARACTERS = 500


class TooManyCollections(ValueError):
    """The team has MOST of them, with its members' private ones."""


class ByHand(ValueError):
    """The collection is filled by hand: it looks for nothing."""


class Gone(Exception):
    """The collection is deleted, or whoever asks may not see it any more."""


def visible_to(user: User, team_id: UUID) -> QuerySet[Collection]:
    """What a member sees of the team's collections; see CollectionQuerySet."""
    return Collection.objects.visible_to(user.pk, team_id=team_id)


def may_end(collection: Collection, user: User, role: str) -> bool:
    """Whether a member of this role may delete and share it: for what a page offers. authorise() decides."""
    is_own = collection.created_by_id == user.pk
    if not is_own and collection.visibility == Collection.Visibility.PRIVATE:
        return False
    return roles.can(role, Action.CREATE if is_own else Action.MANAGE_COLLECTIONS)


def authorise(collection: Collection, by: Actor) -> None:
    """See that the actor may delete and share it as they are now. Raises NotAllowed.

    The team's row is locked by whoever changes something by it; see accounts.roles.
    """
    is_own = by.user is not None and collection.created_by_id == by.user.pk
    if not is_own and collection.visibility == Collection.Visibility.PRIVATE:
        raise NotAllowed
    roles.authorise(collection.team, by, Action.CREATE if is_own else Action.MANAGE_COLLECTIONS)


def locked(collection: Collection, by: User) -> Collection:
    """It as it is now, until the transaction ends. Raises Gone."""
    # no_key: an item that is written meanwhile refers to it, and need not wait.
    rows = visible_to(by, collection.team_id).select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk=collection.pk).select_related("team").first()
    if found is None:
        raise Gone
    return found


def touch(collection: Collection) -> None:
    """Something in it has changed."""
    Collection.objects.filter(pk=collection.pk).update(updated_at=Now())


@transaction.atomic
def create(
    team: Team,
    *,
    name: str,
    by: User,
    description: str = "",
    visibility: str = Collection.Visibility.TEAM,
    search: Mapping[str, str] | None = None,
) -> Collection:
    """One of the team's, or the user's own; with a `search` it is smart. Raises TooManyCollections, TeamClosing."""
    teams.lock(team.pk)
    if _counting(team).count() >= MOST:
        raise TooManyCollections
    return Collection.objects.create(
        team=team,
        name=name,
        description=description,
        visibility=visibility,
        search=None if search is None else dict(search),
        created_by=by,
    )


@transaction.atomic
def change(collection: Collection, *, name: str, description: str, visibility: str, by: User) -> None:
    """Only its maker makes it private, or the team's again; another's word about that is not heard. Raises Gone."""
    kept = locked(collection, by)
    kept.name, kept.description = name, description
    if kept.created_by_id == by.pk:
        kept.visibility = visibility
    kept.save(update_fields=["name", "description", "visibility", "updated_at"])


@transaction.atomic
def change_search(collection: Collection, search: Mapping[str, str], *, by: User) -> dict[str, str]:
    """What a smart one looks for from now on; its links stay. Returns what it looked for. Raises ByHand, Gone."""
    kept = locked(collection, by)
    if kept.search is None:
        raise ByHand
    before, kept.search = dict(kept.search), dict(search)
    kept.save(update_fields=["search", "updated_at"])
    return before


@transaction.atomic
def delete(collection: Collection, *, by: Actor) -> bool:
    """With its items and its links, which are dead at once; the clips stay. Returns whether it was still there.

    Raises NotAllowed.
    """
    roles.lock(collection.team_id)
    kept = Collection.objects.select_for_update().filter(pk=collection.pk).first()
    if kept is None:
        return False
    authorise(kept, by)
    open_links.end_all(kept, by=by)
    kept.delete()
    return True


def _counting(team: Team) -> QuerySet[Collection]:
    """Those that count: a private one whose maker has left is out of everybody's reach, unless they come back."""
    members = Membership.objects.filter(team=team).values("user")
    seen = Q(visibility=Collection.Visibility.TEAM) | Q(created_by__in=members)
    return Collection.objects.filter(seen, team=team)

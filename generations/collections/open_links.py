"""Which links open something, and how one ends.

A link opens as long as whoever made it might still make it by their role: not once they have left the team, or lost
sight of the collection. Those that open nothing any more because of that are revoked by a job, so that none of them
opens again when they come back.
"""

from contextlib import suppress

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts import audit_log, roles, teams
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditAction, Membership, Role
from accounts.refusals import TeamClosing
from accounts.roles import Action
from generations.models import Collection, ShareLink

ROUND = 100


def unended() -> QuerySet[ShareLink]:
    """Neither revoked nor expired, the newest first. `is_open` says whether it opens anything."""
    return ShareLink.objects.filter(revoked_at=None, expires_at__gt=Now()).annotate(is_open=_opens())


def opening() -> QuerySet[ShareLink]:
    """Those that open something now, the newest first."""
    return unended().filter(_opens())


def end(link: ShareLink, *, by: Actor) -> bool:
    """Returns whether it had not ended until then. That the actor may is seen to by the caller, in a transaction."""
    ended = ShareLink.objects.filter(pk=link.pk, revoked_at=None, expires_at__gt=Now()).update(revoked_at=Now())
    if ended:
        record(by, AuditAction.COLLECTION_LINK_REVOKED, link)
    return bool(ended)


def end_all(collection: Collection, *, by: Actor) -> None:
    """As end() has it."""
    for link in unended().filter(collection=collection).select_related("collection__team"):
        end(link, by=by)


def end_dead() -> None:
    """Revoke what opens nothing any more because of who made it. May run at once with itself."""
    dead = unended().exclude(_opens()).filter(collection__team__closing_at=None)
    for link in dead.select_related("collection__team")[:ROUND]:
        with suppress(TeamClosing), transaction.atomic():
            teams.lock(link.collection.team_id)
            if not opening().filter(pk=link.pk).exists():
                end(link, by=INSTALLATION)


def record(by: Actor, action: AuditAction, link: ShareLink, **detail: str) -> None:
    """A private collection's name is its maker's alone; that something is open to the world is the admins' to know."""
    collection = link.collection
    name = collection.name if collection.visibility == Collection.Visibility.TEAM else ""
    audit_log.record(by, action, team=collection.team, subject=name, subject_id=link.pk, **detail)


def _opens() -> Q:
    """It asks in SQL what collections.authorise() asks of whoever shares, but for operators, whom no role lets in."""
    is_own = Q(created_by=F("collection__created_by"))
    is_seen = Q(collection__visibility=Collection.Visibility.TEAM)
    may = (is_own & Q(_maker_may(Action.CREATE))) | (is_seen & Q(_maker_may(Action.MANAGE_COLLECTIONS)))
    return Q(may, collection__team__closing_at=None)


def _maker_may(action: Action) -> Exists:
    able = [role for role in Role.values if roles.can(role, action)]
    makers = Membership.objects.filter(team=OuterRef("collection__team"), user=OuterRef("created_by"))
    return Exists(makers.filter(user__is_active=True, role__in=able))

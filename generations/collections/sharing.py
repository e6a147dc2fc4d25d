"""Links that open a collection to whoever has them: without an account, until they expire or are revoked.

The token is the link's id with its HMAC, so nothing secret is kept, and a made-up one is refused before the database is
asked. Every request for a page or a file of it asks the database, so a revoked link is dead at once. It opens as long
as whoever made it might still make it; see open_links.
"""

import re
import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import roles, teams
from accounts.actors import Actor
from accounts.models import AuditAction
from accounts.roles import Action
from generations import links
from generations.models import Asset, Collection, ShareLink, State

from . import open_links
from .items import shown
from .keeping import Gone, authorise

DAYS = (1, 7, 30, 90)
MOST = 20
OPENED_EVERY = timedelta(minutes=1)
# How long a file that a page of a smart collection shows can be fetched: at least so long, at most twice.
SHOWN_SECONDS = 3600
_PURPOSE, _SHOWN = "shared", "shared.media"  # of signatures
_TOKEN = re.compile(r"([0-9a-f]{32})([0-9a-f]{40})")


class NoSuchLink(Exception):
    """Nothing that opens anything, whatever it once was."""


class TooManyLinks(ValueError):
    """The collection has MOST that open it."""


@transaction.atomic
def share(collection: Collection, *, days: int, by: Actor) -> ShareLink:
    """A link that opens it for so many DAYS. Raises ValueError, TooManyLinks, NotAllowed, Gone, TeamClosing."""
    if by.user is None:
        raise TypeError("nobody who would share it")
    if days not in DAYS:
        raise ValueError(days)
    teams.lock(collection.team_id)
    kept = Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk).first()
    if kept is None:
        raise Gone
    authorise(kept, by)
    if open_links.opening().filter(collection=kept).count() >= MOST:
        raise TooManyLinks
    expires_at = timezone.now() + timedelta(days=days)
    link = ShareLink.objects.create(collection=kept, created_by=by.user, expires_at=expires_at)
    open_links.record(by, AuditAction.COLLECTION_SHARED, link, expires_at=expires_at.isoformat())
    return link


@transaction.atomic
def revoke(link: ShareLink, *, by: Actor) -> bool:
    """End it now. Returns whether it had not ended until then. Raises NotAllowed, TeamClosing.

    Admins end any link of their team, also one of a private collection, which they do not see.
    """
    team = teams.lock(link.collection.team_id)
    is_own = by.user is not None and link.collection.created_by_id == by.user.pk
    roles.authorise(team, by, Action.CREATE if is_own else Action.MANAGE_COLLECTIONS)
    return open_links.end(link, by=by)


def token_of(link: ShareLink) -> str:
    return f"{link.pk.hex}{links.sign(_PURPOSE, link.pk.hex)}"


def url_of(link: ShareLink) -> str:
    return f"{settings.PUBLIC_URL}{reverse('generations:shared', args=[token_of(link)])}"


def opened(token: str) -> ShareLink:
    """The link, with its collection, if it opens it now. Raises NoSuchLink."""
    parts = _TOKEN.fullmatch(token)
    if parts is None or not links.is_signed(_PURPOSE, parts[1], parts[2]):
        raise NoSuchLink
    link = open_links.opening().filter(pk=UUID(parts[1])).select_related("collection__team").first()
    if link is None:
        raise NoSuchLink
    return link


def note_opened(link: ShareLink) -> None:
    """When it was last opened, to the minute: a link that many have is not written for each of them."""
    before = timezone.now() - OPENED_EVERY
    stale = Q(last_opened_at=None) | Q(last_opened_at__lt=before)
    ShareLink.objects.filter(stale, pk=link.pk).update(last_opened_at=Now())


def media_path(token: str, link: ShareLink, asset: Asset) -> str:
    """The address of a file on a page of the link. What a smart collection finds, the page alone knows: it signs it."""
    path = reverse("generations:shared_media", args=[token, asset.id])
    if not link.collection.is_smart:
        return path
    until = (int(time.time()) // SHOWN_SECONDS + 2) * SHOWN_SECONDS
    return f"{path}?until={until}&shown={links.sign_until(_SHOWN, _file_of(link, asset.id), until)}"


def shared_asset(link: ShareLink, asset_id: UUID, *, until: str, signature: str) -> Asset | None:
    """If it is the output or poster of a completed generation in the collection; of a smart one, if it was shown."""
    assets = Asset.objects.filter(
        id=asset_id,
        team_id=link.collection.team_id,
        kind__in=(Asset.Kind.OUTPUT, Asset.Kind.POSTER),
        deleted_at=None,
        generation__state=State.COMPLETED,
        generation__hidden_at=None,
    )
    if link.collection.is_smart:
        was_shown = links.is_signed_until(_SHOWN, _file_of(link, asset_id), until, signature)
        return assets.first() if was_shown else None
    return assets.filter(generation__in=shown(link.collection).values("generation")).first()


def _file_of(link: ShareLink, asset_id: UUID) -> str:
    return f"{link.pk.hex}:{asset_id}"

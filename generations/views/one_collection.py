"""One collection found and shown, for whatever is done with it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import TeamHttpRequest
from generations.cards import cards_of
from generations.collections import contents, items, open_links, sharing, smart
from generations.collections.forms import ShareForm
from generations.collections.keeping import may_end, visible_to
from generations.context import live_url
from generations.models import Collection
from project.confirming import Question
from project.http import Refused, render_fragment

from .asked import uuid_or_none

PAGE = "generations/collection.html"
FORM = "generations/collection_form.html"
PAGE_SIZE = 24
UNDO = "collection_undo"
NEW = "new"  # in place of an id: one that is to be made


def found(request: TeamHttpRequest, collection_id: UUID) -> Collection:
    """404 where the team has no such one, or it is another member's own."""
    rows = visible_to(request.user, request.team.pk).select_related("team", "created_by")
    return get_object_or_404(rows, pk=collection_id)


def found_to_end(request: TeamHttpRequest, collection_id: UUID) -> Collection:
    """One that whoever asks may delete and share; 403 where they may not."""
    kept = found(request, collection_id)
    if not may_end(kept, request.user, request.membership.role):
        words = _("Whoever made this collection may do this, and admins and owners: %(name)s made it.")
        raise Refused(words % {"name": kept.created_by.display_name})
    return kept


def ids_of(text: str) -> list[UUID]:
    """Ids with commas between them, of generations; 404 where one is none."""
    ids = [uuid_or_none(each) for each in text.split(",")[: items.MAX_ITEMS + 1]]
    known = [id for id in ids if id]
    if len(known) < len(ids):
        raise Http404
    return known


def render_page(request: TeamHttpRequest, kept: Collection, *, status: int = 200, **more: Any) -> HttpResponse:
    after = request.GET.get("after", "")
    page = contents.page(kept, after=after, limit=PAGE_SIZE)
    links = list(open_links.unended().filter(collection=kept).select_related("created_by"))
    may = may_end(kept, request.user, request.membership.role)
    context = {
        "collection": kept,
        "is_smart": kept.is_smart,
        "finds": smart.words(kept.search or {}),
        "finds_url": _gallery(kept.search or {}),
        "change_url": _gallery({**(kept.search or {}), "into": str(kept.pk)}),
        "cards": cards_of(page.generations),
        "count": contents.count(kept),
        "is_first": not after,
        "after": after,
        "more_url": f"{address_of(kept)}?{urlencode({'after': page.next})}" if page.next else "",
        "notice": page.notice,
        "cut": page.cut,
        "live_url": live_url(request.team.pk, show="all"),
        "live_swaps": "rail,card,gone",
        "may_end": may,
        "is_shared": any(link.is_open for link in links),  # type: ignore[attr-defined]
        "links": [(link, sharing.url_of(link)) for link in links] if may else [],
        "share_form": ShareForm(),
        "revoking": of_revoking(),
        "deleting": of_deleting(kept),
    }
    if not request.htmx:
        context |= _undo(request, kept)
    return render_fragment(request, PAGE, context | more, fragment="items", status=status)


def keep_undo(request: TeamHttpRequest, kept: Collection, **undo: str) -> None:
    """What the page of the collection, when it is next shown, says and offers to undo.

    That is what was `removed` with its `places`, or that its search was `changed`, with the `search_before`.
    """
    request.session[UNDO] = {"collection": str(kept.pk), **undo}


def of_revoking() -> Question:
    return Question(
        title=_("Revoke this link?"),
        text=_("Whoever has it sees nothing any more, at once. A new link will have another address."),
        label=_("Revoke"),
    )


def of_deleting(kept: Collection) -> Question:
    return Question(
        title=_("Delete the collection “%(name)s”?") % {"name": kept.name},
        text=_("Its links stop working at once. Its clips and images stay in the gallery."),
        label=_("Delete"),
    )


def address_of(kept: Collection, *, after: str = "") -> str:
    """Of its page that begins `after`."""
    query = f"?{urlencode({'after': after})}" if after else ""
    return f"{reverse('generations:collection', args=[kept.pk])}{query}"


def _gallery(query: Mapping[str, str]) -> str:
    return f"{reverse('generations:gallery')}?{urlencode(query)}"


def _undo(request: TeamHttpRequest, kept: Collection) -> dict[str, str]:
    undo: dict[str, str] = request.session.get(UNDO, {})
    if undo.get("collection") != str(kept.pk):
        return {}
    del request.session[UNDO]
    return {name: value for name, value in undo.items() if name != "collection"}
